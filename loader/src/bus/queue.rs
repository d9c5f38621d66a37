use super::{BusError, Event, Policy, SubscribeOptions};
use jackfield_manifest::TopicPattern;
use std::time::Duration;

/// The most subscriptions of one plugin.
pub const MAX_SUBSCRIPTIONS: usize = 1024;
/// The most bytes that wait for one subscriber, whatever its subscriptions: payloads, topics, and
/// 192 for each event.
pub const MAX_QUEUE_BYTES: usize = 16 << 20;

/// How many events are taken out at once, and how many bytes beyond which no more are. So few that a
/// publisher does not go to sleep over the lock meanwhile.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 256 << 10;
/// An empty queue that was longer gives its memory back.
const KEPT: usize = 1024;

const NONE: u32 = u32::MAX;

/// One subscription as the host sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// What it hears.
    pub pattern: TopicPattern,
    /// Whether it is handed its events at once, without a queue.
    pub is_quick: bool,
    /// How many events wait.
    pub waiting: u32,
    /// How many were dropped because there was no room.
    pub dropped: u64,
}

/// What waits for one subscriber: a list of all events, in the order in which they come out, and
/// through it one list for each subscription, so that each drops its own oldest at once.
#[derive(Default)]
pub(super) struct Queue {
    lanes: Vec<Option<Lane>>,
    subscriptions: usize,
    nodes: Vec<Node>,
    /// Nodes that are not used, through `after`.
    free: Option<u32>,
    ends: Option<(u32, u32)>,
    len: usize,
    /// Of what waits, and of what was taken out last and may be in hand.
    bytes: usize,
    in_hand: usize,
    dropped: u64,
    pub(super) closed: bool,
    /// Nothing is handed out before the subscriber runs.
    pub(super) open: bool,
    /// Somebody empties it just now.
    pub(super) draining: bool,
    /// How many publishers wait for room.
    pub(super) waiting: usize,
}

struct Lane {
    id: u64,
    pattern: TopicPattern,
    options: SubscribeOptions,
    ends: Option<(u32, u32)>,
    len: u32,
    dropped: u64,
    /// Retained values up to this stamp are in already.
    primed: u64,
}

pub(super) struct Node {
    event: Option<Event>,
    lane: u32,
    before: u32,
    after: u32,
    after_in_lane: u32,
}

/// What became of an event.
pub(super) enum Offered {
    /// It waits, was dropped and counted, or is none of the subscription's.
    Done,
    /// There is no room, and its publisher is to wait for some, for so long.
    Full(Duration),
}

impl Queue {
    /// A new subscription's place.
    pub(super) fn add(
        &mut self,
        id: u64,
        pattern: TopicPattern,
        options: SubscribeOptions,
    ) -> Result<u32, BusError> {
        options.check()?;
        if self.closed {
            return Err(BusError::Stopping);
        }
        if self.subscriptions >= MAX_SUBSCRIPTIONS {
            return Err(BusError::Full);
        }
        self.subscriptions += 1;
        let lane = Lane {
            id,
            pattern,
            options,
            ends: None,
            len: 0,
            dropped: 0,
            primed: 0,
        };
        let place = match self.lanes.iter().position(Option::is_none) {
            Some(free) => {
                self.lanes[free] = Some(lane);
                free
            }
            None => {
                self.lanes.push(Some(lane));
                self.lanes.len() - 1
            }
        };
        Ok(u32::try_from(place).expect("a subscriber has few subscriptions"))
    }

    /// Ends a subscription: what it heard, and the events that waited for it, to be dropped.
    pub(super) fn remove(&mut self, id: u64) -> Option<(TopicPattern, Vec<Event>)> {
        let at = self.find(id)?;
        let place = u32::try_from(at).ok()?;
        let mut events = Vec::new();
        while let Some(event) = self.take_oldest_of(place) {
            events.push(event);
        }
        self.subscriptions -= 1;
        let lane = self.lanes[at].take()?;
        Some((lane.pattern, events))
    }

    /// Ends all of them.
    pub(super) fn clear(&mut self) -> (Vec<(u64, TopicPattern)>, Vec<Node>) {
        self.closed = true;
        self.open = false;
        self.subscriptions = 0;
        let lanes = std::mem::take(&mut self.lanes).into_iter().flatten();
        let subscriptions = lanes.map(|lane| (lane.id, lane.pattern)).collect();
        (self.free, self.ends) = (None, None);
        (self.len, self.bytes, self.in_hand) = (0, 0, 0);
        (subscriptions, std::mem::take(&mut self.nodes))
    }

    fn find(&self, id: u64) -> Option<usize> {
        let has = |lane: &Option<Lane>| lane.as_ref().is_some_and(|lane| lane.id == id);
        self.lanes.iter().position(has)
    }

    fn lane(&mut self, place: u32) -> Option<&mut Lane> {
        self.lanes.get_mut(place as usize)?.as_mut()
    }

    /// Puts an event in, if the subscription is still there and it fits, or can be made to fit.
    pub(super) fn offer(&mut self, place: u32, id: u64, event: &Event) -> Offered {
        let Some(lane) = self.lane(place).filter(|lane| lane.id == id) else {
            return Offered::Done;
        };
        if event.stamp() != 0 && event.stamp() <= lane.primed {
            return Offered::Done;
        }
        let (policy, cost) = (lane.options.policy, event.cost());
        while !self.fits(place, cost) {
            match policy {
                Policy::DropOldest if self.take_oldest_of(place).is_some() => self.count(place),
                Policy::Block(limit) if self.open => return Offered::Full(limit),
                _ => {
                    self.count(place);
                    return Offered::Done;
                }
            }
        }
        self.link(place, event.clone(), cost);
        Offered::Done
    }

    /// Counts an event as dropped for which there was no room in time.
    pub(super) fn give_up(&mut self, place: u32, id: u64) {
        if self.lane(place).is_some_and(|lane| lane.id == id) {
            self.count(place);
        }
    }

    /// Puts retained values in: what has an older stamp than theirs is passed over from now on.
    pub(super) fn prime(&mut self, place: u32, values: &[Event], stamp: u64) {
        let Some(id) = self.lane(place).map(|lane| lane.id) else {
            return;
        };
        for event in values {
            if let Offered::Full(_) = self.offer(place, id, event) {
                self.count(place);
            }
        }
        if let Some(lane) = self.lane(place) {
            lane.primed = stamp;
        }
    }

    fn fits(&mut self, place: u32, cost: usize) -> bool {
        let has_bytes = self.bytes + cost <= MAX_QUEUE_BYTES;
        has_bytes
            && self
                .lane(place)
                .is_some_and(|lane| lane.len < lane.options.capacity)
    }

    fn count(&mut self, place: u32) {
        self.dropped += 1;
        if let Some(lane) = self.lane(place) {
            lane.dropped += 1;
        }
    }

    fn link(&mut self, place: u32, event: Event, cost: usize) {
        let before = self.ends.map_or(NONE, |(_, last)| last);
        let node = Node {
            event: Some(event),
            lane: place,
            before,
            after: NONE,
            after_in_lane: NONE,
        };
        let at = self.put(node);
        if let Some(last) = self.nodes.get_mut(before as usize) {
            last.after = at;
        }
        self.ends = Some((self.ends.map_or(at, |(first, _)| first), at));
        self.bytes += cost;
        self.len += 1;
        let Some(lane) = self.lane(place) else { return };
        lane.len += 1;
        let last_in_lane = lane.ends.map(|(_, last)| last);
        lane.ends = Some((lane.ends.map_or(at, |(first, _)| first), at));
        if let Some(last) = last_in_lane {
            self.nodes[last as usize].after_in_lane = at;
        }
    }

    fn put(&mut self, node: Node) -> u32 {
        match self.free {
            Some(at) => {
                let place = &mut self.nodes[at as usize];
                self.free = Some(place.after).filter(|after| *after != NONE);
                *place = node;
                at
            }
            None => {
                self.nodes.push(node);
                let last = self.nodes.len() - 1;
                u32::try_from(last).expect("bytes bound the events that wait")
            }
        }
    }

    /// The oldest event of one subscription, which is taken out.
    fn take_oldest_of(&mut self, place: u32) -> Option<Event> {
        let lane = self.lane(place)?;
        let (first, last) = lane.ends?;
        lane.len -= 1;
        let after_in_lane = self.nodes[first as usize].after_in_lane;
        if let Some(lane) = self.lane(place) {
            lane.ends = (first != last).then_some((after_in_lane, last));
        }
        let event = self.unlink(first)?;
        self.len -= 1;
        self.bytes -= event.cost();
        Some(event)
    }

    /// Takes a node out of the list of all.
    fn unlink(&mut self, at: u32) -> Option<Event> {
        let free = self.free.unwrap_or(NONE);
        let node = &mut self.nodes[at as usize];
        let (before, after) = (node.before, node.after);
        let event = node.event.take();
        node.after = free;
        self.free = Some(at);
        let (first, last) = self.ends?;
        if let Some(node) = self.nodes.get_mut(before as usize) {
            node.after = after;
        }
        if let Some(node) = self.nodes.get_mut(after as usize) {
            node.before = before;
        }
        let first = if first == at { after } else { first };
        let last = if last == at { before } else { last };
        self.ends = (first != NONE).then_some((first, last));
        event
    }

    /// Takes the next events out, each with its subscription; false when there are none, or they are
    /// not to be handed out. Those that were taken before are taken for done with.
    pub(super) fn take(&mut self, batch: &mut Vec<(Event, u64)>) -> bool {
        self.bytes -= std::mem::take(&mut self.in_hand);
        while self.open && batch.len() < BATCH && self.in_hand < BATCH_BYTES {
            let Some((first, _)) = self.ends else { break };
            let place = self.nodes[first as usize].lane;
            let id = self.lane(place).map(|lane| lane.id);
            let Some((event, id)) = self.take_oldest_of(place).zip(id) else {
                break;
            };
            let cost = event.cost();
            self.bytes += cost;
            self.in_hand += cost;
            batch.push((event, id));
        }
        if self.ends.is_none() && self.nodes.len() > KEPT {
            (self.nodes, self.free) = (Vec::new(), None);
        }
        self.draining = !batch.is_empty();
        self.draining
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether somebody has to be woken, who then is counted on.
    pub(super) fn start_draining(&mut self) -> bool {
        let start = self.open && !self.draining && self.ends.is_some();
        self.draining |= start;
        start
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn dropped_of(&self, id: u64) -> Option<u64> {
        let lane = self.lanes[self.find(id)?].as_ref()?;
        Some(lane.dropped)
    }

    /// In the order in which they were made.
    pub(super) fn subscribed(&self) -> Vec<Subscribed> {
        let mut lanes: Vec<&Lane> = self.lanes.iter().flatten().collect();
        lanes.sort_by_key(|lane| lane.id);
        let subscribed = |lane: &Lane| Subscribed {
            pattern: lane.pattern.clone(),
            is_quick: lane.options.quick,
            waiting: lane.len,
            dropped: lane.dropped,
        };
        lanes.into_iter().map(subscribed).collect()
    }
}
