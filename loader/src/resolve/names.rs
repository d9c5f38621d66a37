//! Names and their numbers.

use super::flat::small;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// How many bytes of a name's tail its head holds.
const HELD: usize = 7;

/// 2^64 divided by the golden ratio.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Finds the number of a name.
///
/// With many names, the time goes into waiting for memory. So what all names begin with is looked
/// at once, a short rest lies in the table itself, and longer ones lie packed with all others,
/// wherever the manifests are.
pub(super) struct Names<'a> {
    shared: &'a str,
    table: HashTable<Entry>,
    /// All names, each followed by a zero, which is in no name.
    text: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Entry {
    head: Head,
    number: u32,
    /// Where in the text the tail stands.
    tail: u32,
}

/// The first seven bytes of a tail and, as the last, its length, or eight if it is longer. Heads
/// stand in the order of the tails; equal heads of short tails are equal tails.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head(u64);

impl Head {
    /// The head of what a name has after its first `shared` bytes.
    pub(super) fn new(name: &[u8], shared: usize) -> Self {
        let tail = &name[shared..];
        let length = tail.len().min(HELD + 1);
        let bytes = if let Some(bytes) = tail.first_chunk() {
            u64::from_be_bytes(*bytes) & !0xFF
        } else if let Some(end) = name.last_chunk() {
            // The tail is at the end of these eight bytes; the two shifts make up to 64.
            (u64::from_be_bytes(*end) << (8 * (HELD - tail.len()))) << 8
        } else {
            let mut bytes = [0; 8];
            bytes[..tail.len()].copy_from_slice(tail);
            u64::from_be_bytes(bytes)
        };
        Self(bytes | length as u64)
    }

    /// Whether it says all of the tail.
    pub(super) fn is_all(self) -> bool {
        self.0 & 0xFF <= HELD as u64
    }

    fn hash(self, tail: &[u8]) -> u64 {
        if self.is_all() {
            // Both halves of the product: neither alone depends on all bytes.
            let wide = u128::from(self.0) * u128::from(ODD);
            let [low, high] = [wide, wide >> 64].map(|half| half & u128::from(u64::MAX));
            return u64::try_from(low ^ high).expect("64 bits");
        }
        let mut hasher = FxHasher::default();
        hasher.write(tail);
        hasher.finish()
    }
}

impl<'a> Names<'a> {
    /// No names yet, and room for some; all that come begin with `shared`. `text` may hold them.
    pub(super) fn new(shared: &'a str, names: usize, text: Vec<u8>) -> Self {
        Self {
            shared,
            table: HashTable::with_capacity(names),
            text,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        if !name.as_bytes().starts_with(self.shared.as_bytes()) {
            return None;
        }
        let (head, tail) = self.split(name);
        let same = |entry: &Entry| entry.is(head, tail, &self.text);
        Some(self.table.find(head.hash(tail), same)?.number)
    }

    /// Gives a name a number, unless it has one; answers what it has.
    pub(super) fn add(&mut self, name: &str, number: u32) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let (head, _) = self.split(name);
        let tail = small(self.text.len() + self.shared.len());
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(0);
        self.insert(head, tail, number);
        number
    }

    /// Gives a number to a name that has none, and whose tail stands in the text.
    pub(super) fn insert(&mut self, head: Head, tail: u32, number: u32) {
        let text = &self.text;
        let hash = |entry: &Entry| entry.head.hash(entry.tail(text));
        let entry = Entry { head, number, tail };
        self.table.insert_unique(hash(&entry), entry, hash);
    }

    fn split<'b>(&self, name: &'b str) -> (Head, &'b [u8]) {
        let (name, shared) = (name.as_bytes(), self.shared.len());
        (Head::new(name, shared), &name[shared..])
    }
}

impl Entry {
    fn is(&self, head: Head, tail: &[u8], text: &[u8]) -> bool {
        let rest = || text[self.tail as usize..].strip_prefix(tail);
        self.head == head && (head.is_all() || rest().is_some_and(|rest| rest.first() == Some(&0)))
    }

    /// The tail, where the head does not say it.
    fn tail<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        if self.head.is_all() {
            return &[];
        }
        let rest = &text[self.tail as usize..];
        let end = rest.iter().position(|&byte| byte == 0);
        &rest[..end.expect("each name is followed by a zero")]
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn long_tails_with_equal_heads_are_told_apart() {
        for shared in ["", "a.", "org.example."] {
            let tails = [
                "",
                "s",
                "storage",
                "storages",
                "storages-a",
                "storages-b",
                "t",
            ];
            let mut names = Names::new(shared, 0, Vec::new());
            for (tail, number) in tails.iter().zip(0..) {
                assert_eq!(names.add(&format!("{shared}{tail}"), number), number);
                assert_eq!(names.add(&format!("{shared}{tail}"), 99), number);
            }
            for (tail, number) in tails.iter().zip(0..) {
                assert_eq!(names.find(&format!("{shared}{tail}")), Some(number));
            }
            for unknown in ["storages-", "storages-aa", "st", "storag", "storagez"] {
                assert_eq!(names.find(&format!("{shared}{unknown}")), None);
            }
        }
    }
}
