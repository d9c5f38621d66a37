//! What a plugin may ask of its host, each method bound to whose it is.

use super::{Room, ask::ask, record::log_record};
use crate::{
    bus::{BusError, SubscribeOptions},
    ffi::{Leased, guard},
    services, storage, wake,
};
use jackfield_abi::{
    BorrowingFfiFuture, Failure, FailureCode, FfiFuture, Level, LogRecord, PanicReport, ROption,
    RResult, RSlice, RStr, RString, RVec, Reply, Request, RetainedEvent, ServiceLeaseObject,
    ServiceOfferObject, StorageObject, abi_stable::type_layout::TypeLayout,
};
use std::{
    fmt, fs,
    future::ready,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::{Duration, Instant},
};

/// From when [`steady_ns`](jackfield_abi::Host::steady_ns) counts.
static BEGINNING: OnceLock<Instant> = OnceLock::new();

/// The object that a plugin is given. It is dropped by plugin code, so it holds nothing whose drop
/// could unmap that code.
pub(crate) struct HostSide(pub(crate) Arc<Room>);

/// What the bus says, as a plugin is told of it.
fn told<R>(result: Result<R, BusError>) -> Result<R, Failure> {
    result.map_err(|error| error.failure())
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

impl HostSide {
    /// A panic that was told of, and logged, in a worker.
    #[cfg(unix)]
    pub(crate) fn told_of_panic(&self, report: &PanicReport<'_>) {
        self.0.count_panic();
        let _ = guard(|| self.0.poisoned(report));
    }

    /// The same for a plugin that is there still.
    fn answer<R>(&self, body: impl FnOnce(&Room) -> Result<R, Failure>) -> RResult<R, Failure> {
        answer(|| {
            self.0.stay()?;
            body(&self.0)
        })
    }
}

impl jackfield_abi::Host for HostSide {
    fn id(&self) -> RStr<'_> {
        self.0.id.as_str().into()
    }

    fn config(&self) -> RString {
        self.0.config.text().into()
    }

    fn data_dir(&self) -> RResult<RString, Failure> {
        self.answer(|room| {
            let path = &room.data_dir;
            let failed = |error: &dyn fmt::Display| {
                Failure::new(FailureCode::ERROR, format!("{}: {error}", path.display()))
            };
            fs::create_dir_all(path).map_err(|error| {
                failed(&format_args!(
                    "expected a directory, or room for one, found neither: {error}: move away what \
                     is in its place, make it writable, or choose another state directory"
                ))
            })?;
            let text = path.to_str().ok_or_else(|| {
                failed(
                    &"expected a name in UTF-8, since plugins get it as text, found other bytes: \
                          choose another state directory",
                )
            })?;
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
        let _ = guard(|| self.0.poisoned(report));
    }

    fn publish(
        &self,
        topic: RStr<'_>,
        payload: RSlice<'_, u8>,
        flags: u32,
    ) -> RResult<(), Failure> {
        self.answer(|room| told(room.publish(topic.as_str(), payload.as_slice(), flags)))
    }

    fn subscribe(
        &self,
        pattern: RStr<'_>,
        options: &jackfield_abi::SubscribeOptions,
    ) -> RResult<u64, Failure> {
        answer(|| {
            let options = told(SubscribeOptions::from_abi(options))?;
            told(self.0.subscribe(pattern.as_str(), options))
        })
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        let Room { shared, inbox, .. } = &*self.0;
        guard(|| shared.bus.unsubscribe(inbox, subscription)).unwrap_or(false)
    }

    fn dropped(&self, subscription: u64) -> ROption<u64> {
        guard(|| self.0.inbox.dropped_of(subscription))
            .unwrap_or_default()
            .into()
    }

    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        self.answer(|room| {
            let event = told(room.last(topic.as_str()))?;
            Ok(event.map(|event| event.to_abi()).into())
        })
    }

    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure> {
        self.answer(|room| told(room.clear_retained(topic.as_str())))
    }

    fn request<'a>(
        &'a self,
        plugin: RStr<'a>,
        request: &'a Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        let lease = match self.0.stay().and_then(|()| self.0.lease()) {
            Ok(lease) => lease,
            Err(failure) => {
                *reply = ROption::RSome(RResult::RErr(failure));
                return BorrowingFfiFuture::new(ready(()));
            }
        };
        let call = async move {
            *reply = ROption::RSome(ask(&self.0, plugin, request).await.into());
        };
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
        self.answer(|_| services::require(&self.0, service.as_str(), range.as_str(), layout, all))
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
        self.answer(|room| {
            let executor = &room.shared.executor;
            wake::schedule(executor, room.lease()?, expression.as_str(), after_ns)
        })
    }

    fn steady_ns(&self) -> u64 {
        let since = BEGINNING.get_or_init(Instant::now).elapsed();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn settings(&self) -> RString {
        self.0.sessions.to_json().into()
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        let Ok(lease) = self.0.lease() else {
            return FfiFuture::new(ready(()));
        };
        let duration = Duration::from_nanos(duration_ns);
        // An executor is foreign code.
        match guard(|| self.0.shared.executor.sleep(duration)) {
            Ok(sleep) => FfiFuture::new(Leased::new(sleep, lease)),
            Err(_) => FfiFuture::new(ready(())),
        }
    }
}
