//! Is every request and every error of the control socket told to operators, and no other?

use super::rows;
use crate::house::read;

const DOCUMENT: &str = "docs/operators.md";
const SOURCE: &str = "host/src/control/protocol.rs";

/// The variants of an enum of the source, as they are written on the socket.
fn variants(name: &str) -> Vec<String> {
    let source = read(SOURCE);
    let (_, body) = source
        .split_once(&format!("pub(crate) enum {name} {{\n"))
        .unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(kebab).collect()
}

/// `TooLong,` is `too-long`.
fn kebab(line: &str) -> String {
    let mut word = String::new();
    for c in line.chars().take_while(char::is_ascii_alphabetic) {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// What stands in the first column of a table, taken apart.
fn listed(heading: &str) -> Vec<String> {
    let rows = rows(DOCUMENT, heading).into_iter();
    let cells = rows.flat_map(|mut row| {
        let names = row.swap_remove(0);
        let names = names
            .split(", ")
            .map(|name| name.trim_matches('`').to_owned());
        names.collect::<Vec<_>>()
    });
    cells.collect()
}

#[test]
fn every_request_has_its_row() {
    let (mut listed, mut known) = (listed("### Protocol"), variants("Request"));
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
}

#[test]
fn every_error_has_its_row() {
    let (mut listed, mut known) = (listed("### Errors"), variants("Code"));
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
}
