//! What is said while an event is handed out can be told from what is said elsewhere: a host that
//! publishes what it hears, such as its log, must not publish what comes of that.

use super::Event;
use std::cell::{Cell, RefCell};

thread_local! {
    /// What this thread hands out, from the outermost to the innermost.
    static IN_HAND: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread hands out an event with such a topic (it is inside a subscriber's handler, or
/// tells what came of it), or does something for the bus itself. A host that publishes what it hears
/// asks this, so that an event is not the cause of the next one, for ever.
pub fn is_handing_out(is: impl Fn(&str) -> bool) -> bool {
    is_quiet() || IN_HAND.with_borrow(|events| events.iter().any(|event| is(event.topic())))
}

/// The event is handed out until this is dropped.
pub(super) struct HandingOut(());

impl HandingOut {
    pub(super) fn new(event: &Event) -> Self {
        IN_HAND.with_borrow_mut(|events| events.push(event.clone()));
        Self(())
    }
}

impl Drop for HandingOut {
    fn drop(&mut self) {
        // Dropped after the borrow: it may be the last of it.
        let _event = IN_HAND.with_borrow_mut(Vec::pop);
    }
}

/// Runs something on this thread that must not become an event of the host.
pub(super) fn quietly<R>(body: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            QUIET.set(self.0);
        }
    }
    let _restore = Restore(QUIET.replace(true));
    body()
}

/// Whether that is so here and now.
pub(super) fn is_quiet() -> bool {
    QUIET.get()
}
