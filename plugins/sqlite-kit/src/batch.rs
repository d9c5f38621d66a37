//! Entries on their way to the disk, many at a time.

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

/// Where entries are written to.
pub trait Shelf: Send + Sync + 'static {
    /// What is written.
    type Entry: Send;

    /// About how many bytes it holds in memory.
    fn weight(entry: &Self::Entry) -> usize;

    /// Writes all of them, at least one, or none; returns the id of the last. Blocks.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    fn write(&self, entries: &[Self::Entry]) -> Result<i64>;
}

/// Collects entries and writes them.
pub struct Batch<S: Shelf> {
    shelf: S,
    pending: Mutex<Pending<S::Entry>>,
    /// Held while entries are taken and written, so that they stay in order.
    writing: Mutex<()>,
}

struct Pending<E> {
    entries: Vec<E>,
    bytes: usize,
    /// Of those that are just being written: they come back where that fails.
    in_hand: usize,
    /// Somebody will come and write them.
    expected: bool,
    lost: u64,
    /// Why the last write failed; `None` when it did not.
    fault: Option<String>,
    /// The log has that writing fails.
    told: bool,
}

/// What [`Batch::push`] wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: somebody will write them.
    Wait,
    /// Call [`Batch::flush`] after a while.
    FlushSoon,
    /// Call it now.
    FlushNow,
}

impl<S: Shelf> Batch<S> {
    /// One that writes there.
    pub fn new(shelf: S) -> Self {
        Self {
            shelf,
            pending: Mutex::new(Pending {
                entries: Vec::new(),
                bytes: 0,
                in_hand: 0,
                expected: false,
                lost: 0,
                fault: None,
                told: false,
            }),
            writing: Mutex::default(),
        }
    }

    /// Where it writes.
    pub fn shelf(&self) -> &S {
        &self.shelf
    }

    fn pending(&self) -> MutexGuard<'_, Pending<S::Entry>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry.
    ///
    /// # Errors
    ///
    /// When writing has failed for so long that there is no room for more. It is counted as lost.
    pub fn push(&self, entry: S::Entry) -> Result<Next> {
        let mut pending = self.pending();
        let bytes = S::weight(&entry);
        if pending.bytes + pending.in_hand + bytes > MOST_BYTES {
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
    pub fn flush(&self) -> Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = {
            let mut pending = self.pending();
            pending.in_hand = mem::take(&mut pending.bytes);
            mem::take(&mut pending.entries)
        };
        self.write(entries).map(|_| ())
    }

    /// [`flush`](Batch::flush), which tells the log of a failure: once, until writing works again.
    /// Where what is written is the log, each line about it would be one more that waits.
    fn flush_and_tell(&self) {
        let flushed = self.flush();
        let fails = flushed.is_err();
        if mem::replace(&mut self.pending().told, fails) == fails {
            return;
        }
        match flushed {
            Ok(()) => log::info!("records are written again"),
            Err(error) => log::warn!("records are not written, and tried again: {error}"),
        }
    }

    /// Writes what there is, as far as that works; returns how many records wait because it does not.
    /// Blocks.
    pub fn behind(&self) -> usize {
        match self.flush() {
            Ok(()) => 0,
            Err(_) => self.pending().entries.len(),
        }
    }

    /// Writes an entry at once, after those that wait; returns its id. Blocks.
    ///
    /// # Errors
    ///
    /// When it cannot be written; it is forgotten then.
    pub fn write_now(&self, entry: S::Entry) -> Result<i64> {
        self.flush()?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.shelf.write(&[entry])
    }

    fn write(&self, mut entries: Vec<S::Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        match self.shelf.write(&entries) {
            Ok(_) => {
                let mut pending = self.pending();
                pending.in_hand = 0;
                pending.fault = None;
                Ok(())
            }
            Err(error) => {
                let mut pending = self.pending();
                pending.in_hand = 0;
                pending.fault = Some(error.to_string());
                // Back to the front: they are older than what came meanwhile.
                entries.append(&mut pending.entries);
                pending.bytes = entries.iter().map(S::weight).sum();
                pending.entries = entries;
                Err(error)
            }
        }
    }

    /// Whether whoever is expected may leave, because nothing is left.
    pub fn done(&self) -> bool {
        let mut pending = self.pending();
        let done = pending.entries.is_empty();
        pending.expected = !done;
        done
    }

    /// That of its writing, with what waits and what was lost.
    pub fn health(&self) -> Health {
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

/// Takes an entry and has it written: `delay` from now, or at once where much waits. One that there is
/// no room for, since writing fails, is lost; [`Batch::health`] counts it. May block.
///
/// # Errors
///
/// When the plugin can begin no task.
pub fn keep<S: Shelf>(
    context: &Context,
    batch: &Arc<Batch<S>>,
    entry: S::Entry,
    delay: Duration,
) -> Result<()> {
    match batch.push(entry) {
        // Told once, when writing began to fail.
        Err(_) | Ok(Next::Wait) => Ok(()),
        Ok(Next::FlushNow) => {
            batch.flush_and_tell();
            Ok(())
        }
        Ok(Next::FlushSoon) => {
            let flush = flush_soon(context.clone(), Arc::clone(batch), delay);
            context.spawn("flush", flush).map(|_task| ())
        }
    }
}

/// Writes what waits, `delay` from now, and tries again for as long as something is left.
async fn flush_soon<S: Shelf>(context: Context, batch: Arc<Batch<S>>, delay: Duration) {
    loop {
        context.sleep(delay).await;
        let flushed = Arc::clone(&batch);
        let flush = context.run_blocking("flush", move || flushed.flush_and_tell());
        if let Err(error) = flush.await {
            log::warn!("records were not written: {error}");
        }
        if batch.done() {
            return;
        }
    }
}
