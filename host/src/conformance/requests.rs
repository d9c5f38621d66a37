//! Does every request get an answer, whatever stands in it and however many come at once?

use crate::conformance::{
    bench::{Ask, Bench, in_time},
    spec::Verdict,
};
use std::time::Duration;

/// Threads that ask at once, and how often each does.
const THREADS: usize = 8;
const EACH: usize = 200;

/// Makes requests one after another, and stops.
fn ask_all(bench: &Bench, asks: Vec<Ask>) -> Result<Verdict, Verdict> {
    let (loader, plugin) = bench.up()?;
    let count = asks.len();
    for ask in asks {
        bench.ask(&plugin, ask)?;
    }
    drop(plugin);
    bench.down(&loader)?;
    Ok(Verdict::passed(format!("{count} requests")))
}

fn checked(result: Result<Verdict, Verdict>) -> Verdict {
    result.unwrap_or_else(|verdict| verdict)
}

/// Odd paths and queries.
pub(crate) fn paths(bench: &Bench) -> Verdict {
    let long = format!("/{}", "x".repeat(64 << 10));
    let deep = "/a".repeat(8 << 10);
    let odd = [
        "/",
        "",
        "//",
        "///a//",
        "/.",
        "/..",
        "/../..",
        "/a/../../etc/passwd",
        "/%2e%2e/%2e%2e",
        "/%",
        "/%2",
        "/%zz",
        "/%00",
        "/%ff%fe",
        "/%2F",
        "/a%2Fb",
        "/%E2%82%AC",
        "/€",
        "/\u{202e}",
        "/{name}",
        "/{*rest}",
        "/a b",
        "/a\tb",
        "/a\r\nb",
        "/a\0b",
        "/*",
        "/:id",
        "no-slash",
        "/?",
        "/?a",
        "/?=",
        "/?&&",
        "/?a=1&a=2",
        "/?%",
        "/?%ff=%fe",
        "/?a=%00",
        "/?a=€",
        "/?a[]=1&b[c]=2",
        "/#fragment",
        long.as_str(),
        deep.as_str(),
    ];
    let mut asks: Vec<Ask> = odd.iter().map(|path| Ask::new("GET", path)).collect();
    for (method, path) in &bench.spec.requests {
        for more in ["/", "/..", "/%ff", "?%ff=1&&=", "?a=1&a=2"] {
            asks.push(Ask::new(method, &format!("{path}{more}")));
        }
    }
    let mut query = Ask::new("GET", "/");
    query.query = "a=b&".repeat(16 << 10);
    asks.push(query);
    checked(ask_all(bench, asks))
}

/// Known methods, unknown ones and none.
pub(crate) fn methods(bench: &Bench) -> Verdict {
    let methods = [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "BREW",
        "get",
        "",
        " ",
        "G\0T",
        "€",
        "X-VERY-LONG-METHOD-THAT-NOBODY-HAS-EVER-HEARD-OF",
    ];
    let given = bench.spec.requests.iter().map(|(_, path)| path.as_str());
    let paths: Vec<&str> = given.chain(["/", "/no-such-route"]).collect();
    let asks = paths
        .iter()
        .flat_map(|path| methods.map(|method| Ask::new(method, path)));
    checked(ask_all(bench, asks.collect()))
}

/// Bodies from nothing to 16 MiB.
pub(crate) fn bodies(bench: &Bench) -> Verdict {
    let bodies = [
        Vec::new(),
        vec![0],
        b"{}".to_vec(),
        b"{\"a\": ".to_vec(),
        vec![0xff; 4096],
        b"[".repeat(100_000),
        vec![b'x'; 1 << 20],
        vec![0; 16 << 20],
    ];
    let mut targets = vec![("POST", "/"), ("PUT", "/no-such-route"), ("GET", "/")];
    let given = bench.spec.requests.iter();
    targets.extend(given.map(|(method, path)| (method.as_str(), path.as_str())));
    let ask = |(method, path): (&str, &str), body: &Vec<u8>| Ask {
        body: body.clone(),
        ..Ask::new(method, path)
    };
    let asks = targets
        .iter()
        .flat_map(|target| bodies.iter().map(|body| ask(*target, body)));
    checked(ask_all(bench, asks.collect()))
}

/// The requests that it is there for, which must not fail.
pub(crate) fn given(bench: &Bench) -> Verdict {
    checked(given_checked(bench))
}

fn given_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    if bench.spec.requests.is_empty() {
        return Err(Verdict::skipped(
            "no request is given: name some with --request \"GET /path\"",
        ));
    }
    let (loader, plugin) = bench.up()?;
    let mut statuses = Vec::new();
    for (method, path) in &bench.spec.requests {
        let status = bench.ask(&plugin, Ask::new(method, path))?;
        if status >= 500 {
            return Err(Verdict::failed(format!(
                "{method} {path}: expected a status below 500, found {status}"
            )));
        }
        statuses.push(status.to_string());
    }
    drop(plugin);
    bench.down(&loader)?;
    Ok(Verdict::passed(format!("status {}", statuses.join(", "))))
}

/// Many at once.
pub(crate) fn concurrent(bench: &Bench) -> Verdict {
    checked(concurrent_checked(bench))
}

fn concurrent_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    let (loader, plugin) = bench.up()?;
    let given = bench.spec.requests.iter();
    let mut asks: Vec<Ask> = given.map(|(method, path)| Ask::new(method, path)).collect();
    asks.push(Ask::new("GET", "/"));
    asks.push(Ask::new("POST", "/no-such-route"));
    bench.step(&format!("{THREADS} threads with {EACH} requests each"));
    let all = plugin.clone();
    let many = u32::try_from(EACH).unwrap_or(u32::MAX);
    let limit = bench
        .spec
        .answer
        .max(Duration::from_millis(100))
        .saturating_mul(many);
    let done = in_time(limit.min(Duration::from_secs(50)), move || {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|own| {
                    let (plugin, asks) = (&all, &asks);
                    scope.spawn(move || {
                        (0..EACH).find_map(|n| asks[(n + own) % asks.len()].make(plugin).err())
                    })
                })
                .collect();
            let ended = threads.into_iter().filter_map(|thread| thread.join().ok());
            ended.flatten().next()
        })
    });
    match done {
        None => Err(Verdict::failed(format!(
            "expected {} answers, found that they did not all come in time",
            THREADS * EACH
        ))),
        Some(Some(error)) => Err(Verdict::failed(format!(
            "{THREADS} threads at once: expected an answer, found: {error}"
        ))),
        Some(None) => {
            drop(plugin);
            bench.down(&loader)?;
            Ok(Verdict::passed(format!("{} requests", THREADS * EACH)))
        }
    }
}
