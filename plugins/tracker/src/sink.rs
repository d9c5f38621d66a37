//! One backend, and what is on its way to it.

use crate::{asking::Asking, batch::Batch, queue::Queue, record::Record};
use plugin_api::{Context, Task, log, serde_json::json};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tracking_api::{BackendLease, Incomplete, Map, TrackingError};

/// How often a backend is given something that it cannot take, and how long it has in between: this
/// long at first, then four times as long each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(120);

/// A backend.
pub(crate) struct Sink {
    lease: BackendLease,
    queue: Queue,
    progress: Mutex<Progress>,
    /// Empties the queue.
    task: Mutex<Option<Task>>,
    /// Counts what comes to nothing because it is gone.
    gone: Arc<AtomicU64>,
    asking: Asking,
}

#[derive(Default)]
struct Progress {
    written: u64,
    /// Given up.
    failed: u64,
    /// Why the last was not taken; `None` when it was.
    fault: Option<String>,
    /// How often what comes next was tried in vain.
    tries: u32,
    /// It is inside a call.
    writing: Option<Instant>,
}

impl Sink {
    pub(crate) fn new(lease: BackendLease, queue_bytes: usize, gone: Arc<AtomicU64>) -> Self {
        Self {
            lease,
            queue: Queue::new(queue_bytes),
            progress: Mutex::default(),
            task: Mutex::default(),
            gone,
            asking: Asking::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.lease.provider()
    }

    pub(crate) fn lease(&self) -> &BackendLease {
        &self.lease
    }

    /// It is gone: nothing is given to it any more, but for what is being given. Returns what waits
    /// for it, for another that takes its place.
    pub(crate) fn close(&self) -> Vec<Record> {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.cancel();
        }
        self.queue.close()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues something for it.
    pub(crate) fn push(
        self: &Arc<Self>,
        context: &Context,
        records: impl IntoIterator<Item = Record>,
    ) {
        if !self.queue.push(records) {
            return;
        }
        let drain = drain(context.clone(), Arc::clone(self));
        match context.spawn("write", drain) {
            Ok(task) => {
                *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
            }
            // The tracker stops: what waits is written then.
            Err(_) => self.queue.left(),
        }
    }

    /// Gives it what comes next; how long to wait before the next, `None` when nothing is left.
    /// Blocks for as long as the backend does.
    fn write(&self) -> Option<Duration> {
        let batch = self.queue.take()?;
        self.progress().writing = Some(Instant::now());
        let given = batch.give(&self.lease);
        Some(self.note(batch, given))
    }

    fn note(&self, mut batch: Batch, given: Result<(), Incomplete>) -> Duration {
        let mut progress = self.progress();
        progress.writing = None;
        let Err(Incomplete { kept, error }) = given else {
            progress.written += batch.len();
            progress.tries = 0;
            if progress.fault.take().is_some() {
                log::info!("{}: takes what comes again", self.id());
            }
            return Duration::ZERO;
        };
        if progress.fault.is_none() {
            log::warn!("{}: does not take what comes: {error}", self.id());
        }
        progress.fault = Some(error.to_string());
        let kept = batch.skip(kept);
        progress.written += kept;
        // Another is the first now, which was tried once.
        progress.tries = if kept > 0 { 1 } else { progress.tries + 1 };
        let hopeless = match error {
            TrackingError::Invalid(_) => 1,
            TrackingError::Unsupported(_) => batch.len(),
            _ if progress.tries >= TRIES => batch.len(),
            _ => 0,
        };
        let mut pause = PAUSE * 4_u32.pow(progress.tries.min(TRIES) - 1);
        if hopeless > 0 {
            progress.failed += batch.skip(hopeless);
            progress.tries = 0;
            pause = Duration::ZERO;
        }
        drop(progress);
        self.put_back(batch);
        pause
    }

    fn put_back(&self, batch: Batch) {
        let count = batch.len();
        if count > 0 && !self.queue.put_back(batch) {
            log::warn!(
                "backend {} is gone, {count} more records with it",
                self.id()
            );
            self.gone.fetch_add(count, Relaxed);
        }
    }

    /// Writes what waits, one more time each, unless it is failing or hangs; until then.
    pub(crate) fn finish(&self, until: Instant) {
        let mut next = Some(Duration::ZERO);
        while next == Some(Duration::ZERO) && self.is_well() && Instant::now() < until {
            next = self.write();
        }
        let (left, _) = self.queue.counts();
        if left > 0 {
            log::warn!("{}: {left} records were not written", self.id());
        }
    }

    fn is_well(&self) -> bool {
        let progress = self.progress();
        progress.fault.is_none() && progress.writing.is_none()
    }

    /// Why the last was not taken.
    pub(crate) fn fault(&self) -> Option<String> {
        self.progress().fault.clone()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.queue.counts().1
    }

    /// How it does, by its own word and by what is known of it.
    pub(crate) async fn status(self: Arc<Self>, context: &Context) -> Map {
        let asked = Arc::clone(&self);
        let question = move || asked.lease.get_status();
        let mut status = Map::from_iter([("id".to_owned(), self.id().into())]);
        status.extend(self.asking.ask(context, question).await);
        let (queued, dropped) = self.queue.counts();
        let progress = self.progress();
        let writing = progress.writing.map(|since| millis(since.elapsed()));
        let known = json!({
            "queued": queued,
            "dropped": dropped,
            "written": progress.written,
            "failed": progress.failed,
            "fault": progress.fault,
            "writing_for_ms": writing,
        });
        status.extend(known.as_object().cloned().unwrap_or_default());
        status
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Gives a backend what waits for it, until nothing does.
async fn drain(context: Context, sink: Arc<Sink>) {
    let mut leaving = Leaving {
        queue: &sink.queue,
        noted: false,
    };
    loop {
        let writer = Arc::clone(&sink);
        match context.run_blocking("write", move || writer.write()).await {
            Ok(Some(pause)) if pause.is_zero() => {}
            Ok(Some(pause)) => context.sleep(pause).await,
            Ok(None) => {
                leaving.noted = true;
                return;
            }
            Err(_) => return,
        }
    }
}

/// However it ends, also when it is cancelled, whoever pushes next begins it again.
struct Leaving<'q> {
    queue: &'q Queue,
    /// `take` has noted that nobody empties it; somebody else may do so by now.
    noted: bool,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.noted {
            self.queue.left();
        }
    }
}
