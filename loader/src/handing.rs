//! Which events a thread is handing out just now: what is said inside a handler can be told from
//! what is said elsewhere.

use std::{cell::RefCell, sync::Arc};

thread_local! {
    /// From the outermost to the innermost.
    static TOPICS: RefCell<Vec<Arc<str>>> = const { RefCell::new(Vec::new()) };
}

/// Whether this thread hands out an event with such a topic: it is inside a subscriber's handler, or
/// tells what came of it. A host that publishes what it hears (its log) asks this, so that an event
/// is not the cause of the next one, for ever.
pub fn is_handing_out(is: impl Fn(&str) -> bool) -> bool {
    TOPICS.with_borrow(|topics| topics.iter().any(|topic| is(topic)))
}

/// The event is handed out until this is dropped.
pub(crate) struct HandingOut(());

impl HandingOut {
    pub(crate) fn new(topic: &Arc<str>) -> Self {
        TOPICS.with_borrow_mut(|topics| topics.push(Arc::clone(topic)));
        Self(())
    }
}

impl Drop for HandingOut {
    fn drop(&mut self) {
        TOPICS.with_borrow_mut(Vec::pop);
    }
}
