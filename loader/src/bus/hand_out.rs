//! A plugin's events, one after another, on a thread that may block: one at a time for each plugin,
//! and only for a while, so that others get their turn.

use super::{Inbox, batch::Batch};
use crate::{Executor, ffi::Slot};
use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

/// How long one plugin keeps a thread while more events come.
const BURST: Duration = Duration::from_millis(10);

/// Somebody is on the way to empty the inbox.
struct Turn(Option<Weak<Inbox>>);

impl Turn {
    fn take(mut self, pace: Pace) {
        if let Some(inbox) = self.0.as_ref().and_then(Weak::upgrade) {
            hand_out(&inbox, pace);
        }
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // The executor let go of it, or the host panicked.
        if let Some(inbox) = self.0.take().and_then(|inbox| inbox.upgrade()) {
            inbox.forsaken();
        }
    }
}

/// Has somebody empty the inbox, who is counted on until it is found empty, and goes on at that pace.
pub(super) fn begin(inbox: &Arc<Inbox>, executor: &dyn Executor, pace: Pace) {
    let turn = Turn(Some(Arc::downgrade(inbox)));
    executor.spawn_blocking(Box::new(move || turn.take(pace)));
}

/// How often one looks again, and lets others run meanwhile, before one gives up: a thread that is
/// asleep takes longer to come back than a few more events take to be published.
pub(super) const LOOKS: usize = 64;

/// How long a busy one naps at most, instead of looking: meanwhile others have the processors, and
/// events come together.
pub(super) const NAP: Duration = Duration::from_micros(200);
/// After so many batches it is seen whether one is busy: whether it took out more than two events at a
/// time, and had not to wait as long as that for each. Who answers each event by one, and so gets one
/// at a time, must not nap.
const LOOKED_AT: u32 = 8;
const SOON: Duration = Duration::from_micros(4);

/// For how long events are taken out at once.
const STRETCH: Duration = Duration::from_micros(200);
/// How many at first.
const FIRST: usize = 16;
/// How many at most.
const MOST: usize = 1024;

/// How events come and go, by how it went before.
pub(super) struct Pace {
    /// How many are taken out at once: as many as are handed out within [`STRETCH`]. What is taken out
    /// is not dropped any more for what is newer.
    most: usize,
    is_busy: bool,
    /// When some were taken out last.
    taken: Instant,
    /// Batches since it was seen whether one is busy, what was in them, and when that was.
    batches: u32,
    events: u32,
    looked: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            most: FIRST,
            is_busy: false,
            taken: now,
            batches: 0,
            events: 0,
            looked: now,
        }
    }

    /// So many were taken out.
    fn took(&mut self, len: usize) {
        self.taken = Instant::now();
        self.batches += 1;
        self.events += u32::try_from(len).unwrap_or(u32::MAX);
        if self.batches == LOOKED_AT {
            let waited = self.taken.duration_since(self.looked);
            self.is_busy = self.events > 2 * self.batches && waited < SOON * self.events;
            (self.batches, self.events, self.looked) = (0, 0, self.taken);
        }
    }

    /// They were handed out.
    fn handed_out(&mut self, len: usize) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let took = nanos(self.taken.elapsed()).max(1);
        let next = usize::try_from(nanos(STRETCH) * len as u64 / took).unwrap_or(MOST);
        // A thread that had to wait for a processor is not a slow plugin.
        self.most = next.clamp((self.most / 4).max(1), MOST);
    }
}

fn hand_out(inbox: &Arc<Inbox>, mut pace: Pace) {
    let began = Instant::now();
    let mut batch = Batch::default();
    while inbox.linger(pace.is_busy, pace.most, &mut batch) {
        let len = batch.len();
        pace.took(len);
        if let Some(slot) = inbox.callee() {
            hand(inbox, &slot, &mut batch);
        }
        batch.clear();
        pace.handed_out(len);
        if began.elapsed() >= BURST {
            return inbox.wake_at(pace);
        }
    }
}

/// Hands events to a plugin, as long as it runs.
fn hand(inbox: &Inbox, slot: &Slot, events: &mut Batch) {
    let Some(plugin) = slot.enter() else { return };
    let mut is_first = true;
    for (event, subscription) in events {
        if !std::mem::take(&mut is_first) && !plugin.stay() {
            return;
        }
        inbox.call(&plugin, &event, subscription);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pace after as many were taken out as it says, and took so long each; so often.
    fn after(mut pace: Pace, each: Duration, times: usize) -> Pace {
        for _ in 0..times {
            let len = u32::try_from(pace.most).unwrap();
            pace.taken = Instant::now().checked_sub(each * len).unwrap();
            pace.handed_out(pace.most);
        }
        pace
    }

    #[test]
    fn a_slow_plugin_has_few_in_hand_and_a_quick_one_many() {
        let quick = after(Pace::new(), Duration::from_nanos(10), 9);
        assert!(quick.most > 10 * FIRST);
        let once = after(quick, Duration::from_millis(1), 1);
        assert!(once.most > FIRST);
        let slow = after(once, Duration::from_millis(1), 9);
        assert_eq!(slow.most, 1);
        let again = after(slow, Duration::from_nanos(10), 99);
        assert!(again.most > FIRST);
    }

    #[test]
    fn who_gets_many_in_a_short_time_is_busy() {
        let is_busy = |len: usize, waited: Duration| {
            let mut pace = Pace::new();
            pace.looked = Instant::now().checked_sub(waited).unwrap();
            for _ in 1..LOOKED_AT {
                pace.took(len);
                assert!(!pace.is_busy);
            }
            pace.took(len);
            pace.is_busy
        };
        assert!(is_busy(MOST, Duration::ZERO));
        assert!(!is_busy(1, Duration::ZERO));
        assert!(!is_busy(3, SOON * 3 * LOOKED_AT));
    }
}
