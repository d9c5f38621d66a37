use super::{Bus, BusError, Inbox, event::Origin};
use rustc_hash::FxHashMap;
use std::sync::{Arc, atomic::Ordering};

/// The most topics that one publisher remembers the route of.
const MAX_TOPICS: usize = 1024;
/// The most targets in all of these.
const MAX_TARGETS: usize = 4096;

/// One subscription, from where its events come.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) inbox: Arc<Inbox>,
    pub(super) id: u64,
    /// Its place in the inbox.
    pub(super) lane: u32,
}

/// Who hears a topic.
pub(super) struct Route {
    pub(super) origin: Arc<Origin>,
    pub(super) queued: Box<[Target]>,
    /// Who is called at once; nobody by the host.
    pub(super) quick: Box<[Target]>,
}

impl Route {
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.quick.is_empty()
    }

    fn targets(&self) -> usize {
        self.queued.len() + self.quick.len()
    }
}

/// What one publisher knows of who hears it: it asks the bus only for what is new.
#[derive(Default)]
pub(super) struct Routes {
    generation: u64,
    topics: FxHashMap<Arc<str>, Arc<Route>>,
    /// Most often the next is the same.
    last: Option<Arc<Route>>,
    targets: usize,
}

impl Routes {
    /// Who hears a topic of this publisher now. `check` says whether it may be published there, and is
    /// asked once.
    pub(super) fn find(
        &mut self,
        bus: &Bus,
        publisher: &Arc<str>,
        topic: &str,
        check: impl FnOnce() -> Result<(), BusError>,
    ) -> Result<&Arc<Route>, BusError> {
        let generation = bus.generation.load(Ordering::Acquire);
        if self.generation != generation {
            self.clear();
            self.generation = generation;
        }
        let is_last = |last: &Arc<Route>| *last.origin.topic == *topic;
        let last = match self.last.take().filter(is_last) {
            Some(last) => last,
            None => self.known(bus, publisher, topic, check)?,
        };
        Ok(self.last.insert(last))
    }

    fn known(
        &mut self,
        bus: &Bus,
        publisher: &Arc<str>,
        topic: &str,
        check: impl FnOnce() -> Result<(), BusError>,
    ) -> Result<Arc<Route>, BusError> {
        if let Some(route) = self.topics.get(topic) {
            return Ok(Arc::clone(route));
        }
        check()?;
        let origin = Origin {
            topic: topic.into(),
            publisher: Arc::clone(publisher),
        };
        let route = Arc::new(bus.table().route(origin));
        self.remember(&route);
        Ok(route)
    }

    fn remember(&mut self, route: &Arc<Route>) {
        let targets = route.targets();
        if self.topics.len() >= MAX_TOPICS || self.targets + targets > MAX_TARGETS {
            self.clear();
        }
        if targets <= MAX_TARGETS {
            self.targets += targets;
            self.topics
                .insert(Arc::clone(&route.origin.topic), Arc::clone(route));
        }
    }

    fn clear(&mut self) {
        self.topics.clear();
        self.last = None;
        self.targets = 0;
    }
}
