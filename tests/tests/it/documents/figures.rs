//! Is every row of the benchmark explained, and nothing else?

use super::rows;
use crate::house::{files, read};

const DOCUMENT: &str = "docs/performance.md";

fn explained() -> Vec<String> {
    let document = read(DOCUMENT);
    let headings = document
        .lines()
        .filter_map(|line| line.strip_prefix("### `"));
    headings
        .map(|name| name.trim_end_matches('`').to_owned())
        .collect()
}

#[test]
fn every_row_has_its_paragraph() {
    let explained = explained();
    for row in rows(DOCUMENT, "## Figures") {
        assert!(explained.contains(&row[0]), "{}", row[0]);
    }
}

#[test]
fn every_paragraph_is_of_a_row() {
    let benches: String = files("tests/benches", "rs")
        .iter()
        .map(|file| read(file))
        .collect();
    for name in explained() {
        assert!(benches.contains(&format!("\"{name}\"")), "{name}");
    }
}
