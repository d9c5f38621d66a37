//! Events, to the plugin and from it.

use crate::stage::lock;
use jackfield_abi::{Failure, RetainedEvent, SubscribeOptions};
use jackfield_loader::{
    BusError, MAX_PAYLOAD_LEN, MAX_SUBSCRIPTIONS,
    testkit::{Hears, bus_failure, topic},
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Mutex,
};

/// An event on its way to the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) topic: String,
    pub(crate) publisher: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) sequence: u64,
    pub(crate) time_ns: u64,
    pub(crate) subscription: u64,
}

/// What one run of a plugin has subscribed to, and what waits for it.
#[derive(Default)]
pub(crate) struct Bus(Mutex<State>);

#[derive(Default)]
struct State {
    last: u64,
    subscriptions: Vec<Subscribed>,
    sequences: HashMap<String, u64>,
    waiting: VecDeque<Event>,
    is_open: bool,
}

struct Subscribed {
    id: u64,
    hears: Hears,
    dropped: u64,
}

/// The last values of topics. They outlive the plugin, as they do in a host.
pub(crate) type Retained = BTreeMap<String, RetainedEvent>;

/// Refuses what a host's bus does not take.
pub(crate) fn check(name: &str, payload: &[u8]) -> Result<(), Failure> {
    check_topic(name)?;
    if payload.len() > MAX_PAYLOAD_LEN {
        return Err(bus_failure(&BusError::TooLarge(payload.len())));
    }
    Ok(())
}

/// Refuses what is no topic.
pub(crate) fn check_topic(name: &str) -> Result<(), Failure> {
    topic(name).map_err(|error| bus_failure(&error))
}

impl Bus {
    /// The subscription's number, and how many last values wait for it now.
    pub(crate) fn subscribe(
        &self,
        pattern: &str,
        options: &SubscribeOptions,
        retained: &Retained,
    ) -> Result<(u64, usize), Failure> {
        let hears = Hears::new(pattern, options).map_err(|error| bus_failure(&error))?;
        let mut state = lock(&self.0);
        if state.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return Err(bus_failure(&BusError::Full));
        }
        state.last += 1;
        let id = state.last;
        let wanted = retained
            .iter()
            .filter(|(topic, _)| hears.wants_retained() && hears.topic(topic));
        let events: Vec<Event> = wanted
            .map(|(topic, event)| Event {
                topic: topic.clone(),
                publisher: event.publisher.to_string(),
                payload: event.payload.to_vec(),
                sequence: event.sequence,
                time_ns: event.time_ns,
                subscription: id,
            })
            .collect();
        let dropped = 0;
        state.subscriptions.push(Subscribed { id, hears, dropped });
        for event in events {
            state.queue(event);
        }
        let waiting = state.waiting_for(id);
        Ok((id, if state.is_open { waiting } else { 0 }))
    }

    pub(crate) fn unsubscribe(&self, id: u64) -> bool {
        let mut state = lock(&self.0);
        let before = state.subscriptions.len();
        state.subscriptions.retain(|known| known.id != id);
        state.subscriptions.len() < before
    }

    /// How many events of a subscription found no room.
    pub(crate) fn dropped(&self, id: u64) -> Option<u64> {
        let state = lock(&self.0);
        let known = state.subscriptions.iter().find(|known| known.id == id)?;
        Some(known.dropped)
    }

    /// The number of a publisher's next event.
    pub(crate) fn count(&self, publisher: &str) -> u64 {
        let mut state = lock(&self.0);
        let sequence = state.sequences.entry(publisher.to_owned()).or_default();
        *sequence += 1;
        *sequence
    }

    /// Has an event wait if the plugin hears it: true where somebody has to hand it out.
    pub(crate) fn push(
        &self,
        topic: &str,
        publisher: &str,
        payload: &[u8],
        sequence: u64,
        time_ns: u64,
    ) -> bool {
        let mut state = lock(&self.0);
        let mut subscriptions = state.subscriptions.iter();
        let Some(&Subscribed { id, .. }) = subscriptions.find(|known| known.hears.topic(topic))
        else {
            return false;
        };
        state.queue(Event {
            topic: topic.to_owned(),
            publisher: publisher.to_owned(),
            payload: payload.to_vec(),
            sequence,
            time_ns,
            subscription: id,
        });
        state.is_open
    }

    /// From now on events are handed out; how many wait.
    pub(crate) fn open(&self) -> usize {
        let mut state = lock(&self.0);
        state.is_open = true;
        state.waiting.len()
    }

    /// Hands out nothing any more.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.0);
        state.is_open = false;
        state.waiting.clear();
        state.subscriptions.clear();
    }

    pub(crate) fn next(&self) -> Option<Event> {
        let mut state = lock(&self.0);
        if state.is_open {
            state.waiting.pop_front()
        } else {
            None
        }
    }
}

impl State {
    fn waiting_for(&self, id: u64) -> usize {
        let of = |event: &&Event| event.subscription == id;
        self.waiting.iter().filter(of).count()
    }

    /// Puts an event in, or does with it what its subscription says. Nobody waits for room here: what
    /// would is dropped.
    fn queue(&mut self, event: Event) {
        let id = event.subscription;
        let waiting = self.waiting_for(id);
        let Some(known) = self.subscriptions.iter_mut().find(|known| known.id == id) else {
            return;
        };
        if waiting >= known.hears.capacity() {
            known.dropped += 1;
            if !known.hears.drops_oldest() {
                return;
            }
            let oldest = self
                .waiting
                .iter()
                .position(|event| event.subscription == id);
            oldest.and_then(|oldest| self.waiting.remove(oldest));
        }
        self.waiting.push_back(event);
    }
}
