//! Events, to the plugin and from it.

use crate::stage::lock;
use jackfield_abi::Failure;
use jackfield_loader::BusError;
use jackfield_loader::{
    MAX_PAYLOAD_LEN, MAX_SUBSCRIPTIONS, QUEUE_LEN,
    testkit::{Hears, bus_failure, topic},
};
use std::{
    collections::{HashMap, VecDeque},
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
    subscriptions: Vec<(u64, Hears)>,
    sequences: HashMap<String, u64>,
    waiting: VecDeque<Event>,
    is_open: bool,
}

/// Refuses what a host's bus does not take.
pub(crate) fn check(name: &str, payload: &[u8]) -> Result<(), Failure> {
    topic(name).map_err(|error| bus_failure(&error))?;
    if payload.len() > MAX_PAYLOAD_LEN {
        return Err(bus_failure(&BusError::TooLarge(payload.len())));
    }
    Ok(())
}

impl Bus {
    pub(crate) fn subscribe(&self, pattern: &str) -> Result<u64, Failure> {
        let hears = Hears::new(pattern).map_err(|error| bus_failure(&error))?;
        let mut state = lock(&self.0);
        if state.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return Err(bus_failure(&BusError::Full));
        }
        state.last += 1;
        let id = state.last;
        state.subscriptions.push((id, hears));
        Ok(id)
    }

    pub(crate) fn unsubscribe(&self, id: u64) -> bool {
        let mut state = lock(&self.0);
        let before = state.subscriptions.len();
        state.subscriptions.retain(|(known, _)| *known != id);
        state.subscriptions.len() < before
    }

    /// Has an event wait if the plugin hears it: true where somebody has to hand it out.
    pub(crate) fn push(&self, topic: &str, publisher: &str, payload: &[u8], time_ns: u64) -> bool {
        let mut state = lock(&self.0);
        let sequence = state.sequences.entry(publisher.to_owned()).or_default();
        *sequence += 1;
        let sequence = *sequence;
        let mut subscriptions = state.subscriptions.iter();
        let Some(&(subscription, _)) = subscriptions.find(|(_, hears)| hears.topic(topic)) else {
            return false;
        };
        if state.waiting.len() >= QUEUE_LEN {
            state.waiting.pop_front();
        }
        state.waiting.push_back(Event {
            topic: topic.to_owned(),
            publisher: publisher.to_owned(),
            payload: payload.to_vec(),
            sequence,
            time_ns,
            subscription,
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
