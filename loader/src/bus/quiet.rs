//! A host that publishes its log must not publish what the bus logs of that.

use std::cell::Cell;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
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
