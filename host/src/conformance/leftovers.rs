//! Is everything gone once it has stopped?

use crate::conformance::{
    bench::{Ask, Bench},
    site::OWN,
    spec::Verdict,
};
use jackfield_loader::{Executor, Threads, Unload};
use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

/// What has been told to end may take so long to be gone.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);

/// A whole life of the plugin, with some requests in it.
fn live(bench: &Bench) -> Result<Unload, Verdict> {
    let (loader, plugin) = bench.up()?;
    let given = bench.spec.requests.iter();
    let mut asks: Vec<Ask> = given.map(|(method, path)| Ask::new(method, path)).collect();
    asks.push(Ask::new("GET", "/"));
    for ask in asks {
        bench.ask(&plugin, ask)?;
    }
    drop(plugin);
    bench.down(&loader)
}

/// Ids of this process's threads; `None` where the system does not tell.
fn tasks() -> Option<BTreeSet<String>> {
    let entries = fs::read_dir("/proc/self/task").ok()?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into()));
    Some(names.collect())
}

/// No thread that was not there before is there afterwards.
pub(crate) fn threads(bench: &Bench) -> Verdict {
    threads_checked(bench).unwrap_or_else(|verdict| verdict)
}

fn threads_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    // The one for timers stays, and is the loader's.
    let timers = Threads.sleep(Duration::from_nanos(1));
    pollster::block_on(timers);
    let before = tasks().ok_or_else(|| Verdict::skipped("this system does not list threads"))?;
    live(bench)?;
    bench.step("looking for threads");
    let until = Instant::now() + PATIENCE;
    loop {
        let left: Vec<String> = tasks()
            .unwrap_or_default()
            .difference(&before)
            .map(|id| named(id))
            .collect();
        if left.is_empty() {
            return Ok(Verdict::passed(""));
        }
        if Instant::now() >= until {
            return Err(Verdict::failed(format!(
                "expected no thread to be left, found {}: {}: end and join them in `stop`",
                left.len(),
                left.join(", ")
            )));
        }
        thread::sleep(LOOK);
    }
}

fn named(id: &str) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{id}/comm")).unwrap_or_default();
    format!("{id} ({})", name.trim())
}

/// Its library is not mapped any more.
pub(crate) fn mapping(bench: &Bench) -> Verdict {
    mapping_checked(bench).unwrap_or_else(|verdict| verdict)
}

fn mapping_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    if let Unload::Pinned(why) = live(bench)? {
        return Err(Verdict::failed(format!(
            "expected the library to be unmapped, found it pinned: {why}"
        )));
    }
    let maps = fs::read_to_string("/proc/self/maps")
        .map_err(|_| Verdict::skipped("this system does not list what is mapped"))?;
    // There paths stand without symbolic links.
    let site = bench.site.canonicalize();
    let site = site.unwrap_or_else(|_| bench.site.clone());
    match mapped(&maps, &site.to_string_lossy()) {
        None => Ok(Verdict::passed("unmapped")),
        Some(line) => Err(Verdict::failed(format!(
            "expected nothing of it to be mapped, found {line}"
        ))),
    }
}

/// Where the plugin's own library is mapped. What it requires may have reasons of its own to stay.
fn mapped<'m>(maps: &'m str, site: &str) -> Option<&'m str> {
    let own = format!("/{OWN}");
    maps.lines()
        .find(|line| line.contains(site) && line.contains("/store/") && line.contains(&own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_it_requires_is_not_its_own() {
        let line =
            |name: &str| format!("7f00-7f01 r-xp 00000000 fe:01 7 /t/c/state-a/store/5e/{name}\n");
        let (own, other) = (line("lib0-web.so"), line("lib1-store.so"));
        assert_eq!(mapped(&other, "/t/c"), None);
        let both = format!("{other}{own}");
        assert_eq!(mapped(&both, "/t/c"), Some(own.trim_end()));
        assert_eq!(mapped(&both, "/t/d"), None);
    }
}
