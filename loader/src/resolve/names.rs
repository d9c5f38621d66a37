//! Names and their numbers.

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Finds the number of a name. The texts lie side by side, so that a look-up touches two places in
/// memory that are likely to be in the cache, wherever the manifests are.
#[derive(Default)]
pub(super) struct Names {
    table: HashTable<Entry>,
    text: Vec<u8>,
}

struct Entry {
    start: u32,
    length: u32,
    number: u32,
}

impl Names {
    pub(super) fn with_capacity(names: usize) -> Self {
        Self {
            table: HashTable::with_capacity(names),
            text: Vec::with_capacity(names * 16),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let same = |entry: &Entry| text(&self.text, entry) == name.as_bytes();
        Some(self.table.find(hash(name.as_bytes()), same)?.number)
    }

    /// Gives a name a number, unless it has one; answers what it has.
    pub(super) fn add(&mut self, name: &str, number: u32) -> u32 {
        let Self { table, text: all } = self;
        let entry = table.entry(
            hash(name.as_bytes()),
            |entry| text(all, entry) == name.as_bytes(),
            |entry| hash(text(all, entry)),
        );
        let entry = entry.or_insert_with(|| Entry {
            start: super::flat::small(all.len()),
            length: super::flat::small(name.len()),
            number,
        });
        let found = entry.get().number;
        if found == number && entry.get().start as usize == all.len() {
            all.extend_from_slice(name.as_bytes());
        }
        found
    }
}

fn text<'a>(all: &'a [u8], entry: &Entry) -> &'a [u8] {
    &all[entry.start as usize..][..entry.length as usize]
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish()
}
