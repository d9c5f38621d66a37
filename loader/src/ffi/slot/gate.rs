use std::sync::atomic::{AtomicU64, Ordering};

/// Set in the gate when nobody may enter any more.
const CLOSED: u64 = 1 << 31;

/// Those who are inside: everything below [`CLOSED`].
const INSIDE: u64 = CLOSED - 1;

/// One call more, in the upper half.
const CALL: u64 = 1 << 32;

/// Who is inside, whether the gate is closed, and how many calls there were, in one word: one
/// addition counts a caller in and counts the call.
///
/// | bits | what |
/// |---|---|
/// | 0 to 30 | how many are inside; each is a thread or a future, so memory ends long before the bits |
/// | 31 | closed: once set it stays |
/// | 32 to 63 | calls, modulo 2^32: what overflows leaves the word |
///
/// The calls beyond 2^32 are known from when the word was last looked at, which the supervisor does
/// every few seconds: 2^32 calls take tens of them at least.
#[derive(Default)]
pub(super) struct Gate {
    word: AtomicU64,
    /// The calls up to when they were last looked at.
    seen: AtomicU64,
    /// Counted in the word as well, and no calls.
    turned_away: AtomicU64,
    /// Calls of those who stayed inside from one to the next.
    stayed: AtomicU64,
}

impl Gate {
    /// Counts a caller in, and the call; false where the gate is closed, and then the caller has to
    /// [`leave`](Gate::leave) at once.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        self.word.fetch_add(CALL | 1, Ordering::Acquire) & CLOSED == 0
    }

    /// Counts in one who is no caller, whether the gate is closed or not.
    pub(super) fn enter_closed(&self) {
        self.word.fetch_add(1, Ordering::Acquire);
    }

    /// Counts one out; true when it was the last, behind a closed gate.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        let before = self.word.fetch_sub(1, Ordering::Release);
        before & (CLOSED | INSIDE) == CLOSED | 1
    }

    /// Notes that the last to enter made no call, and counts them out; true as
    /// [`leave`](Gate::leave) says.
    #[cold]
    pub(super) fn turn_away(&self) -> bool {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        self.leave()
    }

    /// Counts another call of one who is inside; false where the gate has been closed, and then the
    /// caller has to leave.
    ///
    /// Of all who are inside only one may do so at a time, or a call is not counted: an addition that
    /// others may make as well would cost as much as to leave and to enter again.
    #[inline]
    pub(super) fn stay(&self) -> bool {
        if self.word.load(Ordering::Relaxed) & CLOSED != 0 {
            return false;
        }
        let stayed = self.stayed.load(Ordering::Relaxed);
        self.stayed.store(stayed + 1, Ordering::Relaxed);
        true
    }

    /// Lets nobody in from now on.
    pub(super) fn close(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether it lets anybody in.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.word.load(Ordering::Relaxed) & CLOSED == 0
    }

    /// Whether it is closed and nobody is inside; nobody can come in then.
    pub(super) fn is_empty(&self) -> bool {
        self.word.load(Ordering::Acquire) & (CLOSED | INSIDE) == CLOSED
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> usize {
        usize::try_from(self.word.load(Ordering::Relaxed) & INSIDE).unwrap_or(usize::MAX)
    }

    /// How many calls there were: right where it is asked for before another 2^32 were made.
    pub(super) fn calls(&self) -> u64 {
        // With the release below: who sees what another saw sees the word no older than that one.
        let seen = self.seen.load(Ordering::Acquire);
        let now = self.word.load(Ordering::Relaxed) >> 32;
        let calls = seen + (now.wrapping_sub(seen) & (CALL - 1));
        // Of two that ask at once, the one that saw less must not lead back.
        let calls = calls.max(self.seen.fetch_max(calls, Ordering::AcqRel));
        let entered = calls.saturating_sub(self.turned_away.load(Ordering::Relaxed));
        entered + self.stayed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// A gate through which so many went.
    fn after(calls: u64) -> Gate {
        Gate {
            word: AtomicU64::new(calls << 32),
            seen: AtomicU64::new(calls),
            turned_away: AtomicU64::new(0),
            stayed: AtomicU64::new(0),
        }
    }

    #[test]
    fn calls_are_counted_beyond_what_the_word_holds() {
        for start in [0, (1 << 31) - 3, (1 << 32) - 3, 7 * (1 << 31) - 3] {
            let gate = after(start);
            for call in 1..=6 {
                assert!(gate.enter());
                assert_eq!((gate.inside(), gate.calls()), (1, start + call));
                assert!(!gate.leave());
            }
            assert_eq!(gate.inside(), 0);
        }
    }

    #[test]
    fn an_overflow_of_the_calls_touches_neither_bit_nor_count() {
        let gate = after((1 << 32) - 1);
        gate.enter_closed();
        gate.close();
        assert!(!gate.enter());
        assert_eq!((gate.inside(), gate.calls()), (2, 1 << 32));
        assert!(!gate.turn_away());
        assert_eq!((gate.inside(), gate.calls()), (1, (1 << 32) - 1));
        assert!(!gate.is_empty());
        assert!(gate.leave());
        assert!(gate.is_empty());
    }

    #[test]
    fn who_is_turned_away_made_no_call() {
        let gate = Gate::default();
        assert!(gate.enter());
        assert!(!gate.leave());
        gate.close();
        assert!(gate.is_empty());
        for _ in 0..3 {
            assert!(!gate.enter());
            assert!(gate.turn_away());
        }
        assert_eq!((gate.inside(), gate.calls()), (0, 1));
        assert!(gate.is_empty());
    }

    #[test]
    fn who_stays_makes_a_call_each_time_until_the_gate_is_closed() {
        let gate = Gate::default();
        assert!(gate.enter());
        assert!(gate.stay());
        assert!(gate.stay());
        assert_eq!((gate.inside(), gate.calls()), (1, 3));
        gate.close();
        assert!(!gate.stay());
        assert_eq!((gate.inside(), gate.calls()), (1, 3));
        assert!(gate.leave());
    }

    #[test]
    fn threads_lose_no_call_around_an_overflow() {
        let start = (1 << 32) - 20_000;
        let gate = after(start);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        assert!(gate.enter());
                        gate.leave();
                    }
                });
            }
        });
        assert_eq!((gate.inside(), gate.calls()), (0, start + 40_000));
    }
}
