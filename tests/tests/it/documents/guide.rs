//! Is every block of code in the guide and the README cut out of something that is compiled?

use super::blocks;
use crate::house::{files, read};

/// The one JavaScript module of a plugin.
const MODULE: &str = "plugins/simulator/ui/module.js";

/// Without the spaces that all lines have in front.
fn flush(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let indent = lines
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let flushed: Vec<&str> = text
        .trim_end()
        .lines()
        .map(|line| line.get(indent..).unwrap_or(""))
        .collect();
    flushed.join("\n")
}

/// Whether the lines of a block stand in a source, one after another, whatever their indent.
fn stands_in(block: &str, source: &str) -> bool {
    let block = flush(block);
    let wanted: Vec<&str> = block.lines().collect();
    let lines: Vec<&str> = source.lines().collect();
    lines
        .windows(wanted.len())
        .any(|window| flush(&window.join("\n")) == block)
}

fn check(document: &str, folders: &[&str]) {
    let sources: Vec<String> = folders
        .iter()
        .flat_map(|folder| ["rs", "toml"].map(|extension| files(folder, extension)))
        .flatten()
        .chain([MODULE.to_owned()])
        .map(|file| read(&file))
        .collect();
    let mut count = 0;
    for block in blocks(&read(document)) {
        if matches!(block.kind, "rust" | "toml" | "js") {
            count += 1;
            assert!(
                sources.iter().any(|source| stands_in(block.text, source)),
                "{document}: this is not in {folders:?}:\n{}",
                block.text
            );
        }
    }
    assert!(count > 0, "{document} shows no code");
}

#[test]
fn the_guide_shows_the_guest_book_and_other_plugins() {
    let folders = [
        "tests/fixtures/guestbook",
        "tests/fixtures/shelf",
        "tests/fixtures/doorman",
        "tests/fixtures/counter-1.0",
        "tests/fixtures/teller",
        "tests/fixtures/patron",
        "plugins/simulator",
        "plugins/system-collector",
    ];
    check("docs/authors.md", &folders);
}

#[test]
fn the_readme_shows_the_greeter() {
    check("README.md", &["tests/fixtures/greeter"]);
}

#[test]
fn a_block_is_found_only_as_it_stands() {
    let source = "fn a() {\n    if b {\n        c();\n    }\n}\n";
    assert!(stands_in("if b {\n    c();\n}\n", source));
    assert!(!stands_in("if b {\n    d();\n}\n", source));
    assert!(!stands_in("if b {\n  c();\n}\n", source));
}
