use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Bytes of events that are kept, for those who read slowly and for those who come back.
const KEPT: usize = 1 << 20;

/// An event that is to be told.
#[derive(Debug)]
pub(in crate::gateway) struct News {
    /// Whose it is, where it is a plugin's.
    pub(in crate::gateway) plugin: Option<String>,
    /// What it is about.
    pub(in crate::gateway) topic: String,
    /// The JSON document.
    pub(in crate::gateway) json: Value,
}

/// What came at once, written down.
pub(super) struct Block {
    /// The number of its first event.
    pub(super) first: u64,
    pub(super) events: Vec<Event>,
    /// All of it as it is sent.
    pub(super) bytes: Bytes,
}

/// Where an event stands in its block, and what readers choose by.
pub(super) struct Event {
    pub(super) plugin: Option<String>,
    pub(super) topic: String,
    pub(super) place: Range<usize>,
}

/// All events since the host began, the last of them kept.
pub(in crate::gateway) struct Hub {
    /// Tells the events of this run from those of another.
    run: String,
    ring: Mutex<Ring>,
    /// The place behind the last block: whoever is there need not take the lock to learn that there is
    /// nothing.
    end: AtomicU64,
    more: Arc<Notify>,
    bell: Notify,
    readers: AtomicU64,
    too_slow: AtomicU64,
}

struct Ring {
    blocks: VecDeque<Arc<Block>>,
    /// The number of the first block that is kept.
    first: u64,
    bytes: usize,
    /// The number of the next event.
    next: u64,
    /// The event that every reader begins with.
    snapshot: Bytes,
    is_over: bool,
}

/// What a reader finds at its place.
pub(super) enum Found {
    Block(Arc<Block>),
    /// Nothing yet.
    Nothing,
    /// It was there once.
    Gone,
    /// Nothing any more.
    Over,
}

impl Hub {
    pub(in crate::gateway) fn new() -> Self {
        let mut run = [0; 4];
        // Without random numbers a reader that comes back from an earlier run is not told of a gap.
        let _ = getrandom::fill(&mut run);
        Self {
            run: format!("{:08x}", u32::from_ne_bytes(run)),
            ring: Mutex::new(Ring {
                blocks: VecDeque::new(),
                first: 0,
                bytes: 0,
                next: 0,
                snapshot: Bytes::new(),
                is_over: false,
            }),
            end: AtomicU64::new(0),
            more: Arc::default(),
            bell: Notify::new(),
            readers: AtomicU64::new(0),
            too_slow: AtomicU64::new(0),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every reader begins with from now on; those who read hear of it as of an event. Nothing
    /// where it is as before.
    pub(in crate::gateway) fn set_snapshot(&self, topic: &str, data: &Value) {
        let json = json!({ "topic": topic, "data": data });
        let mut snapshot = BytesMut::new();
        write(&mut snapshot, None, &json);
        let snapshot = snapshot.freeze();
        let mut ring = self.ring();
        if ring.snapshot == snapshot {
            return;
        }
        let is_first = ring.snapshot.is_empty();
        ring.snapshot = snapshot;
        if is_first {
            return;
        }
        let news = News {
            plugin: None,
            topic: topic.to_owned(),
            json,
        };
        self.append(ring, &[news]);
    }

    /// Tells all readers.
    pub(in crate::gateway) fn tell(&self, news: &[News]) {
        if !news.is_empty() {
            self.append(self.ring(), news);
        }
    }

    fn append(&self, mut ring: MutexGuard<'_, Ring>, news: &[News]) {
        let first = ring.next;
        let (mut bytes, mut events) = (BytesMut::new(), Vec::with_capacity(news.len()));
        for (number, news) in (first..).zip(news) {
            let begin = bytes.len();
            let id = format!("{}-{number}", self.run);
            write(&mut bytes, Some(&id), &news.json);
            events.push(Event {
                plugin: news.plugin.clone(),
                topic: news.topic.clone(),
                place: begin..bytes.len(),
            });
        }
        ring.next += events.len() as u64;
        let block = Block {
            first,
            events,
            bytes: bytes.freeze(),
        };
        self.push(ring, block);
    }

    /// A sign of life for readers, and for what stands between.
    pub(super) fn keep_alive(&self) {
        let ring = self.ring();
        let block = Block {
            first: ring.next,
            events: Vec::new(),
            bytes: Bytes::from_static(b": still here\n\n"),
        };
        self.push(ring, block);
    }

    fn push(&self, mut ring: MutexGuard<'_, Ring>, block: Block) {
        ring.push(block);
        if !ring.is_over {
            let end = ring.first + ring.blocks.len() as u64;
            self.end.store(end, Release);
        }
        drop(ring);
        self.bell.notify_one();
    }

    /// Wakes readers when there is something, until all streams are ended. They are woken from within
    /// the runtime: a thread outside would have to hand over each by itself.
    pub(in crate::gateway) async fn wake_readers(self: Arc<Self>) {
        loop {
            self.bell.notified().await;
            // What ends them after this look rings again.
            let is_over = self.ring().is_over;
            self.more.notify_waiters();
            if is_over {
                return;
            }
        }
    }

    /// How many read now.
    pub(in crate::gateway) fn readers(&self) -> u64 {
        self.readers.load(Relaxed)
    }

    /// How many were cut off since they did not keep up.
    pub(in crate::gateway) fn too_slow(&self) -> u64 {
        self.too_slow.load(Relaxed)
    }

    pub(super) fn note_too_slow(&self) {
        self.too_slow.fetch_add(1, Relaxed);
    }

    /// Ends all streams.
    pub(in crate::gateway) fn close(&self) {
        let mut ring = self.ring();
        ring.is_over = true;
        // Past all places, so that everybody looks.
        self.end.store(u64::MAX, Release);
        drop(ring);
        self.bell.notify_one();
    }

    /// Is ready when something came after this was called.
    pub(super) fn more(&self) -> OwnedNotified {
        Arc::clone(&self.more).notified_owned()
    }

    /// What is at a place.
    pub(super) fn at(&self, place: u64) -> Found {
        if place >= self.end.load(Acquire) {
            return Found::Nothing;
        }
        let ring = self.ring();
        let Some(index) = place.checked_sub(ring.first) else {
            return Found::Gone;
        };
        let block = usize::try_from(index)
            .ok()
            .and_then(|index| ring.blocks.get(index));
        match block {
            Some(block) => Found::Block(Arc::clone(block)),
            None if ring.is_over => Found::Over,
            None => Found::Nothing,
        }
    }

    /// Where to begin, with what is to be sent first: the snapshot, and for a reader that had events
    /// before, by the id of the last, either those since or that some are missing.
    pub(super) fn begin(&self, last: Option<&str>) -> Begin {
        let ring = self.ring();
        let end = ring.first + ring.blocks.len() as u64;
        let mut begin = Begin {
            first: ring.snapshot.clone(),
            place: end,
            skip_below: ring.next,
        };
        let Some(last) = last else { return begin };
        let number = last
            .strip_prefix(&*self.run)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|number| number.parse::<u64>().ok())
            .filter(|number| *number < ring.next);
        let kept = ring.blocks.front().map_or(ring.next, |block| block.first);
        let missed = match number {
            Some(number) => kept.saturating_sub(number + 1),
            None => 0,
        };
        if number.is_none() || missed > 0 {
            begin.say_gap(number.map(|_| missed));
        }
        let wanted = number.map_or(ring.next, |number| (number + 1).max(kept));
        let is_before = |block: &Arc<Block>| block.first + block.events.len() as u64 <= wanted;
        let before = ring.blocks.partition_point(is_before);
        begin.place = ring.first + before as u64;
        begin.skip_below = wanted;
        begin
    }
}

/// Counts a reader until it is dropped.
pub(super) struct Seat(Arc<Hub>);

impl Seat {
    pub(super) fn new(hub: &Arc<Hub>) -> Self {
        hub.readers.fetch_add(1, Relaxed);
        Self(Arc::clone(hub))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Relaxed);
    }
}

/// How a reader begins.
pub(super) struct Begin {
    /// What is sent first.
    pub(super) first: Bytes,
    /// The block to go on with.
    pub(super) place: u64,
    /// The number of the first event that it did not have.
    pub(super) skip_below: u64,
}

impl Begin {
    /// Says that events are missing, and how many where that is known.
    fn say_gap(&mut self, missed: Option<u64>) {
        let json = json!({ "topic": "gap", "data": { "missed": missed } });
        let mut bytes = BytesMut::from(&*self.first);
        write(&mut bytes, None, &json);
        self.first = bytes.freeze();
    }
}

impl Ring {
    fn push(&mut self, block: Block) {
        self.bytes += block.bytes.len();
        self.blocks.push_back(Arc::new(block));
        while self.bytes > KEPT && self.blocks.len() > 1 {
            if let Some(old) = self.blocks.pop_front() {
                self.bytes -= old.bytes.len();
                self.first += 1;
            }
        }
    }
}

/// One event: the JSON is on one line, since it escapes line breaks.
pub(super) fn write(bytes: &mut BytesMut, id: Option<&str>, json: &Value) {
    if let Some(id) = id {
        bytes.put_slice(b"id: ");
        bytes.put_slice(id.as_bytes());
        bytes.put_u8(b'\n');
    }
    bytes.put_slice(b"data: ");
    serde_json::to_writer(bytes.writer(), json).expect("memory takes it, and its keys are text");
    bytes.put_slice(b"\n\n");
}
