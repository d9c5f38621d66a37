//! Does the program behave as a part of pipes and scripts?

use super::{add, command, jackfield};
use jackfield_tests::Site;
use std::process::Stdio;

const COMMANDS: [&str; 21] = [
    "run",
    "list",
    "inspect",
    "check",
    "plan",
    "why",
    "graph",
    "new",
    "config show",
    "release",
    "completions",
    "status",
    "start",
    "stop",
    "restart",
    "enable",
    "disable",
    "reset-failed",
    "log-level",
    "logs",
    "top",
];

#[test]
fn every_help_has_examples() {
    let site = Site::new();
    for name in COMMANDS {
        let said = jackfield(&site, &format!("{name} --help"));
        assert!(
            said.out.contains(&format!("\n  jackfield {name}")),
            "{name}: {}",
            said.out
        );
        assert!(said.out.contains("Examples:\n"), "{name}: {}", said.out);
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{name}");
    }
    assert!(jackfield(&site, "--help").out.contains("Examples:\n"));
}

#[test]
fn wrong_usage_ends_with_2() {
    let site = Site::new();
    for arguments in [
        "",
        "lst",
        "inspect",
        "list --format xml",
        "new a.b",
        "new api",
        "config",
        "start",
        "stop web --wait=never",
        "stop web --wait=5s --no-wait",
        "log-level web loud",
        "logs --level all",
        "top --interval 0s",
        "check --conformance --rounds 0 a.so",
        "check --conformance --answer-within 0 a.so",
    ] {
        let said = jackfield(&site, arguments);
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(2), ""),
            "{arguments}: {said:?}"
        );
        assert!(!said.err.is_empty(), "{arguments}");
    }
    let said = jackfield(&site, "new api");
    assert_eq!(
        said.err,
        "error: `api` is reserved for the host: choose another id\n"
    );
}

#[test]
fn pipes_get_no_colours() {
    let site = Site::new();
    add(
        &site,
        "store",
        "1.0.0",
        "requires = [{ plugin = \"gone\", range = \"^1\" }]\n",
    );
    for arguments in [
        "list",
        "plan",
        "why store",
        "graph",
        "config show --origin",
        "--help",
        "lst",
        "inspect plugins/libstore-1.0.0.so",
        "check plugins/libstore-1.0.0.so x",
    ] {
        let said = jackfield(&site, arguments);
        assert!(!(said.out + &said.err).contains('\u{1b}'), "{arguments}");
    }
}

#[test]
fn a_reader_that_goes_away_is_nobodys_fault() {
    let site = Site::new();
    add(&site, "store", "1.0.0", "");
    for arguments in [
        "list",
        "plan --format json",
        "completions bash",
        "config show",
        "--help",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command(&site, arguments);
        let child = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments}");
        assert_eq!(output.status.code(), Some(0), "{arguments}");
    }
}

#[test]
fn a_file_cannot_write_on_the_terminal() {
    let site = Site::new();
    std::fs::write(site.plugins().join("a\u{1b}[2Jb.so"), "x").unwrap();
    let said = jackfield(&site, "list --all-files");
    assert!(
        said.out.contains("  plugins/a\\u{1b}[2Jb.so\n"),
        "{}",
        said.out
    );
}

#[test]
fn completions_for_every_shell() {
    let site = Site::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = jackfield(&site, &format!("completions {shell}"));
        assert!(said.out.contains("all-files"), "{shell}");
        assert_eq!(said.code, Some(0));
    }
}
