//! Is every key of the configuration that access and the gateway's bounds go by told, and no other?

use super::rows;
use crate::house::read;

#[test]
fn every_key_has_its_row() {
    let source = read("host/src/config/read.rs");
    let (_, keys) = source.split_once("const KEYS:").unwrap();
    let (keys, _) = keys.split_once("];").unwrap();
    let keys = keys.lines().filter_map(|line| {
        let key = line.trim().trim_matches([',', '"']);
        let is_told = key.starts_with("http.") || key.starts_with("audit.");
        is_told.then(|| key.to_owned())
    });
    let rows = rows("docs/access.md", "## Keys").into_iter();
    let listed = rows.map(|mut row| row.swap_remove(0));
    let listed: Vec<_> = listed.filter(|key| !key.starts_with("plugins.")).collect();
    assert_eq!(listed, keys.collect::<Vec<_>>());
}
