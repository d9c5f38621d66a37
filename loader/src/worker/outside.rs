//! The host, as a plugin in a worker sees it: what is its own is done here, the rest by the process that
//! started this one.

use super::{
    speech::{HostCall, HostNote, record},
    there::There,
    wire::Wire,
};
use crate::{
    context::{Far, HostSide, Room, answer},
    ffi::Leased,
};
use jackfield_abi::{
    BorrowingFfiFuture, Bus, Failure, FailureCode, FfiFuture, Host, Level, LogRecord, PanicReport,
    ROption, RResult, RSlice, RStr, RString, RVec, Reply, Request, RetainedEvent,
    ServiceLeaseObject, ServiceOfferObject, StorageObject, SubscribeOptions,
    abi_stable::type_layout::TypeLayout,
};
use std::{future::ready, sync::Arc};

/// What the plugin's context is made of.
pub(super) struct Outside {
    own: HostSide,
    host: There,
    settings: RString,
}

impl Outside {
    pub(super) fn new(room: &Arc<Room>, wire: &Arc<Wire>, settings: &str) -> Self {
        let host = There(Arc::clone(wire));
        room.reaches(Arc::new(host.clone()));
        Self {
            own: HostSide(Arc::clone(room)),
            host,
            settings: settings.into(),
        }
    }
}

impl Host for Outside {
    fn id(&self) -> RStr<'_> {
        self.own.id()
    }

    fn config(&self) -> RString {
        let config: Result<String, _> = self.host.ask(&HostCall::Config);
        config.map_or_else(|_| self.own.config(), RString::from)
    }

    fn data_dir(&self) -> RResult<RString, Failure> {
        answer(|| {
            let path: String = self.host.ask(&HostCall::DataDir)?;
            Ok(path.into())
        })
    }

    fn storage(&self) -> RResult<StorageObject, Failure> {
        answer(|| Ok(Far::storage(&self.host)))
    }

    fn log_level(&self) -> Level {
        self.own.log_level()
    }

    fn log(&self, said: &LogRecord<'_>) {
        self.host.0.note(&record(said));
    }

    fn panicked(&self, report: &PanicReport<'_>) {
        self.own.panicked(report);
        self.host.0.note(&HostNote::Panicked {
            message: report.message.as_str(),
            file: report.file.as_str(),
            line: report.line,
            column: report.column,
        });
    }

    fn publish(
        &self,
        topic: RStr<'_>,
        payload: RSlice<'_, u8>,
        flags: u32,
    ) -> RResult<(), Failure> {
        self.host.publish(topic, payload, flags)
    }

    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure> {
        self.host.subscribe(pattern, options)
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        self.host.unsubscribe(subscription)
    }

    fn dropped(&self, subscription: u64) -> ROption<u64> {
        self.host.dropped(subscription)
    }

    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        self.host.last(topic)
    }

    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure> {
        self.host.clear_retained(topic)
    }

    fn request<'a>(
        &'a self,
        plugin: RStr<'a>,
        request: &'a Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        let lease = match self.own.0.lease() {
            Ok(lease) => lease,
            Err(failure) => {
                *reply = ROption::RSome(RResult::RErr(failure));
                return BorrowingFfiFuture::new(ready(()));
            }
        };
        let call = async move {
            *reply = ROption::RSome(self.host.request(plugin, request).await.into());
        };
        BorrowingFfiFuture::new(Leased::new(call, lease))
    }

    fn provide(
        &self,
        service: RStr<'_>,
        _version: RStr<'_>,
        _offer: ServiceOfferObject,
    ) -> RResult<(), Failure> {
        let text = format!(
            "service `{service}` is typed: it cannot be provided from a process of its own; take \
             `isolation` out of its configuration"
        );
        RResult::RErr(Failure::new(FailureCode::UNSUPPORTED, text))
    }

    fn require(
        &self,
        service: RStr<'_>,
        range: RStr<'_>,
        layout: &'static TypeLayout,
        all: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        self.own.require(service, range, layout, all)
    }

    fn spawn(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        self.own.spawn(name, task)
    }

    fn spawn_blocking(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        self.own.spawn_blocking(name, task)
    }

    fn cancel(&self, task: u64) -> bool {
        self.own.cancel(task)
    }

    fn schedule(&self, expression: RStr<'_>, after_ns: i64) -> RResult<FfiFuture<i64>, Failure> {
        self.own.schedule(expression, after_ns)
    }

    fn steady_ns(&self) -> u64 {
        self.own.steady_ns()
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        self.own.sleep(duration_ns)
    }

    fn settings(&self) -> RString {
        self.settings.clone()
    }
}

/// The log of a worker: the host's.
pub(super) struct Logger(Arc<Wire>);

impl Logger {
    pub(super) fn new(wire: &Arc<Wire>) -> Self {
        log::set_max_level(log::LevelFilter::Info);
        Self(Arc::clone(wire))
    }
}

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.note(&HostNote::Log {
            level: record.level() as u32,
            is_own: false,
            target: record.target(),
            message: &record.args().to_string(),
            file: record.file().unwrap_or_default(),
            line: record.line().unwrap_or_default(),
            fields: Vec::new(),
        });
    }

    fn flush(&self) {}
}
