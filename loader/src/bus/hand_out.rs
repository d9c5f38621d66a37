//! A plugin's events, one after another, on a thread that may block: one at a time for each plugin,
//! and only for a while, so that others get their turn.

use super::Inbox;
use crate::Executor;
use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

/// How long one plugin keeps a thread while more events come.
const BURST: Duration = Duration::from_millis(10);

/// Somebody is on the way to empty the inbox.
struct Turn(Option<Weak<Inbox>>);

impl Turn {
    fn take(mut self) {
        if let Some(inbox) = self.0.as_ref().and_then(Weak::upgrade) {
            hand_out(&inbox);
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

/// Has somebody empty the inbox, who is counted on until it is found empty.
pub(super) fn begin(inbox: &Arc<Inbox>, executor: &dyn Executor) {
    let turn = Turn(Some(Arc::downgrade(inbox)));
    executor.spawn_blocking(Box::new(move || turn.take()));
}

/// How often one looks again, and lets others run meanwhile, before one gives up: a thread that is
/// asleep takes longer to come back than a few more events take to be published.
pub(super) const LOOKS: usize = 64;

fn hand_out(inbox: &Arc<Inbox>) {
    let began = Instant::now();
    let mut batch = Vec::new();
    while inbox.linger(&mut batch) {
        let callee = inbox.callee();
        for (event, subscription) in batch.drain(..) {
            let called = callee
                .as_ref()
                .is_some_and(|slot| inbox.call(slot, &event, subscription));
            if !called {
                break;
            }
        }
        if began.elapsed() >= BURST {
            return inbox.wake();
        }
    }
}
