//! Does every command of `jackfield` that a document names exist?

use super::{blocks, documents};
use crate::house::read;
use std::process::Command;

/// The names of the commands, as `--help` lists them.
fn known() -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// What follows `jackfield ` in a shell's block or between backquotes.
fn named(document: &str) -> Vec<String> {
    let shown = blocks(document)
        .into_iter()
        .filter(|block| matches!(block.kind, "console" | "sh"))
        .flat_map(|block| block.text.lines().map(str::trim))
        .collect::<Vec<_>>();
    let inline = document.split('`').skip(1).step_by(2);
    let lines = shown.into_iter().chain(inline);
    lines
        .filter_map(|line| line.trim_start_matches("$ ").strip_prefix("jackfield "))
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .filter(|word| !word.starts_with('-'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn none_is_made_up() {
    let known = known();
    assert!(known.contains(&"run".to_owned()), "{known:?}");
    for path in documents() {
        for command in named(&read(&path)) {
            assert!(known.contains(&command), "{path}: jackfield {command}");
        }
    }
}

#[test]
fn the_readme_names_every_command() {
    let readme = named(&read("README.md"));
    for command in known() {
        assert!(readme.contains(&command), "{command}");
    }
}
