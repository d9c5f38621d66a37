//! Events on their way to the disk, many at a time.

use crate::{
    store::{Entry, Store},
    waiters::Waiters,
};
use plugin_api::{Context, Error, Health, Result, log};
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// So many bytes are written at once, without waiting for the time to do so.
const FULL_BYTES: usize = 1 << 20;
/// When writing fails, so many bytes are kept for another try; what comes then is lost, and counted.
const MOST_BYTES: usize = 64 << 20;
/// What an entry weighs besides its payload.
const ENTRY_BYTES: usize = 256;

/// Collects entries and writes them.
pub(crate) struct Batch {
    store: Arc<Store>,
    waiters: Waiters,
    pending: Mutex<Pending>,
    /// Held while entries are taken and written, so that they stay in order.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Pending {
    entries: Vec<Entry>,
    bytes: usize,
    /// Somebody will come and write them.
    expected: bool,
    lost: u64,
    /// Why the last write failed; `None` when it did not.
    fault: Option<String>,
}

/// What [`Batch::push`] wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: somebody will write them.
    Wait,
    /// Call [`Batch::flush`] after a while.
    FlushSoon,
    /// Call it now.
    FlushNow,
}

impl Batch {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            waiters: Waiters::default(),
            pending: Mutex::default(),
            writing: Mutex::default(),
        }
    }

    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry.
    ///
    /// # Errors
    ///
    /// When writing has failed for so long that there is no room for more.
    pub(crate) fn push(&self, entry: Entry) -> Result<Next> {
        let mut pending = self.pending();
        let bytes = entry.payload.len() + ENTRY_BYTES;
        if pending.bytes + bytes > MOST_BYTES {
            pending.lost += 1;
            return Err(Error::new("it is lost, because records cannot be written"));
        }
        pending.bytes += bytes;
        pending.entries.push(entry);
        // While writing fails, trying again is left to whoever is expected.
        if pending.bytes >= FULL_BYTES && pending.fault.is_none() {
            return Ok(Next::FlushNow);
        }
        if mem::replace(&mut pending.expected, true) {
            return Ok(Next::Wait);
        }
        Ok(Next::FlushSoon)
    }

    /// Writes what there is. Blocks.
    ///
    /// # Errors
    ///
    /// When it cannot be written; it is kept then.
    pub(crate) fn flush(&self) -> Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = {
            let mut pending = self.pending();
            pending.bytes = 0;
            mem::take(&mut pending.entries)
        };
        self.write(entries).map(|_| ())
    }

    /// Writes an entry at once, after those that wait; returns its id. Blocks.
    ///
    /// # Errors
    ///
    /// When it cannot be written; it is forgotten then.
    pub(crate) fn write_now(&self, entry: Entry) -> Result<i64> {
        self.flush()?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let id = self.store.write(std::slice::from_ref(&entry))?;
        self.tell(id, &[entry]);
        Ok(id)
    }

    fn write(&self, mut entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        match self.store.write(&entries) {
            Ok(last) => {
                self.pending().fault = None;
                self.tell(last, &entries);
                Ok(())
            }
            Err(error) => {
                let error = Error::from(error);
                let mut pending = self.pending();
                pending.fault = Some(error.to_string());
                // Back to the front: they are older than what came meanwhile.
                entries.append(&mut pending.entries);
                pending.bytes = weight(&entries);
                pending.entries = entries;
                Err(error)
            }
        }
    }

    /// Tells those who wait for it what was written; `last` is the id of the last of them.
    fn tell(&self, last: i64, entries: &[Entry]) {
        for (back, entry) in entries
            .iter()
            .rev()
            .enumerate()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            let id = last - i64::try_from(back).unwrap_or(0);
            self.waiters
                .offer(&entry.topic, || self.store.shown(id, entry));
        }
    }

    /// Whether whoever is expected may leave, because nothing is left.
    fn done(&self) -> bool {
        let mut pending = self.pending();
        let done = pending.entries.is_empty();
        pending.expected = !done;
        done
    }

    pub(crate) fn health(&self) -> Health {
        let pending = self.pending();
        let health = match &pending.fault {
            Some(fault) => Health::unhealthy(format!("records cannot be written: {fault}")),
            None => Health::healthy(),
        };
        health
            .with("pending", pending.entries.len())
            .with("lost", pending.lost)
    }
}

fn weight(entries: &[Entry]) -> usize {
    entries
        .iter()
        .map(|entry| entry.payload.len() + ENTRY_BYTES)
        .sum()
}

/// Writes what waits, `delay` from now, and tries again for as long as something is left.
pub(crate) async fn flush_soon(context: Context, batch: Arc<Batch>, delay: Duration) {
    loop {
        context.sleep(delay).await;
        let flushed = Arc::clone(&batch);
        match context.run_blocking("flush", move || flushed.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) | Err(error) => log::warn!("records were not written: {error}"),
        }
        if batch.done() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;
    use rusqlite::Connection;
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

    fn batch(dir: &TempDir) -> Batch {
        let store = Store::open(&dir.path().join("records.db"), 1000, 1).unwrap();
        Batch::new(Arc::new(store))
    }

    fn sequences(batch: &Batch) -> Vec<i64> {
        let page = batch.store.records(&Filter::default()).unwrap();
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
        assert_eq!(batch.push(entry(4, FULL_BYTES)).unwrap(), Next::FlushNow);
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
            batch.push(entry(3, MOST_BYTES)).unwrap_err().to_string(),
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
        let mut wanted = batch.waiters().wait(Topic::parse("a.b")).unwrap();
        let mut other = batch.waiters().wait(Topic::parse("a.c")).unwrap();
        batch.push(entry(7, 1)).unwrap();
        batch.push(entry(8, 1)).unwrap();
        assert_eq!(wanted.try_recv(), Ok(None));
        batch.flush().unwrap();
        let record = wanted.try_recv().unwrap().unwrap();
        assert_eq!((record.id, record.sequence), (1, 7));
        assert_eq!(other.try_recv(), Ok(None));
    }
}
