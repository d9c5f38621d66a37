//! Events, to the plugin and from it.

use crate::stage::lock;
use jackfield_abi::{Failure, RetainedEvent, SUBSCRIBE_QUICK, SubscribeOptions};
use jackfield_loader::{
    BusError, MAX_PAYLOAD_LEN, MAX_RETAINED_BYTES_OF_ONE, MAX_RETAINED_OF_ONE, MAX_SUBSCRIPTIONS,
    testkit::{Hears, bus_failure, cost, topic},
};
use std::{
    collections::{BTreeMap, VecDeque},
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
    waiting: VecDeque<Event>,
    is_open: bool,
    /// The plugin is stopping.
    is_closed: bool,
}

struct Subscribed {
    id: u64,
    hears: Hears,
    /// It has no queue: an event is handed over inside whoever publishes.
    is_quick: bool,
    dropped: u64,
}

/// What becomes of an event.
pub(crate) enum Pushed {
    /// Nothing: nobody hears it, or it waits until the plugin runs.
    Nothing,
    /// Somebody has to hand out what waits.
    Waits,
    /// It is handed over at once.
    Quick(Event),
}

/// The last values of topics. They outlive the plugin, as they do in a host.
pub(crate) type Retained = BTreeMap<String, RetainedEvent>;

/// Refuses what is more than one publisher may have retained: all of it is the plugin's.
pub(crate) fn check_retained(
    retained: &Retained,
    topic: &str,
    payload: &[u8],
) -> Result<(), Failure> {
    let others = retained.iter().filter(|(known, _)| *known != topic);
    let bytes = others
        .clone()
        .map(|(topic, event)| cost(topic, &event.payload));
    let bytes = bytes.sum::<usize>() + cost(topic, payload);
    let topics = others.count() + 1;
    if topics > MAX_RETAINED_OF_ONE || bytes > MAX_RETAINED_BYTES_OF_ONE {
        return Err(bus_failure(&BusError::RetainedOfOne { topics, bytes }));
    }
    Ok(())
}

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
        if state.is_closed {
            return Err(bus_failure(&BusError::Stopping));
        }
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
        state.subscriptions.push(Subscribed {
            id,
            hears,
            is_quick: options.flags & SUBSCRIBE_QUICK != 0,
            dropped: 0,
        });
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

    /// Whether an event on that topic is handed over at once.
    pub(crate) fn is_quick(&self, topic: &str) -> bool {
        let state = lock(&self.0);
        let mut subscriptions = state.subscriptions.iter();
        let first = subscriptions.find(|known| known.hears.topic(topic));
        first.is_some_and(|known| known.is_quick)
    }

    /// How many events of a subscription found no room.
    pub(crate) fn dropped(&self, id: u64) -> Option<u64> {
        let state = lock(&self.0);
        let known = state.subscriptions.iter().find(|known| known.id == id)?;
        Some(known.dropped)
    }

    /// Has an event wait if the plugin hears it, or gives it back to be handed over.
    pub(crate) fn push(
        &self,
        topic: &str,
        publisher: &str,
        payload: &[u8],
        sequence: u64,
        time_ns: u64,
    ) -> Pushed {
        let mut state = lock(&self.0);
        let mut subscriptions = state.subscriptions.iter();
        let Some(&Subscribed { id, is_quick, .. }) =
            subscriptions.find(|known| known.hears.topic(topic))
        else {
            return Pushed::Nothing;
        };
        let event = Event {
            topic: topic.to_owned(),
            publisher: publisher.to_owned(),
            payload: payload.to_vec(),
            sequence,
            time_ns,
            subscription: id,
        };
        match (is_quick, state.is_open) {
            (true, true) => return Pushed::Quick(event),
            // What is published before the plugin runs does not come.
            (true, false) => return Pushed::Nothing,
            (false, _) => state.queue(event),
        }
        match state.is_open {
            true => Pushed::Waits,
            false => Pushed::Nothing,
        }
    }

    /// From now on events are handed out; how many wait.
    pub(crate) fn open(&self) -> usize {
        let mut state = lock(&self.0);
        state.is_open = true;
        state.waiting.len()
    }

    /// Hands out nothing any more, and takes no subscription.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.0);
        state.is_open = false;
        state.is_closed = true;
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
