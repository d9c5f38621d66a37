//! The index's bytes: a head, records of equal length in order of (device, inode), bodies.
//!
//! All numbers are little-endian. Nothing is decoded when it is read but the head; a record is
//! found by bisection, and a body is decoded when it is asked for.

use crate::FileKey;

const MAGIC: &[u8; 8] = b"JFINDEX\n";
/// Of this layout and of what [`super::body`] writes.
const VERSION: u32 = 2;
const HEAD: usize = 8 + 4 + 4 + 32 + 8;
const RECORD: usize = 5 * 8 + 2 * 4;

/// No index is read or written that is larger.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// An index as it was read.
#[derive(Debug, Default)]
pub(super) struct Image {
    bytes: Vec<u8>,
    count: usize,
}

impl Image {
    /// `None` when the bytes are damaged, from another version of the format or for another build.
    pub(super) fn new(bytes: Vec<u8>, build: &[u8; 32]) -> Option<Self> {
        let head = bytes.first_chunk::<HEAD>()?;
        let intact = head.starts_with(MAGIC)
            && head[8..12] == VERSION.to_le_bytes()
            && head[12..16] == crc32fast::hash(&bytes[16..]).to_le_bytes()
            && head[16..48] == *build;
        let count = usize::try_from(word(head, 48)).ok()?;
        let fits = count.checked_mul(RECORD)? <= bytes.len() - HEAD;
        (intact && fits).then_some(Self { bytes, count })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn record(&self, at: usize) -> &[u8] {
        &self.bytes[HEAD + at * RECORD..][..RECORD]
    }

    pub(super) fn key(&self, at: usize) -> FileKey {
        let record = self.record(at);
        FileKey {
            dev: word(record, 0),
            ino: word(record, 8),
            size: word(record, 16),
            mtime_ns: word(record, 24).cast_signed(),
            ctime_ns: word(record, 32).cast_signed(),
        }
    }

    /// The body of a record; empty where it lies outside.
    pub(super) fn body(&self, at: usize) -> &[u8] {
        let record = self.record(at);
        let place = word(record, 40);
        let (begin, len) = ((place & 0xffff_ffff) as usize, (place >> 32) as usize);
        let end = begin.saturating_add(len);
        self.bytes.get(begin..end).unwrap_or_default()
    }

    /// The record of a file, in whatever state.
    pub(super) fn find(&self, dev: u64, ino: u64) -> Option<usize> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            let record = self.record(middle);
            match (word(record, 0), word(record, 8)).cmp(&(dev, ino)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    u64::from_le_bytes(word.copied().unwrap_or_default())
}

/// Writes an index; of more than fits, the last are left out.
pub(super) fn write(build: &[u8; 32], mut entries: Vec<(FileKey, Vec<u8>)>) -> Vec<u8> {
    let mut total = HEAD;
    entries.retain(|(_, body)| {
        total += RECORD + body.len();
        total <= MAX_BYTES
    });
    entries.sort_unstable_by_key(|(key, _)| (key.dev, key.ino));
    entries.dedup_by_key(|(key, _)| (key.dev, key.ino));
    let mut bytes = Vec::with_capacity(total);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(build);
    bytes.extend((entries.len() as u64).to_le_bytes());
    let mut at = (HEAD + entries.len() * RECORD) as u64;
    for (key, body) in &entries {
        let times = [key.mtime_ns, key.ctime_ns].map(i64::cast_unsigned);
        for word in [key.dev, key.ino, key.size].into_iter().chain(times) {
            bytes.extend(word.to_le_bytes());
        }
        let len = body.len() as u64;
        bytes.extend((len << 32 | at).to_le_bytes());
        at += len;
    }
    for (_, body) in &entries {
        bytes.extend(body);
    }
    let checksum = crc32fast::hash(&bytes[16..]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    bytes
}
