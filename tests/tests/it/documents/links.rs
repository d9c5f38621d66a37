//! Does every relative link in the documents lead to a file, and to a heading in it?

use super::documents;
use crate::house::{files, read, root};
use std::path::Path;

/// Every target of `[…](target)` that is no address on the web.
fn targets(document: &str) -> Vec<&str> {
    let mut inside_block = false;
    let mut targets = Vec::new();
    for line in document.lines() {
        if line.starts_with("```") {
            inside_block = !inside_block;
        }
        if inside_block {
            continue;
        }
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("](") {
            let Some((target, after)) = after.split_once(')') else {
                break;
            };
            if !target.contains("://") {
                targets.push(target);
            }
            rest = after;
        }
    }
    targets
}

/// The anchors of a document's headings, as code hosts make them.
fn anchors(document: &str) -> Vec<String> {
    let headings = document.lines().filter_map(|line| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len()).then(|| text.trim())
    });
    headings
        .map(|heading| {
            let lower = heading.to_lowercase();
            let kept = lower
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn none_leads_nowhere() {
    let mut count = 0;
    for path in documents() {
        let document = read(&path);
        for target in targets(&document) {
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = Path::new(&path).parent().unwrap();
            let file = if file.is_empty() {
                root().join(&path)
            } else {
                root().join(folder).join(file)
            };
            assert!(file.exists(), "{path}: {target}");
            if !anchor.is_empty() {
                let anchors = anchors(&std::fs::read_to_string(&file).unwrap());
                assert!(
                    anchors.iter().any(|known| known == anchor),
                    "{path}: {target}: {anchors:?}"
                );
            }
        }
    }
    assert!(count > 20, "only {count} links were found");
}

#[test]
fn every_file_and_folder_that_the_architecture_names_is_there() {
    let sources: Vec<String> = ["plugin-api", "loader", "host", "plugins", "tests"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .map(|path| format!("/{path}"))
        .collect();
    let document = read("ARCHITECTURE.md");
    let mut count = 0;
    for word in document.split('`').skip(1).step_by(2) {
        if word.contains(['<', '*', ' ']) {
            continue;
        }
        let there = match word {
            _ if word.ends_with(".rs") => sources
                .iter()
                .any(|path| path.ends_with(&format!("/{word}"))),
            _ if word.ends_with('/') => root().join(word).is_dir(),
            _ => continue,
        };
        count += 1;
        assert!(there, "ARCHITECTURE.md: {word}");
    }
    assert!(count > 50, "only {count} paths were found");
}
