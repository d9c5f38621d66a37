//! How often this thread asked the system for something, so that tests can hold a step to a number.

use std::cell::Cell;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// A look at a name in a directory.
    StatAt,
    /// A file opened by a name in a directory.
    OpenAt,
    /// A look at an open file.
    StatOf,
    /// A read from an open file.
    ReadAt,
    /// A directory whose names are put on the disk.
    SyncDir,
}

/// One number for each [`Call`], in their order.
pub(crate) type Counts = [usize; 5];

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new([0; 5]) };
}

pub(crate) fn count(call: Call) {
    let mut counts = COUNTS.get();
    counts[call as usize] += 1;
    COUNTS.set(counts);
}

/// What `f` asked for, in this thread.
pub(crate) fn counted<T>(f: impl FnOnce() -> T) -> (T, Counts) {
    COUNTS.set([0; 5]);
    let value = f();
    (value, COUNTS.get())
}
