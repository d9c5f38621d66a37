//! The host as one plugin sees it: what it may ask, bound to who it is.

use crate::{
    backtrace::{Backtrace, backtrace},
    bus::{Bus, BusError, Inbox},
    chain,
    executor::Executor,
    ffi::{Lease, Leased, Library, guard},
    reconfigure::Current,
    registry::{Registry, State},
    services::{self, Seat, Services},
    storage::{self, Space},
    tasks::{self, SpawnError, Tasks},
    wake,
};
use jackfield_abi::{
    BorrowingFfiFuture, Failure, FailureCode, FfiFuture, Header, Level, LogRecord, PanicReport,
    RBox, ROption, RResult, RSlice, RStr, RString, RVec, Reply, Request, Response,
    ServiceLeaseObject, ServiceOfferObject, StorageObject, abi_stable::type_layout::TypeLayout,
};
use jackfield_manifest::PluginId;
use std::{
    fmt, fs,
    future::ready,
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// What all plugins of one loader share.
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) bus: Bus,
    pub(crate) services: Services,
    pub(crate) executor: Arc<dyn Executor>,
}

/// A backtrace costs milliseconds, so a plugin that panics without end gets only so many.
const BACKTRACES: u64 = 16;

/// What the host keeps for one plugin, from when it is mapped until it is unloaded.
pub(crate) struct Room {
    pub(crate) id: PluginId,
    name: Arc<str>,
    pub(crate) config: Arc<Current>,
    data_dir: PathBuf,
    pub(crate) space: Space,
    level: AtomicU32,
    sequence: AtomicU64,
    panics: AtomicU64,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) seat: Seat,
    library: Weak<Library>,
    pub(crate) shared: Arc<Shared>,
}

/// What is set aside for one plugin.
pub(crate) struct Own {
    pub(crate) data_dir: PathBuf,
    pub(crate) space: Space,
    pub(crate) seat: Seat,
}

impl Room {
    pub(crate) fn new(
        id: PluginId,
        config: Arc<Current>,
        own: Own,
        inbox: Arc<Inbox>,
        lease: &Lease,
        shared: Arc<Shared>,
    ) -> Arc<Self> {
        let Own {
            data_dir,
            space,
            seat,
        } = own;
        Arc::new(Self {
            name: id.as_str().into(),
            id,
            config,
            data_dir,
            space,
            level: AtomicU32::new(level_of(log::max_level())),
            sequence: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            tasks: Arc::default(),
            inbox,
            seat,
            library: lease.downgrade(),
            shared,
        })
    }

    /// How often code of the plugin panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// One record: who reads a log by lines sees what happened and where in the first.
    fn log_panic(&self, number: u64, report: &PanicReport<'_>) {
        let id = self.id.as_str();
        if !log::log_enabled!(target: id, log::Level::Error) {
            return;
        }
        let (file, line, column) = (report.file, report.line, report.column);
        let backtrace = (number < BACKTRACES)
            .then(|| self.backtrace(report.frames.as_slice()))
            .flatten();
        let lines = backtrace.as_ref().map_or(&"" as &dyn fmt::Display, |b| b);
        let message = report.message;
        tasks::with_current(|task| match task {
            Some(task) => log::error!(
                target: id,
                "task `{task}` panicked at {file}:{line}:{column}: {message}{lines}"
            ),
            None => {
                log::error!(target: id, "panicked at {file}:{line}:{column}: {message}{lines}");
            }
        });
    }

    fn backtrace(&self, frames: &[usize]) -> Option<Backtrace> {
        // Its code is mapped for longer: it has called.
        let lease = self.lease().ok()?;
        match backtrace(lease.path(), lease.root()?, frames) {
            Ok(backtrace) => Some(backtrace),
            Err(error) => {
                log::debug!(target: self.id.as_str(), "no backtrace of a panic: {error}");
                None
            }
        }
    }

    fn spawn(&self, name: &str, blocking: bool, task: FfiFuture<()>) -> Result<u64, Failure> {
        let lease = self.lease()?;
        let executor = &*self.shared.executor;
        self.tasks
            .spawn(executor, name, blocking, task, lease)
            .map_err(|error| match error {
                SpawnError::Closed => Failure::new(
                    FailureCode::UNAVAILABLE,
                    "the plugin is stopping, it takes no tasks",
                ),
                SpawnError::Full => {
                    Failure::new(FailureCode::FULL, "the plugin has 10000 tasks already")
                }
            })
    }

    /// Where its library lies.
    pub(crate) fn root(&self) -> Option<usize> {
        self.lease().ok()?.root()
    }

    pub(crate) fn lease(&self) -> Result<Lease, Failure> {
        Lease::upgrade(&self.library)
            .ok_or_else(|| Failure::new(FailureCode::UNAVAILABLE, "the plugin is being unloaded"))
    }
}

/// The numbers of the `log` crate.
pub(crate) fn level_of(filter: log::LevelFilter) -> u32 {
    filter as u32
}

/// The object that a plugin is given. It is dropped by plugin code, so it holds nothing whose drop
/// could unmap that code.
pub(crate) struct HostSide(pub(crate) Arc<Room>);

/// A bus error as a plugin is told of it.
fn bus_failure(error: &BusError) -> Failure {
    let code = match error {
        BusError::Full => FailureCode::FULL,
        BusError::Topic(_) | BusError::Pattern(_) | BusError::TooLarge(_) => FailureCode::INVALID,
    };
    Failure::new(code, error.to_string())
}

/// Runs host code for a plugin: a panic of the host's becomes a failure.
pub(crate) fn answer<R>(body: impl FnOnce() -> Result<R, Failure>) -> RResult<R, Failure> {
    guard(body)
        .unwrap_or_else(|panic| {
            Err(Failure::new(
                FailureCode::ERROR,
                format!("the host panicked: {panic}"),
            ))
        })
        .into()
}

impl jackfield_abi::Host for HostSide {
    fn id(&self) -> RStr<'_> {
        self.0.id.as_str().into()
    }

    fn config(&self) -> RString {
        self.0.config.text().into()
    }

    fn data_dir(&self) -> RResult<RString, Failure> {
        answer(|| {
            let path = &self.0.data_dir;
            let failed = |error: &dyn fmt::Display| {
                Failure::new(FailureCode::ERROR, format!("{}: {error}", path.display()))
            };
            fs::create_dir_all(path).map_err(|error| failed(&error))?;
            let text = path
                .to_str()
                .ok_or_else(|| failed(&"its name is not UTF-8"))?;
            Ok(RString::from(text))
        })
    }

    fn storage(&self) -> RResult<StorageObject, Failure> {
        answer(|| Ok(storage::object(&self.0)))
    }

    fn log_level(&self) -> Level {
        Level(self.0.level.load(Ordering::Relaxed))
    }

    fn log(&self, record: &LogRecord<'_>) {
        // A logger that panics has nobody to tell.
        let _ = guard(|| log_record(self.0.id.as_str(), record));
    }

    fn panicked(&self, report: &PanicReport<'_>) {
        let number = self.0.panics.fetch_add(1, Ordering::Relaxed);
        let _ = guard(|| self.0.log_panic(number, report));
    }

    fn publish(&self, topic: RStr<'_>, payload: RSlice<'_, u8>) -> RResult<(), Failure> {
        let Room {
            name,
            sequence,
            shared,
            ..
        } = &*self.0;
        answer(|| {
            let published = shared
                .bus
                .publish(topic.as_str(), name, payload.as_slice(), sequence);
            published.map_err(|error| bus_failure(&error))
        })
    }

    fn subscribe(&self, pattern: RStr<'_>) -> RResult<u64, Failure> {
        answer(|| {
            let id = self.0.shared.bus.subscription_id();
            self.0
                .inbox
                .subscribe(id, pattern.as_str())
                .map_err(|error| bus_failure(&error))?;
            Ok(id)
        })
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        guard(|| self.0.inbox.unsubscribe(subscription)).unwrap_or(false)
    }

    fn request<'a>(
        &'a self,
        plugin: RStr<'a>,
        request: &'a Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        let lease = match self.0.lease() {
            Ok(lease) => lease,
            Err(failure) => {
                *reply = ROption::RSome(RResult::RErr(failure));
                return BorrowingFfiFuture::new(ready(()));
            }
        };
        let call = Box::pin(async move {
            *reply = ROption::RSome(ask(&self.0, plugin, request).await.into());
        });
        BorrowingFfiFuture::new(Leased::new(call, lease))
    }

    fn provide(
        &self,
        service: RStr<'_>,
        version: RStr<'_>,
        offer: ServiceOfferObject,
    ) -> RResult<(), Failure> {
        answer(|| services::provide(&self.0, service.as_str(), version.as_str(), offer))
    }

    fn require(
        &self,
        service: RStr<'_>,
        range: RStr<'_>,
        layout: &'static TypeLayout,
        all: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        answer(|| services::require(&self.0, service.as_str(), range.as_str(), layout, all))
    }

    fn spawn(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        answer(|| self.0.spawn(name.as_str(), false, task))
    }

    fn spawn_blocking(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        answer(|| self.0.spawn(name.as_str(), true, task))
    }

    fn cancel(&self, task: u64) -> bool {
        guard(|| self.0.tasks.cancel(task)).unwrap_or(false)
    }

    fn schedule(&self, expression: RStr<'_>, after_ns: i64) -> RResult<FfiFuture<i64>, Failure> {
        let executor = &self.0.shared.executor;
        answer(|| wake::schedule(executor, self.0.lease()?, expression.as_str(), after_ns))
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        let Ok(lease) = self.0.lease() else {
            return FfiFuture::new(ready(()));
        };
        let sleep = self
            .0
            .shared
            .executor
            .sleep(Duration::from_nanos(duration_ns));
        FfiFuture::new(Leased::new(sleep, lease))
    }
}

fn log_record(id: &str, record: &LogRecord<'_>) {
    let level = match record.level.0 {
        0 => return,
        1 => log::Level::Error,
        2 => log::Level::Warn,
        3 => log::Level::Info,
        4 => log::Level::Debug,
        _ => log::Level::Trace,
    };
    let fields: Vec<(&str, &str)> = record
        .fields
        .as_slice()
        .iter()
        .map(|field| (field.key.as_str(), field.value.as_str()))
        .collect();
    log::logger().log(
        &log::Record::builder()
            .level(level)
            .target(id)
            .module_path(Some(record.target.as_str()))
            .file(Some(record.file.as_str()).filter(|file| !file.is_empty()))
            .line(Some(record.line).filter(|line| *line > 0))
            .key_values(&fields.as_slice())
            .args(format_args!("{}", record.message))
            .build(),
    );
}

/// A request from one plugin to another. The answer is copied into the host's memory, so that it
/// may outlive the plugin that gave it.
async fn ask(
    room: &Room,
    plugin: RStr<'_>,
    request: &Request<'_>,
) -> Result<RBox<Response>, Failure> {
    check(room.id.as_str(), plugin.as_str(), request)?;
    let registry = &room.shared.registry;
    let refused = || not_serving(plugin.as_str(), registry.state(plugin.as_str()));
    let Some(slot) = registry.serving(plugin.as_str()) else {
        return Err(refused());
    };
    let Some(entered) = slot.enter() else {
        return Err(refused());
    };
    let caller = [Header::new("caller", room.id.as_str().as_bytes())];
    let request = Request {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        extensions: RSlice::from_slice(&caller),
        body: request.body,
        stream: ROption::RNone,
    };
    // The answer is dropped before the entry that keeps its memory.
    let response = chain::link(entered.handle(&request)).await?;
    Ok(RBox::new(copy(&response)))
}

/// Refuses what cannot be handed on: a streamed body, and the last link of a chain that is too long.
fn check(id: &str, plugin: &str, request: &Request<'_>) -> Result<(), Failure> {
    if request.stream.is_rsome() {
        let text =
            "a request with a streamed body, which this host does not take: it has to be whole";
        return Err(Failure::new(FailureCode::UNSUPPORTED, text));
    }
    let length = chain::length();
    if length >= chain::MAX_CHAIN {
        let text = format!(
            "`{id}` asks `{plugin}` at the end of a chain of {length} requests that wait for each \
             other, and there may be no more: do not ask in a ring, or let a task ask"
        );
        return Err(Failure::new(FailureCode::FULL, text));
    }
    Ok(())
}

pub(crate) fn not_serving(id: &str, state: Option<State>) -> Failure {
    match state {
        None => Failure::new(FailureCode::NOT_FOUND, format!("there is no plugin `{id}`")),
        Some(state) => Failure::new(FailureCode::UNAVAILABLE, format!("`{id}` is {state}")),
    }
}

fn copy(response: &Response) -> Response {
    Response {
        status: response.status,
        headers: response.headers.to_vec().into(),
        body: response.body.to_vec().into(),
        stream: ROption::RNone,
    }
}
