use super::{BusError, Event, Policy, SubscribeOptions, batch::Batch, lane::Lane};
use jackfield_manifest::TopicPattern;
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// The most subscriptions of one plugin.
pub const MAX_SUBSCRIPTIONS: usize = 1024;
/// The most bytes that wait for one subscriber, whatever its subscriptions: payloads, topics, and
/// 192 for each event.
pub const MAX_QUEUE_BYTES: usize = 16 << 20;

/// How many bytes are taken out at once, beyond which no more are.
const BATCH_BYTES: usize = 1 << 20;

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

/// What waits for one subscriber: a lane for each subscription, so that each drops its own oldest at
/// once, and one order for all of them, in which they come out.
#[derive(Default)]
pub(super) struct Queue {
    lanes: Vec<Option<Lane>>,
    subscriptions: usize,
    /// The place in the order that comes next.
    next: u64,
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
    /// Who empties it waits for more to come, and is to be told when it is half full.
    napping: bool,
    rouse: bool,
    /// How many publishers wait for room.
    pub(super) waiting: usize,
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
        let lane = Some(Lane::new(id, pattern, options));
        let place = match self.lanes.iter().position(Option::is_none) {
            Some(free) => {
                self.lanes[free] = lane;
                free
            }
            None => {
                self.lanes.push(lane);
                self.lanes.len() - 1
            }
        };
        Ok(u32::try_from(place).expect("a subscriber has few subscriptions"))
    }

    /// Ends a subscription: what it heard, and the events that waited for it, to be dropped.
    pub(super) fn remove(&mut self, id: u64) -> Option<(TopicPattern, impl Sized + use<>)> {
        let has = |lane: &&mut Option<Lane>| lane.as_ref().is_some_and(|lane| lane.id == id);
        let lane = self.lanes.iter_mut().find(has)?.take()?;
        self.subscriptions -= 1;
        let pattern = lane.pattern.clone();
        self.len -= lane.len();
        self.bytes -= lane.bytes();
        Some((pattern, lane))
    }

    /// Ends all of them: what they heard, and what waited, to be dropped.
    pub(super) fn clear(&mut self) -> (Vec<(u64, TopicPattern)>, impl Sized + use<>) {
        self.closed = true;
        self.open = false;
        self.subscriptions = 0;
        (self.len, self.bytes, self.in_hand) = (0, 0, 0);
        let lanes = std::mem::take(&mut self.lanes);
        let heard = lanes.iter().flatten();
        let heard = heard.map(|lane| (lane.id, lane.pattern.clone())).collect();
        (heard, lanes)
    }

    /// Puts an event in, if the subscription is still there and it fits, or can be made to fit.
    pub(super) fn offer(&mut self, place: u32, id: u64, event: &Event) -> Offered {
        let Some(lane) = at(&mut self.lanes, place, id) else {
            return Offered::Done;
        };
        if event.stamp() != 0 && event.stamp() <= lane.primed {
            return Offered::Done;
        }
        let cost = event.cost();
        // To drop its own for it would not make enough room.
        let fits = self.bytes - lane.bytes() + cost <= MAX_QUEUE_BYTES;
        while lane.is_full() || self.bytes + cost > MAX_QUEUE_BYTES {
            let oldest = match lane.options.policy {
                Policy::Block(limit) if self.open && !lane.is_stalled => {
                    return Offered::Full(limit);
                }
                Policy::DropOldest if fits => lane.drop_oldest(),
                _ => None,
            };
            lane.dropped += 1;
            self.dropped += 1;
            let Some(cost) = oldest else {
                return Offered::Done;
            };
            self.len -= 1;
            self.bytes -= cost;
        }
        lane.put(self.next, event.clone(), cost);
        self.next += 1;
        self.len += 1;
        self.bytes += cost;
        let is_half_full = lane.is_half_full() || self.bytes > MAX_QUEUE_BYTES / 2;
        if self.napping && is_half_full {
            (self.napping, self.rouse) = (false, true);
        }
        Offered::Done
    }

    /// Counts an event as dropped for which there was no room in time. Where somebody has waited for
    /// it, nobody waits any more until something is taken out.
    pub(super) fn give_up(&mut self, place: u32, id: u64, has_waited: bool) {
        if let Some(lane) = at(&mut self.lanes, place, id) {
            lane.is_stalled |= has_waited;
            lane.dropped += 1;
            self.dropped += 1;
        }
    }

    /// Puts retained values in: what has an older stamp than theirs is passed over from now on.
    pub(super) fn prime(&mut self, place: u32, id: u64, values: &[Event], stamp: u64) {
        for event in values {
            if let Offered::Full(_) = self.offer(place, id, event) {
                self.give_up(place, id, false);
            }
        }
        if let Some(lane) = at(&mut self.lanes, place, id) {
            lane.primed = stamp;
        }
    }

    /// Takes the next events out, `most` of them at most, each with its subscription; false when
    /// there are none, or they are not to be handed out. Those that were taken before are taken for
    /// done with.
    pub(super) fn take(&mut self, most: usize, batch: &mut Batch) -> bool {
        self.bytes -= std::mem::take(&mut self.in_hand);
        if self.open && self.len > 0 {
            self.merge(most, batch);
        }
        self.draining = !batch.is_empty();
        self.draining
    }

    /// Takes from the lane whose oldest comes first, until another's does.
    fn merge(&mut self, most: usize, batch: &mut Batch) {
        let firsts = self.lanes.iter().enumerate();
        let mut firsts: BinaryHeap<_> = firsts
            .filter_map(|(at, lane)| Some(Reverse((lane.as_ref()?.first()?, at))))
            .collect();
        while batch.len() < most
            && self.in_hand < BATCH_BYTES
            && let Some(Reverse((_, at))) = firsts.pop()
            && let Some(lane) = &mut self.lanes[at]
        {
            let next = firsts.peek().map_or(u64::MAX, |Reverse((next, _))| *next);
            let len = batch.len();
            self.in_hand += lane.take(next, most, BATCH_BYTES - self.in_hand, batch);
            self.len -= batch.len() - len;
            match lane.first() {
                Some(first) => firsts.push(Reverse((first, at))),
                None => lane.shrink(),
            }
        }
    }

    /// Begins to nap, if nothing waits that could be taken out.
    pub(super) fn nap(&mut self) -> bool {
        self.napping = self.len == 0 && !self.closed;
        self.napping
    }

    pub(super) fn wake_up(&mut self) {
        self.napping = false;
    }

    /// Whether who naps is to be told, which is done once.
    pub(super) fn take_rouse(&mut self) -> bool {
        std::mem::take(&mut self.rouse)
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether somebody has to be woken, who then is counted on.
    pub(super) fn start_draining(&mut self) -> bool {
        let start = self.open && !self.draining && self.len > 0;
        self.draining |= start;
        start
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn dropped_of(&self, id: u64) -> Option<u64> {
        let mut lanes = self.lanes.iter().flatten();
        Some(lanes.find(|lane| lane.id == id)?.dropped)
    }

    /// In the order in which they were made.
    pub(super) fn subscribed(&self) -> Vec<Subscribed> {
        let mut lanes: Vec<&Lane> = self.lanes.iter().flatten().collect();
        lanes.sort_by_key(|lane| lane.id);
        lanes.into_iter().map(Lane::describe).collect()
    }
}

/// A subscription by its place, if it is still there.
fn at(lanes: &mut [Option<Lane>], place: u32, id: u64) -> Option<&mut Lane> {
    let lane = lanes.get_mut(place as usize)?.as_mut();
    lane.filter(|lane| lane.id == id)
}
