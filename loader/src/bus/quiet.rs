//! What is said while an event is handed out can be told from what is said elsewhere: a host that
//! publishes what it hears, such as its log, must not publish what comes of that.

use super::Event;
use std::cell::Cell;

thread_local! {
    /// How many echoes this thread hands out, inside each other.
    static ECHOES: Cell<usize> = const { Cell::new(0) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread hands out what a [`HostPublisher`](crate::HostPublisher) has published (it is
/// inside a subscriber's handler, or tells what came of it), or does something for the bus itself. A
/// host that publishes what it hears asks this first, so that an event is not the cause of the next
/// one, for ever.
pub fn is_echoing() -> bool {
    is_quiet() || ECHOES.get() > 0
}

/// An event is handed out until this is dropped.
pub(super) struct HandingOut {
    is_echo: bool,
}

impl HandingOut {
    pub(super) fn new(event: &Event) -> Self {
        let is_echo = event.is_echo();
        if is_echo {
            ECHOES.set(ECHOES.get() + 1);
        }
        Self { is_echo }
    }
}

impl Drop for HandingOut {
    fn drop(&mut self) {
        if self.is_echo {
            ECHOES.set(ECHOES.get() - 1);
        }
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
