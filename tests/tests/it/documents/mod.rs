//! Do the documents say what the source says?

mod abi;
mod access;
mod codes;
mod commands;
mod figures;
mod guide;
mod links;
mod operators;

use crate::house::{files, read};

/// The documents that a reader finds first.
fn documents() -> Vec<String> {
    let mut paths = vec!["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    paths.extend(files("docs", "md"));
    paths
}

/// A block of code in a document.
struct Block<'d> {
    /// What stands after the fence, such as `rust`.
    kind: &'d str,
    text: &'d str,
}

/// Every block of code, in order.
fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = document;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (kind, block) = block.split_once('\n').expect("a fence ends its line");
        let (text, after) = block.split_once("```").expect("a block has an end");
        blocks.push(Block { kind, text });
        rest = after;
    }
    blocks
}

/// The rows of the first table after a heading, each cell trimmed and without backquotes around it.
pub(crate) fn rows(path: &str, heading: &str) -> Vec<Vec<String>> {
    let document = read(path);
    let begin = document
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{path} has no heading {heading:?}"));
    let lines = document[begin..].lines().skip(2);
    let table = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    let cells = |row: &str| -> Vec<String> {
        let cells = row.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    table.map(cells).collect()
}
