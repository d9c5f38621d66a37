//! Topics: who hears what, through queues with a bound.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The most events that wait for one subscriber; beyond that the oldest is dropped and counted.
pub const QUEUE_LEN: usize = 1024;
/// The most subscriptions of one plugin.
pub const MAX_SUBSCRIPTIONS: usize = 1024;
/// The longest topic or pattern, in bytes.
pub const MAX_TOPIC_LEN: usize = 256;
/// The largest payload, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 1 << 20;

/// An event as the host keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Dotted topic.
    pub topic: Arc<str>,
    /// Id of the plugin that published it; empty for the host.
    pub publisher: Arc<str>,
    /// The payload as it was published.
    pub payload: Arc<[u8]>,
    /// Counts the publisher's events from 1.
    pub sequence: u64,
    /// When it was taken, in nanoseconds since the Unix epoch.
    pub time_ns: u64,
}

/// Why an event or a subscription is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The topic is not dotted names.
    #[error("`{0}` is no topic: expected names of [A-Za-z0-9_-], joined by dots")]
    Topic(String),
    /// The pattern is neither a topic nor one with a wildcard at its end.
    #[error("`{0}` is no pattern: expected a topic, `prefix.*`, `prefix.**` or `**`")]
    Pattern(String),
    /// The payload is too large.
    #[error("a payload has at most {MAX_PAYLOAD_LEN} bytes, this one has {0}")]
    TooLarge(usize),
    /// Too many subscriptions.
    #[error("a plugin has at most {MAX_SUBSCRIPTIONS} subscriptions")]
    Full,
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    Exact(String),
    /// One more name after this prefix, which ends in a dot.
    One(String),
    /// Any number of names after this prefix, which ends in a dot or is empty; also none.
    Any(String),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, BusError> {
        let bad = || BusError::Pattern(text.chars().take(MAX_TOPIC_LEN).collect());
        if text == "**" {
            return Ok(Self::Any(String::new()));
        }
        let (prefix, make): (&str, fn(String) -> Self) =
            if let Some(prefix) = text.strip_suffix(".**") {
                (prefix, Self::Any)
            } else if let Some(prefix) = text.strip_suffix(".*") {
                (prefix, Self::One)
            } else {
                check_topic(text).map_err(|_| bad())?;
                return Ok(Self::Exact(text.to_owned()));
            };
        check_topic(prefix).map_err(|_| bad())?;
        Ok(make(format!("{prefix}.")))
    }

    pub(crate) fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Exact(exact) => topic == exact,
            Self::One(prefix) => topic
                .strip_prefix(&**prefix)
                .is_some_and(|rest| !rest.contains('.')),
            Self::Any(prefix) => {
                topic.starts_with(&**prefix) || prefix.strip_suffix('.') == Some(topic)
            }
        }
    }
}

pub(crate) fn check_topic(topic: &str) -> Result<(), BusError> {
    let name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    if topic.len() <= MAX_TOPIC_LEN && topic.split('.').all(name) {
        return Ok(());
    }
    Err(BusError::Topic(topic.chars().take(MAX_TOPIC_LEN).collect()))
}

/// Every subscriber of the host.
#[derive(Default)]
pub(crate) struct Bus {
    inboxes: RwLock<Vec<Arc<Inbox>>>,
    next_subscription: AtomicU64,
    host_sequence: AtomicU64,
}

impl Bus {
    pub(crate) fn attach(&self, inbox: Arc<Inbox>) {
        self.inboxes
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(inbox);
    }

    pub(crate) fn detach(&self, inbox: &Arc<Inbox>) {
        let mut inboxes = self.inboxes.write().unwrap_or_else(PoisonError::into_inner);
        inboxes.retain(|known| !Arc::ptr_eq(known, inbox));
    }

    pub(crate) fn subscription_id(&self) -> u64 {
        self.next_subscription.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Publishes for the host itself.
    pub(crate) fn publish_host(&self, topic: &str, payload: &[u8]) -> Result<(), BusError> {
        self.publish(topic, &Arc::from(""), payload, &self.host_sequence)
    }

    /// Queues an event for everybody who wants it.
    pub(crate) fn publish(
        &self,
        topic: &str,
        publisher: &Arc<str>,
        payload: &[u8],
        sequence: &AtomicU64,
    ) -> Result<(), BusError> {
        check_topic(topic)?;
        if payload.len() > MAX_PAYLOAD_LEN {
            return Err(BusError::TooLarge(payload.len()));
        }
        // Taken before anything can fail to match, so that a gap means a drop.
        let sequence = sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let wanting: Vec<(Arc<Inbox>, u64)> = {
            let inboxes = self.inboxes.read().unwrap_or_else(PoisonError::into_inner);
            inboxes
                .iter()
                .filter_map(|inbox| Some((Arc::clone(inbox), inbox.wants(topic)?)))
                .collect()
        };
        if wanting.is_empty() {
            return Ok(());
        }
        let event = Event {
            topic: topic.into(),
            publisher: Arc::clone(publisher),
            payload: payload.into(),
            sequence,
            time_ns: now_ns(),
        };
        for (inbox, subscription) in wanting {
            inbox.push(event.clone(), subscription);
        }
        Ok(())
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Called when an inbox that nobody empties has something.
type Ready = Box<dyn Fn() + Send + Sync>;

/// What one subscriber has subscribed to, and what waits for it.
pub(crate) struct Inbox {
    patterns: RwLock<Vec<(u64, Pattern)>>,
    queue: Mutex<Queue>,
    ready: Ready,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<(Event, u64)>,
    /// Nothing is handed out before the subscriber runs.
    open: bool,
    /// Somebody empties it just now.
    draining: bool,
    dropped: u64,
}

impl Inbox {
    pub(crate) fn new(ready: Ready) -> Self {
        Self {
            patterns: RwLock::default(),
            queue: Mutex::default(),
            ready,
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self, id: u64, pattern: &str) -> Result<(), BusError> {
        let pattern = Pattern::parse(pattern)?;
        let mut patterns = self
            .patterns
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if patterns.len() >= MAX_SUBSCRIPTIONS {
            return Err(BusError::Full);
        }
        patterns.push((id, pattern));
        Ok(())
    }

    pub(crate) fn unsubscribe(&self, id: u64) -> bool {
        let mut patterns = self
            .patterns
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = patterns.len();
        patterns.retain(|(known, _)| *known != id);
        patterns.len() < before
    }

    /// The first subscription that matches: an event comes once, however many do.
    fn wants(&self, topic: &str) -> Option<u64> {
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        patterns
            .iter()
            .find(|(_, pattern)| pattern.matches(topic))
            .map(|(id, _)| *id)
    }

    fn push(&self, event: Event, subscription: u64) {
        let must_wake = {
            let mut queue = self.queue();
            if queue.events.len() >= QUEUE_LEN {
                queue.events.pop_front();
                queue.dropped += 1;
            }
            queue.events.push_back((event, subscription));
            queue.start_draining()
        };
        if must_wake {
            (self.ready)();
        }
    }

    /// From now on events are handed out.
    pub(crate) fn open(&self) {
        let must_wake = {
            let mut queue = self.queue();
            queue.open = true;
            queue.start_draining()
        };
        if must_wake {
            (self.ready)();
        }
    }

    /// Hands out nothing any more, and forgets what waits.
    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        queue.open = false;
        queue.events.clear();
    }

    /// The next event for whoever was woken; after `None` it must not ask again until woken again.
    pub(crate) fn next(&self) -> Option<(Event, u64)> {
        let mut queue = self.queue();
        let next = if queue.open {
            queue.events.pop_front()
        } else {
            None
        };
        if next.is_none() {
            queue.draining = false;
        }
        next
    }

    /// How many events were dropped because the queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.queue().dropped
    }
}

impl Queue {
    fn start_draining(&mut self) -> bool {
        let start = self.open && !self.draining && !self.events.is_empty();
        self.draining |= start;
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let matches = |pattern: &str, topic: &str| Pattern::parse(pattern).unwrap().matches(topic);
        assert!(matches("a.b", "a.b") && !matches("a.b", "a.b.c"));
        assert!(matches("a.*", "a.b") && !matches("a.*", "a") && !matches("a.*", "a.b.c"));
        assert!(!matches("a.*", "ab.c"));
        assert!(matches("a.**", "a") && matches("a.**", "a.b.c") && !matches("a.**", "ab"));
        assert!(matches("**", "a") && matches("**", "a.b"));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_forms_that_are() {
        for bad in [
            "", ".", "a..b", "*", "*.a", "a.*.b", "a b", "a.***", ".*", "a\0",
        ] {
            assert_eq!(Pattern::parse(bad), Err(BusError::Pattern(bad.to_owned())));
        }
        let error = Pattern::parse("*").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`*` is no pattern: expected a topic, `prefix.*`, `prefix.**` or `**`"
        );
    }

    #[test]
    fn a_full_queue_drops_its_oldest_and_counts() {
        let bus = Bus::default();
        let inbox = Arc::new(Inbox::new(Box::new(|| {})));
        inbox.subscribe(bus.subscription_id(), "t").unwrap();
        bus.attach(Arc::clone(&inbox));
        for _ in 0..QUEUE_LEN + 3 {
            bus.publish_host("t", b"x").unwrap();
        }
        inbox.open();
        assert_eq!(inbox.dropped(), 3);
        assert_eq!(inbox.next().unwrap().0.sequence, 4);
        assert_eq!(std::iter::from_fn(|| inbox.next()).count(), QUEUE_LEN - 1);
    }

    #[test]
    fn an_event_that_two_patterns_match_comes_once() {
        let bus = Bus::default();
        let inbox = Arc::new(Inbox::new(Box::new(|| {})));
        inbox.subscribe(1, "a.*").unwrap();
        inbox.subscribe(2, "**").unwrap();
        inbox.open();
        bus.attach(Arc::clone(&inbox));
        bus.publish_host("a.b", b"").unwrap();
        assert_eq!(inbox.next().unwrap().1, 1);
        assert!(inbox.next().is_none());
        bus.detach(&inbox);
        bus.publish_host("a.b", b"").unwrap();
        assert!(inbox.next().is_none());
    }
}
