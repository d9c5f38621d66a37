//! Does docs/manifest.md list the keys that the code knows, with their types and defaults?

use jackfield_manifest::keys::{self, Key};

const DOCUMENT: &str = include_str!("../../../../docs/manifest.md");

/// The rows of the first table after a heading.
fn rows(heading: &str) -> Vec<[String; 3]> {
    let begin = DOCUMENT
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("docs/manifest.md has no heading {heading:?}"));
    let lines = DOCUMENT[begin..].lines().skip(2);
    let table = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    table
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let mut cell = || cells.next().expect("a row has three cells").to_owned();
            [cell().trim_matches('`').to_owned(), cell(), cell()]
        })
        .collect()
}

fn known(keys: &[Key]) -> Vec<[String; 3]> {
    keys.iter()
        .map(|key| [key.name, key.kind, key.default].map(str::to_owned))
        .collect()
}

#[test]
fn the_tables_are_those_of_the_code() {
    for (heading, keys) in [
        ("## Keys", keys::PLUGIN),
        ("### `requires`", keys::REQUIRES),
        ("### `provides`", keys::PROVIDES),
        ("### `permissions`", keys::PERMISSIONS),
        ("### `deadlines`", keys::DEADLINES),
        ("### `supervision`", keys::SUPERVISION),
        ("### `config`", keys::FIELD),
        ("### `ui`", keys::UI),
        ("### `ui.forms`", keys::UI_FORM),
        ("### `ui.forms.fields`", keys::UI_FIELD),
        ("### `ui.forms.submit`", keys::UI_SUBMIT),
        ("### `ui.monitors`", keys::UI_MONITOR),
        ("### `ui.notifications`", keys::UI_NOTIFICATIONS),
        ("### `build`", keys::BUILD),
        ("### The assets", keys::UI_MODULE),
    ] {
        assert_eq!(rows(heading), known(keys), "under {heading}");
    }
}
