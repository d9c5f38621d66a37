use jackfield_manifest::PluginId;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The system's loader is one for the process, however many of ours there are.
static SYSTEM: Turnstile = Turnstile::new();

/// Lets one in at a time. Its lock is held only while it is looked at who is inside: never while
/// anything is mapped.
struct Turnstile {
    state: Mutex<State>,
    left: Condvar,
}

struct State {
    inside: Option<Inside>,
    /// How many wait: to notify nobody is a system call all the same.
    waiting: usize,
}

struct Inside {
    who: PluginId,
    until: Option<Instant>,
}

/// The right of one plugin to be mapped or unmapped, until it is dropped.
///
/// The system's loader runs constructors and destructors under a lock of its own. To wait here
/// instead costs nothing, and has a name and an end: only the plugin that is inside is suspected
/// when the process dies, and when it hangs, the others are told so rather than blamed.
pub(crate) struct Turn {
    turnstile: &'static Turnstile,
    who: PluginId,
    limit: Duration,
}

/// Constructors or destructors hang, so that nothing can be mapped or unmapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the constructors or destructors of {0} have not returned, and until they do the system's \
     loader maps and unmaps nothing"
)]
pub struct Stuck(PluginId);

impl Turnstile {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                inside: None,
                waiting: 0,
            }),
            left: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&'static self, who: &PluginId, limit: Duration) -> Result<Turn, Stuck> {
        let mut state = self.lock();
        while let Some(other) = &state.inside {
            let left = match other.until {
                None => Duration::MAX,
                Some(until) => until.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                return Err(Stuck(other.who.clone()));
            }
            state.waiting += 1;
            let waited = self.left.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
        state.inside = Some(Inside {
            who: who.clone(),
            until: Instant::now().checked_add(limit),
        });
        Ok(Turn {
            turnstile: self,
            who: who.clone(),
            limit,
        })
    }
}

impl Turn {
    /// Waits for the turn of this plugin, which may then take so long.
    pub(crate) fn wait(who: &PluginId, limit: Duration) -> Result<Self, Stuck> {
        SYSTEM.wait(who, limit)
    }

    /// Whose turn it is, and for how long.
    pub(super) fn terms(&self) -> (PluginId, Duration) {
        (self.who.clone(), self.limit)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turnstile.lock();
        state.inside = None;
        if state.waiting > 0 {
            self.turnstile.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc, Barrier,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    const LONG: Duration = Duration::from_secs(60);

    fn id(text: &str) -> PluginId {
        PluginId::new(text).unwrap()
    }

    #[test]
    fn one_is_inside_at_a_time_and_the_next_comes_when_it_leaves() {
        static TURNSTILE: Turnstile = Turnstile::new();
        let (inside, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(4)));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (inside, all) = (Arc::clone(&inside), Arc::clone(&all));
                thread::spawn(move || {
                    all.wait();
                    for _ in 0..200 {
                        let turn = TURNSTILE.wait(&id(&format!("p{number}")), LONG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        assert_eq!(turn.terms().0.as_str(), format!("p{number}"));
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let state = TURNSTILE.lock();
        assert!(state.inside.is_none() && state.waiting == 0);
    }

    #[test]
    fn who_waits_learns_who_is_stuck_when_that_ones_time_is_up() {
        static TURNSTILE: Turnstile = Turnstile::new();
        let limit = Duration::from_millis(20);
        let turn = TURNSTILE.wait(&id("slow"), limit).unwrap();
        let begun = Instant::now();
        let Err(stuck) = TURNSTILE.wait(&id("next"), LONG) else {
            panic!("two are inside");
        };
        assert!(begun.elapsed() < LONG);
        assert_eq!(
            stuck.to_string(),
            "the constructors or destructors of slow have not returned, and until they do the \
             system's loader maps and unmaps nothing"
        );
        // Late, but out: nobody is stuck any more.
        drop(turn);
        assert_eq!(
            TURNSTILE.wait(&id("next"), LONG).unwrap().terms(),
            (id("next"), LONG)
        );
    }

    #[test]
    fn who_waits_is_let_in_by_the_drop_not_by_the_deadline() {
        static TURNSTILE: Turnstile = Turnstile::new();
        let turn = TURNSTILE.wait(&id("first"), LONG).unwrap();
        let next = thread::spawn(|| {
            let begun = Instant::now();
            let turn = TURNSTILE.wait(&id("next"), LONG).unwrap();
            (turn.terms().0, begun.elapsed())
        });
        drop(turn);
        let (who, waited) = next.join().unwrap();
        assert_eq!(who, id("next"));
        assert!(waited < LONG);
    }
}
