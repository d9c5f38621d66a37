//! Events that are handed over at once, on the publisher's thread.

use super::{BusError, Event, route::Route};
use std::cell::Cell;

/// How many events of quick subscriptions may be inside each other on one thread.
pub const MAX_DEPTH: usize = 16;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Refuses what would be one too deep, before anybody has heard it.
pub(super) fn check(route: &Route) -> Result<(), BusError> {
    if !route.quick.is_empty() && DEPTH.get() >= MAX_DEPTH {
        return Err(BusError::TooDeep);
    }
    Ok(())
}

/// Calls every quick subscriber. No lock is held.
pub(super) fn deliver(route: &Route, event: &Event) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    for target in &route.quick {
        let Some(slot) = target.inbox.callee() else {
            continue;
        };
        if let Some(plugin) = slot.enter() {
            target.inbox.call(&plugin, event, target.id);
        }
    }
}
