//! One backend, and what is on its way to it.

use crate::{batch::Batch, queue::Queue, record::Record};
use plugin_api::{
    Context, Task, log,
    serde_json::{Value, json},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tracking_api::{BackendLease, TrackingError};

/// How often a backend is given something that it cannot take, and how long it has in between: this
/// long at first, then four times as long each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(120);
/// How long it may take to say how it does.
const STATUS_LIMIT: Duration = Duration::from_secs(2);

/// A backend.
pub(crate) struct Sink {
    lease: BackendLease,
    queue: Queue,
    progress: Mutex<Progress>,
    /// Empties the queue.
    task: Mutex<Option<Task>>,
    /// It was asked how it does, and has not answered.
    asked: AtomicBool,
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
    pub(crate) fn new(lease: BackendLease, queue_bytes: usize) -> Self {
        Self {
            lease,
            queue: Queue::new(queue_bytes),
            progress: Mutex::default(),
            task: Mutex::default(),
            asked: AtomicBool::new(false),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.lease.provider()
    }

    pub(crate) fn lease(&self) -> &BackendLease {
        &self.lease
    }

    /// It is gone: nothing is given to it any more, but for what is being given.
    pub(crate) fn close(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.cancel();
        }
    }

    /// What waits for it, for another that takes its place.
    pub(crate) fn left(&self) -> Vec<Record> {
        std::iter::from_fn(|| self.queue.take())
            .flat_map(Batch::into_records)
            .collect()
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

    fn note(&self, batch: Batch, given: Result<(), TrackingError>) -> Duration {
        let mut progress = self.progress();
        progress.writing = None;
        let Err(error) = given else {
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
        progress.tries += 1;
        let hopeless = matches!(
            error,
            TrackingError::Invalid(_) | TrackingError::Unsupported(_)
        );
        if hopeless || progress.tries >= TRIES {
            progress.failed += batch.len();
            progress.tries = 0;
            return Duration::ZERO;
        }
        let pause = PAUSE * 4_u32.pow(progress.tries - 1);
        drop(progress);
        self.queue.put_back(batch);
        pause
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
    pub(crate) async fn status(self: Arc<Self>, context: &Context) -> Value {
        let (status, error) = match self.own_status(context).await {
            Ok(status) => (Value::Object(status), Value::Null),
            Err(error) => (Value::Null, error.into()),
        };
        let (queued, dropped) = self.queue.counts();
        let progress = self.progress();
        let writing = progress.writing.map(|since| millis(since.elapsed()));
        json!({
            "id": self.id(),
            "status": status,
            "status_error": error,
            "queued": queued,
            "dropped": dropped,
            "written": progress.written,
            "failed": progress.failed,
            "fault": progress.fault,
            "writing_for_ms": writing,
        })
    }

    /// One question at a time: a backend that hangs holds one thread for it, however many ask.
    async fn own_status(self: &Arc<Self>, context: &Context) -> Result<tracking_api::Map, String> {
        if self.asked.swap(true, Relaxed) {
            return Err("it has not answered an earlier question yet".to_owned());
        }
        let asking = Asking(Arc::clone(self));
        let ask = context.run_blocking("status", move || asking.0.lease.get_status());
        match context.timeout(STATUS_LIMIT, ask).await {
            None => Err(format!("it did not answer within {STATUS_LIMIT:?}")),
            Some(Ok(Ok(status))) => Ok(status),
            Some(Ok(Err(error))) => Err(error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
        }
    }
}

/// Until it is dropped, also by a task that never began.
struct Asking(Arc<Sink>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asked.store(false, Relaxed);
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
