//! The host, as a plugin in a worker sees it: what is its own is done here, the rest by the process that
//! started this one.

use super::{
    speech::{Answered, Asked, HostCall, HostNote, Item, Kept, Outcome, Refusal, record},
    wait::wait,
    wire::{Gone, Wire},
};
use crate::{
    context::{Far, HostSide, Room, answer},
    ffi::Leased,
};
use jackfield_abi::{
    BorrowingFfiFuture, Bus, BusObject, Failure, FailureCode, FfiFuture, Host, Level, LogRecord,
    PanicReport, RBox, ROption, RResult, RSlice, RStr, RString, RVec, Reply, Request, Response,
    RetainedEvent, ServiceLeaseObject, ServiceOfferObject, Storage, StorageEntry, StorageItem,
    StorageObject, SubscribeOptions,
    abi_stable::{type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use serde::de::DeserializeOwned;
use serde_bytes::{ByteBuf, Bytes};
use std::{future::ready, sync::Arc};

/// What the plugin's context is made of.
pub(super) struct Outside {
    own: HostSide,
    host: There,
    settings: RString,
}

/// The process that started this one.
#[derive(Clone)]
pub(super) struct There(Arc<Wire>);

fn gone(gone: &Gone) -> Failure {
    Failure::new(FailureCode::UNAVAILABLE, format!("the host {}", gone.0))
}

fn read<T: DeserializeOwned>(said: &[u8]) -> Result<T, Failure> {
    let outcome: Outcome<T> = postcard::from_bytes(said).map_err(|_| garbled())?;
    outcome.map_err(Failure::from)
}

fn garbled() -> Failure {
    Failure::new(
        FailureCode::ERROR,
        "the host said something that is no answer",
    )
}

fn long(length: usize) -> Failure {
    Refusal::long(length).into()
}

impl There {
    fn ask<T: DeserializeOwned>(&self, call: &HostCall<'_>) -> Result<T, Failure> {
        let asked = self.0.call(call).map_err(long)?;
        let said = wait(asked, None).unwrap_or_else(|| Err(Gone("ended".to_owned())));
        read(&said.map_err(|why| gone(&why))?)
    }

    fn told<T: DeserializeOwned>(&self, call: &HostCall<'_>) -> RResult<T, Failure> {
        answer(|| self.ask(call))
    }

    /// The next part of a request's body.
    pub(super) async fn next(wire: &Arc<Wire>, request: u64) -> Result<Option<Vec<u8>>, Failure> {
        let said = wire.call(&HostCall::Next(request)).map_err(long)?.await;
        let part: Option<ByteBuf> = read(&said.map_err(|why| gone(&why))?)?;
        Ok(part.map(ByteBuf::into_vec))
    }

    async fn request(
        &self,
        plugin: RStr<'_>,
        request: &Request<'_>,
    ) -> Result<RBox<Response>, Failure> {
        let call = HostCall::Request {
            plugin: plugin.as_str(),
            request: Asked::new(request),
        };
        let said = self.0.call(&call).map_err(long)?.await;
        let said = said.map_err(|why| gone(&why))?;
        let outcome: Outcome<Answered<'_>> = postcard::from_bytes(&said).map_err(|_| garbled())?;
        let answered = outcome.map_err(Failure::from)?;
        Ok(RBox::new(Response {
            status: answered.status,
            headers: answered.headers.to_vec().into(),
            body: answered.body.to_vec().into(),
            stream: ROption::RNone,
        }))
    }
}

impl Bus for There {
    fn publish(
        &self,
        topic: RStr<'_>,
        payload: RSlice<'_, u8>,
        flags: u32,
    ) -> RResult<(), Failure> {
        self.told(&HostCall::Publish {
            topic: topic.as_str(),
            payload: Bytes::new(payload.as_slice()),
            flags,
        })
    }

    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        answer(|| {
            let kept: Option<Kept> = self.ask(&HostCall::Last(topic.as_str()))?;
            let kept = kept.map(|kept| RetainedEvent {
                publisher: kept.publisher.into(),
                payload: kept.payload.into_vec().into(),
                sequence: kept.sequence,
                time_ns: kept.time_ns,
            });
            Ok(kept.into())
        })
    }

    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure> {
        self.told(&HostCall::ClearRetained(topic.as_str()))
    }

    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure> {
        self.told(&HostCall::Subscribe {
            pattern: pattern.as_str(),
            flags: options.flags,
            policy: options.policy.0,
            capacity: options.capacity,
            wait_ns: options.wait_ns,
        })
    }

    fn dropped(&self, subscription: u64) -> ROption<u64> {
        let dropped: Result<Option<u64>, _> = self.ask(&HostCall::Dropped(subscription));
        dropped.unwrap_or_default().into()
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        let call = HostCall::Unsubscribe(subscription);
        self.ask(&call).unwrap_or_default()
    }
}

impl Storage for There {
    fn get(&self, key: RSlice<'_, u8>) -> RResult<ROption<RVec<u8>>, Failure> {
        answer(|| {
            let key = Bytes::new(key.as_slice());
            let value: Option<ByteBuf> = self.ask(&HostCall::Get(key))?;
            Ok(value.map(|value| RVec::from(value.into_vec())).into())
        })
    }

    fn scan(
        &self,
        prefix: RSlice<'_, u8>,
        after: RSlice<'_, u8>,
        limit: u64,
    ) -> RResult<RVec<StorageEntry>, Failure> {
        answer(|| {
            let entries: Vec<(ByteBuf, ByteBuf)> = self.ask(&HostCall::Scan {
                prefix: Bytes::new(prefix.as_slice()),
                after: Bytes::new(after.as_slice()),
                limit,
            })?;
            let entries = entries.into_iter().map(|(key, value)| StorageEntry {
                key: key.into_vec().into(),
                value: value.into_vec().into(),
            });
            Ok(entries.collect())
        })
    }

    fn commit(
        &self,
        expected: RSlice<'_, StorageItem<'_>>,
        writes: RSlice<'_, StorageItem<'_>>,
    ) -> RResult<bool, Failure> {
        fn items<'a>(items: RSlice<'a, StorageItem<'a>>) -> Vec<Item<'a>> {
            let items = items.as_slice().iter().map(|item| Item {
                key: Bytes::new(item.key.as_slice()),
                value: item
                    .value
                    .into_option()
                    .map(|value| Bytes::new(value.as_slice())),
            });
            items.collect()
        }
        self.told(&HostCall::Commit {
            expected: items(expected),
            writes: items(writes),
        })
    }
}

impl Far for There {
    fn bus(&self) -> BusObject {
        BusObject::from_value(self.clone(), TD_Opaque)
    }

    fn snapshot(&self) -> String {
        let snapshot: Result<String, _> = self.ask(&HostCall::Topology);
        snapshot.unwrap_or_else(|_| "{\"edges\":{}}".to_owned())
    }

    fn storage(&self) -> StorageObject {
        StorageObject::from_value(self.clone(), TD_Opaque)
    }
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
