//! Whose code a thread runs: so that each kit hears what its own plugin logs and where it panics.

use crate::stage::Stage;
use std::{
    cell::RefCell,
    panic,
    sync::{Arc, Condvar, Mutex, Once, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

/// How long a test waits for those of other threads.
const LONGEST_TURN: Duration = Duration::from_secs(600);

thread_local! {
    /// Of the calls that this thread is in, the last counts; `None` is code of the test.
    static CALLS: RefCell<Vec<Option<Here>>> = const { RefCell::new(Vec::new()) };
}

/// Code of a kit's plugin.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) stage: Arc<Stage>,
    /// The task that is polled.
    pub(crate) task: Option<Arc<str>>,
}

/// Until it is dropped, that is what this thread runs.
pub(crate) struct Call(());

impl Drop for Call {
    fn drop(&mut self) {
        let last = CALLS.with_borrow_mut(Vec::pop);
        drop(last);
    }
}

/// This thread goes into the plugin.
pub(crate) fn enter(stage: &Arc<Stage>, task: Option<&Arc<str>>) -> Call {
    push(Some(Here {
        stage: Arc::clone(stage),
        task: task.cloned(),
    }))
}

/// This thread comes back into the test's code, out of the plugin's.
pub(crate) fn leave() -> Call {
    push(None)
}

fn push(here: Option<Here>) -> Call {
    CALLS.with_borrow_mut(|calls| calls.push(here));
    Call(())
}

/// Where this thread is; `None` where it is in no plugin.
pub(crate) fn here() -> Option<Here> {
    CALLS.with_borrow(|calls| calls.last().cloned().flatten())
}

/// Leads panics of plugins to their kits, and all of them to where they went before, too.
pub(crate) fn watch_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let before = panic::take_hook();
        plugin_api::__testkit::hook();
        let to_kits = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_a_plugins() {
                to_kits(info);
            }
            before(info);
        }));
    });
}

/// Whether this thread runs a plugin's code: it is in a call, or it is a thread of the plugin's own.
/// Those of tests are called `main`, or as the test's path.
fn is_a_plugins() -> bool {
    let calls = CALLS.with_borrow(|calls| calls.last().map(Option::is_some));
    calls.unwrap_or_else(|| {
        let thread = thread::current();
        let is_tests = |name: &str| name == "main" || name.contains("::");
        !Turn::is_of(thread.id()) && !thread.name().is_some_and(is_tests)
    })
}

/// The right of one thread to have kits. A plugin's logger and its panic hook are one for the
/// process, so tests that run side by side would hear each other's.
pub(crate) struct Turn(());

struct Holder {
    thread: ThreadId,
    kits: usize,
}

static HOLDER: Mutex<Option<Holder>> = Mutex::new(None);
static FREED: Condvar = Condvar::new();

impl Turn {
    /// Waits until no other thread has a kit.
    ///
    /// # Panics
    ///
    /// When one has for ten minutes.
    pub(crate) fn take() -> Self {
        let own = thread::current().id();
        let holder = HOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        let is_others = |holder: &mut Option<Holder>| {
            holder.as_ref().is_some_and(|holder| holder.thread != own)
        };
        let (mut holder, waited) = FREED
            .wait_timeout_while(holder, LONGEST_TURN, is_others)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "another thread has a kit for ten minutes: expected one thread at a time to have kits, \
             drop the other's first"
        );
        match &mut *holder {
            Some(holder) => holder.kits += 1,
            None => {
                *holder = Some(Holder {
                    thread: own,
                    kits: 1,
                });
            }
        }
        Self(())
    }

    fn is_of(thread: ThreadId) -> bool {
        let holder = HOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        holder
            .as_ref()
            .is_some_and(|holder| holder.thread == thread)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut holder = HOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = &mut *holder {
            current.kits -= 1;
            if current.kits == 0 {
                *holder = None;
                FREED.notify_all();
            }
        }
    }
}
