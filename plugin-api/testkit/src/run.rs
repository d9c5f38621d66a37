//! One life of the plugin: from its creation until it is dropped.

use crate::{
    bus::{self, Bus, Pushed},
    inside,
    kept::Logged,
    services::Offers,
    stage::{Stage, lock},
    tasks::Tasks,
};
use jackfield_abi::{Event, Failure, PluginObject, RetainedEvent, SubscribeOptions};
use jackfield_loader::{
    BusError, MAX_DEPTH,
    testkit::{KitStorage, bus_failure},
};
use std::{
    cell::Cell,
    sync::{Arc, Mutex},
};

thread_local! {
    /// How many events of quick subscriptions this thread is inside.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

pub(crate) struct Run {
    pub(crate) stage: Arc<Stage>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) bus: Bus,
    pub(crate) offers: Offers,
    pub(crate) storage: KitStorage,
    object: Mutex<Option<Arc<PluginObject>>>,
    /// A copy goes with each object that the plugin is given.
    token: Arc<()>,
}

impl Run {
    pub(crate) fn new(stage: &Arc<Stage>) -> Arc<Self> {
        // Each run of the plugin counts its own; those of others go on.
        lock(&stage.sequences).remove(stage.manifest.id.as_str());
        Arc::new(Self {
            tasks: Tasks::new(stage),
            bus: Bus::default(),
            offers: Offers::default(),
            storage: KitStorage::new(stage.storage_path(), stage.storage_limit),
            object: Mutex::default(),
            token: Arc::default(),
            stage: Arc::clone(stage),
        })
    }

    pub(crate) fn token(&self) -> Arc<()> {
        Arc::clone(&self.token)
    }

    /// Whether somebody has the plugin's context still.
    pub(crate) fn is_kept(&self) -> bool {
        Arc::strong_count(&self.token) > 1
    }

    pub(crate) fn set(&self, object: Option<PluginObject>) {
        let old = std::mem::replace(&mut *lock(&self.object), object.map(Arc::new));
        drop(old);
    }

    pub(crate) fn take(&self) -> Option<Arc<PluginObject>> {
        lock(&self.object).take()
    }

    pub(crate) fn object(&self) -> Option<Arc<PluginObject>> {
        lock(&self.object).clone()
    }

    /// Runs a function that may block, and all that goes on meanwhile.
    ///
    /// # Panics
    ///
    /// As [`Tasks::run`].
    pub(crate) fn call<R: Send + 'static>(
        &self,
        name: &str,
        function: impl FnOnce() -> R + Send + 'static,
    ) -> R {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.tasks
            .queue(name, move || *lock(&place) = Some(function()));
        self.tasks.run();
        let result = lock(&result).take();
        result.expect("everything that was queued has run, and a plugin does not unwind")
    }

    /// Calls the plugin's object.
    pub(crate) fn with<R: Send + 'static>(
        &self,
        name: &str,
        function: impl FnOnce(&PluginObject) -> R + Send + 'static,
    ) -> Option<R> {
        let object = self.object()?;
        Some(self.call(name, move || function(&object)))
    }

    /// Refuses what the plugin may not publish here and now.
    pub(crate) fn check(&self, topic: &str, payload: &[u8], retain: bool) -> Result<(), Failure> {
        if DEPTH.get() >= MAX_DEPTH && self.bus.is_quick(topic) {
            return Err(bus_failure(&BusError::TooDeep));
        }
        if retain {
            bus::check_retained(&lock(&self.stage.retained), topic, payload)?;
        }
        Ok(())
    }

    /// Has the plugin hear an event, if it wants to.
    pub(crate) fn hear(
        self: &Arc<Self>,
        topic: &str,
        publisher: &str,
        payload: &[u8],
        retain: bool,
    ) {
        let (time_ns, sequence) = (self.stage.clock.unix_ns(), self.count(publisher));
        if retain {
            let event = RetainedEvent {
                publisher: publisher.into(),
                payload: payload.into(),
                sequence,
                time_ns,
            };
            lock(&self.stage.retained).insert(topic.to_owned(), event);
        }
        let pushed = self.bus.push(topic, publisher, payload, sequence, time_ns);
        match pushed {
            Pushed::Nothing => {}
            Pushed::Waits => self.queue_event(),
            Pushed::Quick(event) => {
                let _inside = inside::enter(&self.stage, None);
                DEPTH.set(DEPTH.get() + 1);
                // No panic of the plugin comes out of it.
                self.hand(event);
                DEPTH.set(DEPTH.get() - 1);
            }
        }
    }

    /// The number of a publisher's next event.
    fn count(&self, publisher: &str) -> u64 {
        let mut sequences = lock(&self.stage.sequences);
        let sequence = sequences.entry(publisher.to_owned()).or_default();
        *sequence += 1;
        *sequence
    }

    /// Subscribes for the plugin: the last values that it wants are handed out.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        pattern: &str,
        options: &SubscribeOptions,
    ) -> Result<u64, Failure> {
        let retained = lock(&self.stage.retained).clone();
        let (id, waiting) = self.bus.subscribe(pattern, options, &retained)?;
        for _ in 0..waiting {
            self.queue_event();
        }
        Ok(id)
    }

    pub(crate) fn queue_event(self: &Arc<Self>) {
        let run = Arc::downgrade(self);
        self.tasks.queue("event", move || {
            if let Some(run) = run.upgrade() {
                run.hand_out();
            }
        });
    }

    fn hand_out(&self) {
        if let Some(event) = self.bus.next() {
            self.hand(event);
        }
    }

    fn hand(&self, event: bus::Event) {
        let Some(object) = self.object() else {
            return;
        };
        let handed = object.event(&Event {
            topic: event.topic.as_str().into(),
            publisher: event.publisher.as_str().into(),
            payload: event.payload.as_slice().into(),
            sequence: event.sequence,
            time_ns: event.time_ns,
            subscription: event.subscription,
        });
        let Err(failure) = handed.into_result() else {
            return;
        };
        let (topic, publisher) = (event.topic, event.publisher);
        lock(&self.stage.logs).push(Logged {
            level: log::Level::Warn,
            target: "testkit".to_owned(),
            message: format!("event {topic} of {publisher}: {}", failure.message),
            fields: Vec::new(),
        });
    }
}
