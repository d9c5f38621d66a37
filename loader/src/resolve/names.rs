//! Names and their numbers.

use super::flat::small;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Finds the number of a name.
///
/// With many names, the time goes into waiting for memory. So what all names begin with is not
/// kept, and the rest of each lies packed with all others, wherever the manifests are.
pub(super) struct Names<'a> {
    shared: &'a str,
    table: HashTable<Entry>,
    tails: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    number: u32,
}

impl<'a> Names<'a> {
    /// No names yet; all that come begin with `shared`.
    pub(super) fn new(shared: &'a str, names: usize) -> Self {
        Self {
            shared,
            table: HashTable::with_capacity(names),
            tails: Vec::with_capacity(names * 8),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let tail = name.as_bytes().strip_prefix(self.shared.as_bytes())?;
        let same = |entry: &Entry| is(&self.tails, *entry, tail);
        Some(self.table.find(hash(tail), same)?.number)
    }

    /// Gives a name a number, unless it has one; answers what it has.
    pub(super) fn add(&mut self, name: &str, number: u32) -> u32 {
        let Self { table, tails, .. } = self;
        let tail = &name.as_bytes()[self.shared.len()..];
        let start = small(tails.len());
        let entry = table.entry(
            hash(tail),
            |entry| is(tails, *entry, tail),
            |entry| hash(read(tails, *entry)),
        );
        let found = *entry.or_insert(Entry { start, number }).get();
        if found.start == start {
            tails.extend_from_slice(&small(tail.len()).to_le_bytes());
            tails.extend_from_slice(tail);
        }
        found.number
    }
}

fn is(tails: &[u8], entry: Entry, tail: &[u8]) -> bool {
    read(tails, entry) == tail
}

/// A tail: four bytes of length, then itself.
fn read(tails: &[u8], entry: Entry) -> &[u8] {
    let (length, rest) = tails[entry.start as usize..]
        .split_first_chunk()
        .expect("an entry is followed by its length");
    &rest[..u32::from_le_bytes(*length) as usize]
}

fn hash(tail: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(tail);
    hasher.finish()
}
