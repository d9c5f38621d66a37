//! Names and their numbers.

use super::flat::small;
use hashbrown::HashTable;

/// Finds the number of a name.
///
/// With many names, the time goes into waiting for memory. So an entry holds the sixteen bytes after
/// what all names share, which is all of most names, and a look-up touches one place.
pub(super) struct Names<'a> {
    shared: &'a str,
    table: HashTable<Entry>,
    /// The names longer than what an entry holds.
    long: Vec<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    head: [u64; 2],
    length: u32,
}

struct Entry {
    key: Key,
    number: u32,
}

impl<'a> Names<'a> {
    /// No names yet; all that come begin with `shared`.
    pub(super) fn new(shared: &'a str, capacity: usize) -> Self {
        Self {
            shared,
            table: HashTable::with_capacity(capacity),
            long: Vec::new(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let tail = name.as_bytes().strip_prefix(self.shared.as_bytes())?;
        let key = Key::new(tail);
        let same = |entry: &Entry| entry.key == key && self.is(entry, name);
        Some(self.table.find(key.hash(), same)?.number)
    }

    /// Gives a name a number, unless it has one; answers what it has.
    pub(super) fn add(&mut self, name: &'a str, number: u32) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let key = Key::new(&name.as_bytes()[self.shared.len()..]);
        if key.is_long() {
            let number = number as usize;
            self.long.resize(self.long.len().max(number + 1), "");
            self.long[number] = name;
        }
        let entry = Entry { key, number };
        let hash = |entry: &Entry| entry.key.hash();
        self.table.insert_unique(key.hash(), entry, hash);
        number
    }

    fn is(&self, entry: &Entry, name: &str) -> bool {
        !entry.key.is_long() || self.long[entry.number as usize] == name
    }
}

impl Key {
    fn new(tail: &[u8]) -> Self {
        let mut head = [[0; 8]; 2];
        let whole = head.as_flattened_mut();
        let length = tail.len().min(whole.len());
        whole[..length].copy_from_slice(&tail[..length]);
        Self {
            head: head.map(u64::from_ne_bytes),
            length: small(tail.len()),
        }
    }

    /// Whether there is more to the name than the key holds.
    fn is_long(self) -> bool {
        self.length > 16
    }

    /// One wide multiplication, its halves folded together.
    fn hash(self) -> u64 {
        const MIX: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];
        let length = u64::from(self.length);
        let product =
            u128::from(self.head[0] ^ MIX[0]) * u128::from(self.head[1] ^ length ^ MIX[1]);
        let low = u64::try_from(product & u128::from(u64::MAX)).expect("64 bits");
        let high = u64::try_from(product >> 64).expect("64 bits");
        low ^ high
    }
}
