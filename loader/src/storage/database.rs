use jackfield_abi::{ROption, StorageEntry, StorageItem};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub(super) const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// At most this many entries are given at once, and bytes unless it is one entry.
const PAGE_LEN: usize = 1000;
const PAGE_BYTES: usize = 1 << 20;

/// A plugin's file, open.
pub(super) struct Database {
    file: redb::Database,
    /// Bytes of all keys and values. Held by whoever commits, from before the write transaction
    /// until after it: the next may begin before the last has counted.
    used: Mutex<u64>,
    has_failed: AtomicBool,
}

/// What came of a commit.
pub(super) enum Done {
    Written,
    /// A key has another value than was expected.
    Otherwise,
    /// All keys and values together would have this many bytes.
    TooLarge(u64),
}

impl Database {
    /// Counts what is in it.
    pub(super) fn new(file: redb::Database) -> Result<Self, redb::Error> {
        let mut used = 0;
        for entry in file.begin_read()?.open_table(ENTRIES)?.iter()? {
            let (key, value) = entry?;
            used += size(key.value(), value.value());
        }
        Ok(Self {
            file,
            used: Mutex::new(used),
            has_failed: AtomicBool::new(false),
        })
    }

    /// An operation on it; should that fail, so do all that follow.
    pub(super) fn run<R>(
        &self,
        operation: impl FnOnce(&Self) -> Result<R, redb::Error>,
    ) -> Result<R, redb::Error> {
        operation(self).inspect_err(|_| self.has_failed.store(true, Ordering::Relaxed))
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
        let table = self.file.begin_read()?.open_table(ENTRIES)?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    pub(super) fn scan(
        &self,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<StorageEntry>, redb::Error> {
        let table = self.file.begin_read()?.open_table(ENTRIES)?;
        let first = if after < prefix {
            Bound::Included(prefix)
        } else {
            Bound::Excluded(after)
        };
        let (mut found, mut bytes) = (Vec::new(), 0);
        for entry in table.range::<&[u8]>((first, Bound::Unbounded))? {
            let (key, value) = entry?;
            let (key, value) = (key.value(), value.value());
            bytes += key.len() + value.len();
            let is_full = found.len() >= limit.clamp(1, PAGE_LEN) || bytes > PAGE_BYTES;
            if !key.starts_with(prefix) || (is_full && !found.is_empty()) {
                break;
            }
            found.push(StorageEntry {
                key: key.into(),
                value: value.into(),
            });
        }
        Ok(found)
    }

    /// Nothing is written before it is known that all of it may be.
    pub(super) fn commit(
        &self,
        expected: &[StorageItem<'_>],
        writes: &[StorageItem<'_>],
        limit: u64,
    ) -> Result<Done, redb::Error> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.file.begin_write()?;
        let mut after = *used;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            for item in expected {
                let value = table.get(item.key.as_slice())?;
                if value.as_ref().map(redb::AccessGuard::value) != bytes(item) {
                    return Ok(Done::Otherwise);
                }
            }
            let writes = last_of_each(writes);
            for (key, value) in &writes {
                let old = table.get(key)?.map_or(0, |old| size(key, old.value()));
                after = after - old + value.map_or(0, |value| size(key, value));
            }
            if after > limit && after > *used {
                return Ok(Done::TooLarge(after));
            }
            if writes.is_empty() {
                return Ok(Done::Written);
            }
            for (key, value) in writes {
                match value {
                    Some(value) => drop(table.insert(key, value)?),
                    None => drop(table.remove(key)?),
                }
            }
        }
        transaction.commit()?;
        *used = after;
        Ok(Done::Written)
    }
}

/// Of several writes to one key the last counts.
fn last_of_each<'a>(writes: &[StorageItem<'a>]) -> BTreeMap<&'a [u8], Option<&'a [u8]>> {
    let items = writes.iter();
    items
        .map(|item| (item.key.as_slice(), bytes(item)))
        .collect()
}

fn bytes<'a>(item: &StorageItem<'a>) -> Option<&'a [u8]> {
    match item.value {
        ROption::RSome(value) => Some(value.as_slice()),
        ROption::RNone => None,
    }
}

fn size(key: &[u8], value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}
