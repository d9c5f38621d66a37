use crate::{fault::Fault, spec::Spec};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    process::ExitStatus,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where a job is. The first two are followed by another, the others are the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Queued,
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Ended otherwise, by itself.
    Failed,
    Cancelled,
    /// Its wall time was over.
    TimedOut,
}

impl State {
    pub(crate) fn is_end(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Ended {
    pub(crate) exit_code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            exit_code: status.code(),
            signal: status.signal(),
        }
    }
}

/// What is known of a job, as clients are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Status {
    pub(crate) job_id: String,
    pub(crate) name: String,
    pub(crate) state: State,
    #[serde(flatten)]
    pub(crate) ended: Ended,
    /// Why it did not begin.
    pub(crate) error: Option<String>,
    pub(crate) submitted_unix_ms: u64,
    pub(crate) started_unix_ms: Option<u64>,
    pub(crate) ended_unix_ms: Option<u64>,
}

/// Who is told of each change. Called without a lock.
pub(crate) type Listener = Arc<dyn Fn(&Job, &Status) + Send + Sync>;

/// One job.
pub(crate) struct Job {
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) session: String,
    /// How long it may run.
    pub(crate) wall: Duration,
    /// What runs, which may be large: until it has begun or ended.
    spec: Mutex<Option<Spec>>,
    cancelled: AtomicBool,
    status: Mutex<Status>,
    listener: Listener,
}

impl Job {
    pub(crate) fn new(id: String, session: String, spec: Spec, listener: Listener) -> Self {
        let status = Status {
            job_id: id.clone(),
            name: spec.name.clone(),
            state: State::Queued,
            ended: Ended::default(),
            error: None,
            submitted_unix_ms: now(),
            started_unix_ms: None,
            ended_unix_ms: None,
        };
        Self {
            id,
            session,
            wall: spec.wall,
            spec: Mutex::new(Some(spec)),
            cancelled: AtomicBool::new(false),
            status: Mutex::new(status),
            listener,
        }
    }

    /// What runs, for whoever begins it. `None` where it has begun or ended.
    pub(crate) fn take_spec(&self) -> Option<Spec> {
        let mut spec = self.spec.lock().unwrap_or_else(PoisonError::into_inner);
        spec.take()
    }

    /// Notes that it is to end. A scheduler does so under its lock, and looks under the same lock when
    /// it takes the job: clients know a job before its scheduler does.
    pub(crate) fn mark_cancelled(&self) {
        self.cancelled.store(true, SeqCst);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst)
    }

    pub(crate) fn status(&self) -> Status {
        self.locked().clone()
    }

    pub(crate) fn state(&self) -> State {
        self.locked().state
    }

    /// Takes another state and tells of it. What has ended stays as it ended.
    pub(crate) fn change(&self, state: State, ended: Ended) {
        self.set(state, ended, None);
    }

    /// It did not begin.
    pub(crate) fn did_not_begin(&self, fault: &Fault) {
        self.set(State::Failed, Ended::default(), Some(fault.to_string()));
    }

    fn set(&self, state: State, ended: Ended, error: Option<String>) {
        let mut status = self.locked();
        if status.state.is_end() || status.state == state {
            return;
        }
        status.state = state;
        status.ended = ended;
        status.error = error;
        let now = Some(now());
        if state == State::Running {
            status.started_unix_ms = now;
        }
        if state.is_end() {
            status.ended_unix_ms = now;
        }
        let told = status.clone();
        drop(status);
        if state.is_end() {
            self.take_spec();
        }
        (self.listener)(self, &told);
    }

    fn locked(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
