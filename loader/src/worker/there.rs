//! The process that started a worker: what it does for the plugin there.

use super::{
    speech::{Answered, Asked, HostCall, Item, Kept, long, read},
    wire::{Gone, Wire},
};
use crate::context::{Far, answer};
use jackfield_abi::{
    Bus, BusObject, Failure, FailureCode, RBox, ROption, RResult, RSlice, RStr, RVec, Request,
    Response, RetainedEvent, Storage, StorageEntry, StorageItem, StorageObject, SubscribeOptions,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use serde::de::DeserializeOwned;
use serde_bytes::{ByteBuf, Bytes};
use std::sync::Arc;

/// The process that started this one.
#[derive(Clone)]
pub(super) struct There(pub(super) Arc<Wire>);

fn gone(gone: &Gone) -> Failure {
    Failure::new(FailureCode::UNAVAILABLE, format!("the host {}", gone.0))
}

impl There {
    pub(super) fn ask<T: DeserializeOwned>(&self, call: &HostCall<'_>) -> Result<T, Failure> {
        let asked = self.0.call(call).map_err(long)?;
        read(&asked.wait().map_err(|why| gone(&why))?)
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

    /// Asks another plugin in this one's name.
    pub(super) async fn request(
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
        let answered: Answered<'_> = read(&said)?;
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
