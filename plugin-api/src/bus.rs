use crate::{
    Context, Error, Result, SessionId,
    event::{Retained, Subscription},
};
use jackfield_abi::{
    PUBLISH_RETAIN, QueuePolicy, SUBSCRIBE_CAPACITY, SUBSCRIBE_QUICK, SUBSCRIBE_RETAINED,
};
use serde::Serialize;
use std::time::Duration;

impl Context {
    /// Publishes a value as JSON. It is queued for every subscriber, and those that are quick are
    /// called at once. It waits for nobody, unless a subscriber asks for that
    /// ([`Subscribe::wait`]), and then for a second at most.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, the topic is not dotted names, the payload has more
    /// than 1 MiB (400), the plugin may not publish there (403), or quick subscribers are inside each
    /// other too deep (429). Then nothing was published.
    pub fn publish(&self, topic: &str, value: &impl Serialize) -> Result<()> {
        self.publish_bytes(topic, &serde_json::to_vec(value)?)
    }

    /// Publishes bytes, as [`publish`](Context::publish) does.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Context::publish).
    pub fn publish_bytes(&self, topic: &str, payload: &[u8]) -> Result<()> {
        self.publish_with(topic, payload, 0)
    }

    /// Publishes a value as JSON, as [`publish`](Context::publish) does, and the host keeps it as the
    /// topic's last value: until another is published so, it is cleared, or the host ends. It
    /// outlives the plugin.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Context::publish), and when as much is retained as may be (429): 1,024
    /// topics and 16 MiB of one publisher, 4,096 topics and 64 MiB of all.
    pub fn publish_retained(&self, topic: &str, value: &impl Serialize) -> Result<()> {
        self.publish_retained_bytes(topic, &serde_json::to_vec(value)?)
    }

    /// Publishes bytes, as [`publish_retained`](Context::publish_retained) does.
    ///
    /// # Errors
    ///
    /// Those of [`publish_retained`](Context::publish_retained).
    pub fn publish_retained_bytes(&self, topic: &str, payload: &[u8]) -> Result<()> {
        self.publish_with(topic, payload, PUBLISH_RETAIN)
    }

    fn publish_with(&self, topic: &str, payload: &[u8], flags: u32) -> Result<()> {
        let host = &self.host().object;
        let published = host.publish(topic.into(), payload.into(), flags);
        published.into_result().map_err(Error::from_failure)
    }

    /// Tells those who listen to the host of something: publishes `{"topic": …, "data": …}` on the bus
    /// topic `notifications`, from which the host sends it on to its clients, with the plugin's id.
    /// Waits as [`publish`](Context::publish) does; to be called from any thread.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Context::publish).
    pub fn notify(&self, topic: &str, data: &impl Serialize) -> Result<()> {
        self.notify_as(None, topic, data)
    }

    /// The same, in the name of a session: then with `"session": …` too.
    pub(crate) fn notify_as(
        &self,
        session: Option<&SessionId>,
        topic: &str,
        data: &impl Serialize,
    ) -> Result<()> {
        #[derive(Serialize)]
        struct Notification<'a, D> {
            topic: &'a str,
            data: &'a D,
            #[serde(skip_serializing_if = "Option::is_none")]
            session: Option<&'a SessionId>,
        }
        let notification = Notification {
            topic,
            data,
            session,
        };
        self.publish("notifications", &notification)
    }

    /// The last value that was published with [`publish_retained`](Context::publish_retained) on a
    /// topic, by whomever; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the topic is not dotted names (400), or the plugin may not hear it (403).
    pub fn last(&self, topic: &str) -> Result<Option<Retained>> {
        let last = self.host().object.last(topic.into()).into_result();
        let last = last.map_err(Error::from_failure)?.into_option();
        Ok(last.map(Retained::new))
    }

    /// Has the host forget a topic's last value, whosever it is; false when there was none. Nobody is
    /// told.
    ///
    /// # Errors
    ///
    /// When the topic is not dotted names (400), or the plugin may not publish there (403).
    pub fn clear_retained(&self, topic: &str) -> Result<bool> {
        let cleared = self.host().object.clear_retained(topic.into());
        cleared.into_result().map_err(Error::from_failure)
    }

    /// Subscribes to an exact topic, `prefix.*` (one more name), `prefix.**` (any number of names,
    /// also none) or `**`. Events come to [`Plugin::event`](crate::Plugin::event), from when the
    /// plugin runs.
    ///
    /// # Errors
    ///
    /// For a bad pattern (400), one that the plugin may not hear all of (403), when it has too many
    /// subscriptions (429), or is stopping (503).
    pub fn subscribe(&self, pattern: &str) -> Result<Subscription> {
        self.subscribe_with(pattern, &Subscribe::new())
    }

    /// Subscribes as `options` say.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Context::subscribe), and for options that cannot be (400).
    pub fn subscribe_with(&self, pattern: &str, options: &Subscribe) -> Result<Subscription> {
        let subscribed = self
            .host()
            .object
            .subscribe(pattern.into(), &options.to_abi());
        let subscribed = subscribed.into_result();
        subscribed.map(Subscription).map_err(Error::from_failure)
    }

    /// Ends a subscription; false when it had ended already. An event that is already on its way may
    /// still come.
    pub fn unsubscribe(&self, subscription: Subscription) -> bool {
        self.host().object.unsubscribe(subscription.0)
    }

    /// How many events of a subscription were dropped because its queue had no room; `None` when it
    /// has ended.
    pub fn dropped(&self, subscription: Subscription) -> Option<u64> {
        self.host().object.dropped(subscription.0).into_option()
    }
}

/// How to subscribe, for [`Context::subscribe_with`]: by default with a queue of 1,024 events that
/// drops its oldest.
///
/// ```
/// # use plugin_api::Subscribe;
/// # use std::time::Duration;
/// let patient = Subscribe::new().queue(100).wait(Duration::from_millis(50));
/// let latest = Subscribe::new().queue(1).retained();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Subscribe {
    capacity: u32,
    policy: QueuePolicy,
    wait: Duration,
    flags: u32,
}

impl Default for Subscribe {
    fn default() -> Self {
        Self {
            capacity: 0,
            policy: QueuePolicy::DROP_OLDEST,
            wait: Duration::ZERO,
            flags: 0,
        }
    }
}

impl Subscribe {
    /// As by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events wait at most, 1 to 65,536. 16 MiB of them wait for one plugin at most.
    #[must_use]
    pub fn queue(self, events: u32) -> Self {
        Self {
            capacity: events,
            flags: self.flags | SUBSCRIBE_CAPACITY,
            ..self
        }
    }

    /// An event that finds the queue full takes the place of the oldest in it. That is the default.
    #[must_use]
    pub fn drop_oldest(self) -> Self {
        let policy = QueuePolicy::DROP_OLDEST;
        Self { policy, ..self }
    }

    /// An event that finds the queue full is dropped.
    #[must_use]
    pub fn drop_newest(self) -> Self {
        let policy = QueuePolicy::DROP_NEWEST;
        Self { policy, ..self }
    }

    /// The publisher waits until the queue has room, but no longer than this, and than a second; then
    /// the event is dropped. It waits **on its thread**, whatever else that has to do. A plugin never
    /// waits for itself, nor for one that does not run yet, and the host waits for nobody.
    #[must_use]
    pub fn wait(self, limit: Duration) -> Self {
        Self {
            policy: QueuePolicy::BLOCK,
            wait: limit,
            ..self
        }
    }

    /// The last values of the topics that match come first, in the order of their topics. They take
    /// room in the queue as other events do.
    #[must_use]
    pub fn retained(self) -> Self {
        let flags = self.flags | SUBSCRIBE_RETAINED;
        Self { flags, ..self }
    }

    /// Each event is handed over at once, on the publisher's thread, which waits until
    /// [`Plugin::event`](crate::Plugin::event) returns: for what is done within microseconds and never
    /// blocks. There is no queue, so nothing is dropped, several events may come at the same time, and
    /// those of several threads of one publisher in any order; what is published before the plugin
    /// runs does not come at all. What the host itself publishes comes through the queue all the
    /// same: it calls nobody. Not together with [`retained`](Subscribe::retained).
    #[must_use]
    pub fn quick(self) -> Self {
        let flags = self.flags | SUBSCRIBE_QUICK;
        Self { flags, ..self }
    }

    pub(crate) fn to_abi(self) -> jackfield_abi::SubscribeOptions {
        jackfield_abi::SubscribeOptions {
            flags: self.flags,
            policy: self.policy,
            capacity: self.capacity,
            reserved: 0,
            wait_ns: u64::try_from(self.wait.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}
