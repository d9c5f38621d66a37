//! What a plugin in a worker asks of its host: done here by what answers a plugin in this process.

use super::{
    process::Process,
    speech::{Answered, HostCall, HostNote, Item, Kept, Outcome, Refusal},
    wire::{Listener, Wire},
};
use crate::{
    context::{HostSide, Room, Shared, log_fields},
    topology,
};
use futures_util::future::{AbortHandle, abortable};
use jackfield_abi::{
    Failure, FailureCode, Host, PanicReport, QueuePolicy, ROption, RResult, RSlice, StorageItem,
    StorageObject, SubscribeOptions,
};
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_bytes::{ByteBuf, Bytes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Takes what one worker asks.
pub(super) struct Desk {
    wire: Arc<Wire>,
    process: Weak<Process>,
    shared: Arc<Shared>,
    /// Requests to other plugins that are under way.
    requests: Arc<Mutex<FxHashMap<u64, AbortHandle>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub(super) fn new(wire: &Arc<Wire>, process: Weak<Process>, shared: Arc<Shared>) -> Self {
        Self {
            wire: Arc::clone(wire),
            process,
            shared,
            requests: Arc::default(),
        }
    }

    fn room(&self) -> Option<Arc<Room>> {
        self.process.upgrade()?.room()
    }

    /// The next part of a request's body is wanted.
    fn next(&self, number: u64, body: u64) {
        let process = self.process.upgrade();
        if !process.is_some_and(|process| process.want(body, number)) {
            let text = "there is no such body, or two read it at once: read it from one place";
            let refusal = Refusal::new(FailureCode::INVALID, text);
            self.wire.refuse(number, refusal);
        }
    }

    /// Asks another plugin in this one's name.
    fn request(&self, room: Arc<Room>, number: u64, said: Vec<u8>) {
        let (wire, requests) = (Arc::clone(&self.wire), Arc::clone(&self.requests));
        let (asking, handle) = abortable(async move {
            let outcome = request(room, &said, &wire, number).await;
            if let Err(refusal) = outcome {
                wire.refuse(number, refusal);
            }
        });
        lock(&self.requests).insert(number, handle);
        self.shared.executor.spawn(Box::pin(async move {
            // Taken back or not, nothing is left of it.
            let _ = asking.await;
            lock(&requests).remove(&number);
        }));
    }
}

impl Listener for Desk {
    fn call(&self, number: u64, said: Vec<u8>) {
        let Some(room) = self.room() else {
            let refusal = Refusal::new(FailureCode::UNAVAILABLE, "the plugin has stopped");
            return self.wire.refuse(number, refusal);
        };
        match postcard::from_bytes(&said) {
            Ok(HostCall::Request { .. }) => return self.request(room, number, said),
            Ok(HostCall::Next(body)) => return self.next(number, body),
            _ => {}
        }
        let wire = Arc::clone(&self.wire);
        // What reads must not wait: a publisher may have to, and a disk.
        self.shared.executor.spawn_blocking(Box::new(move || {
            let host = HostSide(room);
            match postcard::from_bytes(&said) {
                Ok(call) => carry_out(&host, &wire, number, &call),
                Err(_) => {
                    let refusal = Refusal::new(FailureCode::INVALID, "that makes no sense");
                    wire.refuse(number, refusal);
                }
            }
        }));
    }

    fn cancel(&self, number: u64) {
        if let Some(handle) = lock(&self.requests).remove(&number) {
            handle.abort();
        }
    }

    fn note(&self, said: &[u8]) {
        let Some(room) = self.room() else { return };
        match postcard::from_bytes(said) {
            Ok(HostNote::Log {
                level,
                is_own,
                target,
                message,
                file,
                line,
                fields,
            }) => {
                let id = if is_own { room.id.as_str() } else { target };
                log_fields(id, level, target, (file, line), &message, &fields);
            }
            Ok(HostNote::Panicked {
                message,
                file,
                line,
                column,
            }) => HostSide(room).told_of_panic(&PanicReport {
                message: message.into(),
                file: file.into(),
                line,
                column,
                frames: RSlice::EMPTY,
            }),
            Err(_) => log::warn!("{}: its worker says something that makes no sense", room.id),
        }
    }
}

fn reply<T: Serialize>(wire: &Wire, number: u64, outcome: Outcome<T>) {
    wire.reply(number, &outcome);
}

fn said<T>(result: RResult<T, Failure>) -> Outcome<T> {
    result.into_result().map_err(Refusal::from)
}

fn carry_out(host: &HostSide, wire: &Wire, number: u64, call: &HostCall<'_>) {
    match call {
        HostCall::DataDir => {
            let path = said(host.data_dir()).map(String::from);
            reply(wire, number, path);
        }
        HostCall::Topology => {
            let snapshot = topology::snapshot(&host.0.shared);
            reply(wire, number, Ok(snapshot.to_string()));
        }
        HostCall::Config => reply(wire, number, Ok(String::from(host.config()))),
        HostCall::Publish {
            topic,
            payload,
            flags,
        } => {
            let payload = RSlice::from_slice(payload);
            reply(
                wire,
                number,
                said(host.publish((*topic).into(), payload, *flags)),
            );
        }
        HostCall::Unsubscribe(subscription) => {
            reply(wire, number, Ok(host.unsubscribe(*subscription)));
        }
        HostCall::Dropped(subscription) => {
            reply(wire, number, Ok(host.dropped(*subscription).into_option()));
        }
        HostCall::Last(topic) => reply(wire, number, last(host, topic)),
        HostCall::ClearRetained(topic) => {
            reply(wire, number, said(host.clear_retained((*topic).into())));
        }
        HostCall::Subscribe {
            pattern,
            flags,
            policy,
            capacity,
            wait_ns,
        } => {
            let options = SubscribeOptions {
                flags: *flags,
                policy: QueuePolicy(*policy),
                capacity: *capacity,
                reserved: 0,
                wait_ns: *wait_ns,
            };
            reply(
                wire,
                number,
                said(host.subscribe((*pattern).into(), &options)),
            );
        }
        HostCall::Get(key) => {
            let value = storage(host).and_then(|storage| {
                let value = said(storage.get(RSlice::from_slice(key)))?;
                Ok(value
                    .into_option()
                    .map(|value| ByteBuf::from(value.into_vec())))
            });
            reply(wire, number, value);
        }
        HostCall::Scan {
            prefix,
            after,
            limit,
        } => reply(wire, number, scan(host, prefix, after, *limit)),
        HostCall::Commit { expected, writes } => {
            reply(wire, number, commit(host, expected, writes));
        }
        HostCall::Request { .. } | HostCall::Next(_) => {
            let refusal = Refusal::new(FailureCode::UNSUPPORTED, "that is not asked for here");
            wire.refuse(number, refusal);
        }
    }
}

fn last(host: &HostSide, topic: &str) -> Outcome<Option<Kept>> {
    let kept = said(host.last(topic.into()))?.into_option();
    Ok(kept.map(|kept| Kept {
        publisher: kept.publisher.into(),
        payload: ByteBuf::from(kept.payload.into_vec()),
        sequence: kept.sequence,
        time_ns: kept.time_ns,
    }))
}

fn storage(host: &HostSide) -> Outcome<StorageObject> {
    said(host.storage())
}

fn scan(
    host: &HostSide,
    prefix: &[u8],
    after: &[u8],
    limit: u64,
) -> Outcome<Vec<(ByteBuf, ByteBuf)>> {
    let (prefix, after) = (RSlice::from_slice(prefix), RSlice::from_slice(after));
    let entries = said(storage(host)?.scan(prefix, after, limit))?;
    let entries = entries.into_iter().map(|entry| {
        let (key, value) = (entry.key.into_vec(), entry.value.into_vec());
        (ByteBuf::from(key), ByteBuf::from(value))
    });
    Ok(entries.collect())
}

fn commit(host: &HostSide, expected: &[Item<'_>], writes: &[Item<'_>]) -> Outcome<bool> {
    fn items<'a>(items: &'a [Item<'_>]) -> Vec<StorageItem<'a>> {
        let items = items.iter().map(|item| StorageItem {
            key: RSlice::from_slice(item.key),
            value: ROption::from(item.value.map(|value| RSlice::from_slice(value))),
        });
        items.collect()
    }
    let (expected, writes) = (items(expected), items(writes));
    let (expected, writes) = (RSlice::from_slice(&expected), RSlice::from_slice(&writes));
    said(storage(host)?.commit(expected, writes))
}

/// Asks another plugin, and says what it answered.
async fn request(room: Arc<Room>, call: &[u8], wire: &Wire, number: u64) -> Result<(), Refusal> {
    let Ok(HostCall::Request { plugin, request }) = postcard::from_bytes(call) else {
        return Err(Refusal::new(FailureCode::INVALID, "that makes no sense"));
    };
    if request.is_streamed {
        let text =
            "a request with a streamed body, which this host does not take: it has to be whole";
        return Err(Refusal::new(FailureCode::UNSUPPORTED, text));
    }
    let (headers, extensions) = (request.headers(), request.extensions());
    let request = request.request(&headers, &extensions);
    let response = room.ask(plugin.into(), &request).await?;
    let answered = Answered {
        status: response.status,
        headers: Bytes::new(&response.headers),
        body: Bytes::new(&response.body),
        is_streamed: false,
    };
    reply(wire, number, Ok(answered));
    Ok(())
}
