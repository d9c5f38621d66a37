//! Does `status` tell how each plugin does, while all goes well and while it does not?

use super::{add, chain, enabled};
use crate::cli::{configure, jackfield, running::Host};
use jackfield_tests::Site;
use serde_json::json;

/// Without what is different each time.
fn timeless(out: &str) -> String {
    let lines = out.lines().map(|line| {
        let words: Vec<&str> = line
            .split_whitespace()
            .map(|word| match word.strip_suffix([':', ',']) {
                _ if word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit()) => "N",
                Some(_) if word.starts_with(|c: char| c.is_ascii_digit()) => "N",
                _ => word,
            })
            .collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_table_with_the_reasons_of_what_does_not_run() {
    let site = Site::new();
    add(&site, 1, None);
    add(&site, 2, Some(1));
    add(&site, 3, Some(2));
    add(&site, 4, None);
    std::fs::write(site.plugins().join("libcut.so"), "\u{7f}ELF").unwrap();
    // Else it may have been asked after its health already, which is a call.
    let seldom = "health_interval = \"1h\"\n";
    configure(&site, &(enabled(&[2, 3, 4]) + seldom));
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    let said = jackfield(&site, "status");
    assert_eq!((said.err.as_str(), said.code), ("", Some(1)));
    let shown = timeless(&said.out);
    let (head, rest) = shown.split_once('\n').unwrap();
    assert!(head.starts_with("jackfield 0.1.0 (process "), "{head}");
    assert!(head.ends_with(") up N 1 of 4 running"), "{head}");
    let (table, left_out) = rest.split_once("\n\nLEFT OUT\n").unwrap();
    assert_eq!(
        table,
        "\nPLUGIN VERSION STATE FOR HEALTH CALLS RESTARTS PANICS DROPPED\n\
         pace-0001 1.0.0 disabled N - - 0 - -\n\
         pace-0002 1.0.0 rejected N - - 0 - -\n\
         missing-dependency: requires pace-0001, which is disabled\n\
         pace-0003 1.0.0 rejected N - - 0 - -\n\
         dependency-failed: requires pace-0002, which was not started (root cause: pace-0001 is \
         disabled)\n\
         root cause: pace-0001 is disabled\n\
         pace-0004 1.0.0 running N - 1 0 0 0"
    );
    assert!(
        left_out.starts_with("plugins/libcut.so\ntruncated: "),
        "{left_out}"
    );
}

#[test]
fn programs_get_every_field() {
    let (site, _host) = chain();
    let report = jackfield(&site, "status pace-0004 --format json").json();
    let host = report["host"].as_object().unwrap();
    let names: Vec<&str> = host.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "pid",
            "version",
            "uptime_ms",
            "state",
            "configuration",
            "cpu_ms",
            "abandoned_threads"
        ]
    );
    assert_eq!(host["configuration"], json!(["jackfield.toml"]));
    assert_eq!(report["left_out"], json!([]));
    assert_eq!(report["plugins"].as_array().unwrap().len(), 1);
    let mut plugin = report["plugins"][0].clone();
    for varies in ["since", "state_ms", "sha256"] {
        assert!(!plugin[varies].is_null(), "{varies}");
        plugin.as_object_mut().unwrap().remove(varies);
    }
    // It may have been asked already.
    for may in ["health", "calls"] {
        let there = plugin.as_object_mut().unwrap().remove(may);
        assert!(there.is_some(), "{may}");
    }
    assert_eq!(
        plugin,
        json!({
            "id": "pace-0004", "version": "1.0.0", "kind": "business", "state": "running",
            "path": "plugins/libpace-0004.so", "reasons": [], "root_cause": null, "cause": null,
            "degraded": [], "unload": null, "restarts": 0, "restart": null, "inside": 0,
            "doing": [], "panics": 0, "dropped_events": 0, "log_level": "info",
        })
    );
}

#[test]
fn one_plugin_is_shown_with_all_that_is_known() {
    let (site, _host) = chain();
    let said = jackfield(&site, "status pace-0004");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    assert!(said.out.starts_with("pace-0004 1.0.0 is running for "));
    for line in [
        "\n  file            plugins/libpace-0004.so\n",
        "\n  restarts        0\n",
        "\n  log level       info\n",
    ] {
        assert!(said.out.contains(line), "{line}: {}", said.out);
    }
    let said = jackfield(&site, "top --once --sort state");
    assert!(
        said.out.contains("\npace-0004  1.0.0    running  "),
        "{}",
        said.out
    );
    assert_eq!(said.code, Some(0));
}

#[test]
fn a_host_that_is_starting_is_not_silent() {
    let site = Site::new();
    add(&site, 1, None);
    configure(&site, &(enabled(&[1]) + "config.start_ms = 60000\n"));
    let mut host = Host::start(&site, "run");
    host.wait("pace-0001 1.0.0: found in ");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let said = jackfield(&site, "status pace-0001");
        // It says of each that it was found before it enters them all.
        let unknown = "error: there is no plugin `pace-0001`\n";
        assert!(["", unknown].contains(&said.err.as_str()), "{said:?}");
        if said.out.starts_with("pace-0001 1.0.0 is starting for ") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{said:?}");
    }
}
