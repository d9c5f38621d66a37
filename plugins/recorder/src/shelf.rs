//! Where records are written, and who is told.

use crate::{
    store::{Entry, Store},
    waiters::Waiters,
};
use plugin_api::Result;
use std::sync::Arc;

/// What an entry weighs besides its payload.
const ENTRY_BYTES: usize = 256;

/// The store, and those who wait for what is written to it.
pub(crate) struct Shelf {
    store: Arc<Store>,
    waiters: Waiters,
}

impl Shelf {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        let waiters = Waiters::default();
        Self { store, waiters }
    }

    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }
}

impl sqlite_kit::Shelf for Shelf {
    type Entry = Entry;

    fn weight(entry: &Entry) -> usize {
        entry.payload.len() + ENTRY_BYTES
    }

    fn write(&self, entries: &[Entry]) -> Result<i64> {
        let last = self.store.write(entries)?;
        let first = last + 1 - i64::try_from(entries.len()).unwrap_or(0);
        for (id, entry) in (first..).zip(entries) {
            self.waiters
                .offer(&entry.topic, || self.store.shown(id, entry));
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;
    use plugin_api::Health;
    use sqlite_kit::{Batch, Next, rusqlite::Connection};
    use tempfile::TempDir;

    fn entry(sequence: u64, size: usize) -> Entry {
        Entry {
            topic: "a.b".to_owned(),
            publisher: "a".to_owned(),
            sequence,
            time_unix_ns: sequence * 1_000_000,
            payload: vec![b'1'; size],
        }
    }

    fn batch(dir: &TempDir) -> Batch<Shelf> {
        let store = Store::open(&dir.path().join("records.db"), 1000, 1).unwrap();
        Batch::new(Shelf::new(Arc::new(store)))
    }

    fn sequences(batch: &Batch<Shelf>) -> Vec<i64> {
        let page = batch.shelf().store.records(&Filter::default()).unwrap();
        page.records
            .iter()
            .rev()
            .map(|record| record.sequence)
            .collect()
    }

    #[test]
    fn only_the_first_entry_calls_for_a_flush() {
        let dir = TempDir::new().unwrap();
        let batch = batch(&dir);
        assert_eq!(batch.push(entry(1, 1)).unwrap(), Next::FlushSoon);
        assert_eq!(batch.push(entry(2, 1)).unwrap(), Next::Wait);
        assert_eq!(sequences(&batch), [] as [i64; 0]);
        batch.flush().unwrap();
        assert_eq!(sequences(&batch), [1, 2]);
        assert!(batch.done());
        assert_eq!(batch.push(entry(3, 1)).unwrap(), Next::FlushSoon);
        assert_eq!(batch.push(entry(4, 1 << 20)).unwrap(), Next::FlushNow);
    }

    #[test]
    fn what_could_not_be_written_is_kept_in_order_up_to_a_bound() {
        let dir = TempDir::new().unwrap();
        let batch = batch(&dir);
        let other = Connection::open(dir.path().join("records.db")).unwrap();
        other
            .execute_batch("ALTER TABLE records RENAME TO hidden")
            .unwrap();
        batch.push(entry(1, 1)).unwrap();
        let error = batch.flush().unwrap_err();
        assert_eq!(
            batch.health(),
            Health::unhealthy(format!("records cannot be written: {error}"))
                .with("pending", 1)
                .with("lost", 0)
        );
        assert!(!batch.done());
        assert_eq!(batch.push(entry(2, 1)).unwrap(), Next::Wait);
        assert_eq!(
            batch.push(entry(3, 64 << 20)).unwrap_err().to_string(),
            "it is lost, because records cannot be written"
        );
        other
            .execute_batch("ALTER TABLE hidden RENAME TO records")
            .unwrap();
        batch.flush().unwrap();
        assert_eq!(sequences(&batch), [1, 2]);
        assert_eq!(
            batch.health(),
            Health::healthy().with("pending", 0).with("lost", 1)
        );
    }

    #[test]
    fn an_entry_written_at_once_comes_after_those_that_wait() {
        let dir = TempDir::new().unwrap();
        let batch = batch(&dir);
        batch.push(entry(1, 1)).unwrap();
        assert_eq!(batch.write_now(entry(2, 1)).unwrap(), 2);
        assert_eq!(sequences(&batch), [1, 2]);
    }

    #[test]
    fn who_waits_is_told_once_it_is_written() {
        use crate::query::Topic;
        let dir = TempDir::new().unwrap();
        let batch = batch(&dir);
        let mut wanted = batch.shelf().waiters().wait(Topic::parse("a.b")).unwrap();
        let mut other = batch.shelf().waiters().wait(Topic::parse("a.c")).unwrap();
        batch.push(entry(7, 1)).unwrap();
        batch.push(entry(8, 1)).unwrap();
        assert_eq!(wanted.try_recv(), Ok(None));
        batch.flush().unwrap();
        let record = wanted.try_recv().unwrap().unwrap();
        assert_eq!((record.id, record.sequence), (1, 7));
        assert_eq!(other.try_recv(), Ok(None));
    }
}
