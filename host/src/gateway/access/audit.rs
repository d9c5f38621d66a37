//! The audit log: who changed the host, and who was refused, in a file that is only added to.
//!
//! Who writes to it never waits for the disk: `floods` keeps what repeats itself to a few lines, a
//! queue with a bound takes the rest to a thread of its own, and `trail` is the file. A line that the
//! thread has written survives the process; what the queue holds, a few lines for some milliseconds,
//! does not, and no line is synced to the disk before its file is put aside or the host ends, so a
//! power cut may take the last ones.

mod entry;
mod floods;
mod past;
mod trail;

pub(crate) use entry::{Entry, Outcome};
pub(crate) use past::past;

use crate::config;
use floods::{Floods, Key};
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use trail::Trail;

/// The name of the file in the state directory; those that were put aside have a number behind it,
/// the youngest 1.
const NAME: &str = "audit.jsonl";

/// How many lines may wait for the disk.
const QUEUE: usize = 1024;

/// How long the end waits for a disk that hangs.
const FAREWELL: Duration = Duration::from_secs(2);

/// While nothing is counted, nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// Where it cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its thread cannot be started.
    #[error("cannot start the thread of the audit log")]
    Thread(#[source] io::Error),
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The audit log of a host. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Audit {
    shared: Arc<Shared>,
    /// Nothing is no line: it only wakes who waits for one.
    queue: SyncSender<Option<Entry>>,
    ended: Mutex<Receiver<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    floods: Mutex<Floods>,
    /// Lines that nobody will read, since the disk could not keep up.
    lost: AtomicU64,
    /// No more lines come.
    is_ending: AtomicBool,
}

impl Shared {
    fn floods(&self) -> MutexGuard<'_, Floods> {
        self.floods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }
}

impl Audit {
    /// Opens that of a state directory, whose lock the caller holds.
    ///
    /// # Errors
    ///
    /// [`AuditError`].
    pub(crate) fn open(state: &Path, bounds: config::Audit) -> Result<Self, AuditError> {
        let path = state.join(NAME);
        let trail = Trail::open(&path, bounds).map_err(|source| AuditError::Open {
            path: path.clone(),
            source,
        })?;
        let shared = Arc::<Shared>::default();
        let (queue, entries) = sync_channel(QUEUE);
        let (end, ended) = sync_channel(1);
        let body = {
            let shared = Arc::clone(&shared);
            move || {
                Writer::new(trail, &path, &shared).run(&entries);
                let _ = end.send(());
            }
        };
        let thread = thread::Builder::new().name("jackfield-audit".to_owned());
        thread.spawn(body).map_err(AuditError::Thread)?;
        Ok(Self {
            shared,
            queue,
            ended: Mutex::new(ended),
        })
    }

    /// Notes an administrative action. Never waits.
    pub(crate) fn action(&self, entry: Entry) {
        if self.queue.try_send(Some(entry)).is_err() {
            self.shared.lose(1);
        }
    }

    /// Notes a refusal: in full where it is the first of its kind for ten seconds, else as one more.
    /// A kind is a status, a client's address (of IPv6 its first 64 bits), and who it said it was.
    /// Never waits.
    pub(crate) fn refusal(
        &self,
        status: u16,
        from: Option<IpAddr>,
        who: &str,
        entry: impl FnOnce() -> Entry,
    ) {
        let key = Key::new(status, from, who);
        let first = self.shared.floods().take(key, Instant::now(), entry);
        if let Some(entry) = first {
            self.action(entry);
        }
    }

    /// Writes what is left, and syncs it; what comes later is lost. A disk that hangs is waited for
    /// two seconds.
    pub(crate) fn end(&self) {
        self.shared.is_ending.store(true, Ordering::Relaxed);
        // Where it is full nobody sleeps.
        let _ = self.queue.try_send(None);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // An error: it has ended already, or the disk hangs.
        let _ = ended.recv_timeout(FAREWELL);
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.end();
    }
}

/// Adds one line to the audit log of a state directory, whose host may run.
///
/// # Errors
///
/// [`AuditError`].
pub(crate) fn add(state: &Path, entry: &Entry) -> Result<(), AuditError> {
    let path = state.join(NAME);
    trail::add(&path, &entry.line()).map_err(|source| AuditError::Open { path, source })
}

/// What its thread does.
struct Writer<'w> {
    trail: Trail,
    path: &'w Path,
    shared: &'w Shared,
    /// Whether the last line could not be written.
    fails: bool,
}

impl<'w> Writer<'w> {
    fn new(trail: Trail, path: &'w Path, shared: &'w Shared) -> Self {
        Self {
            trail,
            path,
            shared,
            fails: false,
        }
    }

    fn run(&mut self, entries: &Receiver<Option<Entry>>) {
        while !self.shared.is_ending.load(Ordering::Relaxed) {
            match entries.recv_timeout(self.wait()) {
                Ok(entry) => entry.iter().for_each(|entry| self.write(entry)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let due = self.shared.floods().due(Instant::now());
            due.iter().for_each(|entry| self.write(entry));
            self.confess();
        }
        let rest = self.shared.floods().rest();
        let left = entries.try_iter().flatten().chain(rest);
        left.for_each(|entry| self.write(&entry));
        self.confess();
        if let Err(error) = self.trail.sync() {
            self.failed(&error);
        }
    }

    fn wait(&self) -> Duration {
        let due = self.shared.floods().next_due();
        due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()))
    }

    fn write(&mut self, entry: &Entry) {
        if !self.append(entry) {
            self.shared.lose(1);
        }
    }

    /// Writes down how many lines are missing, as soon as that can be written.
    fn confess(&mut self) {
        let lost = self.shared.lost.swap(0, Ordering::Relaxed);
        if lost > 0 && !self.append(&Entry::lost(lost)) {
            self.shared.lose(lost);
        }
    }

    fn append(&mut self, entry: &Entry) -> bool {
        let appended = self.trail.append(&entry.line());
        match &appended {
            Ok(()) if self.fails => {
                self.fails = false;
                log::info!("{}: lines are written again", self.path.display());
            }
            Ok(()) => {}
            Err(error) => self.failed(error),
        }
        appended.is_ok()
    }

    /// Says once that it fails: the log may be on the same disk.
    fn failed(&mut self, error: &io::Error) {
        if !self.fails {
            self.fails = true;
            let path = self.path.display();
            log::error!("{path}: cannot be written: {error}: lines are lost until it can");
        }
    }
}

#[cfg(test)]
mod tests;
