//! Which file lies under a name, so that another one, or another text in it, shows.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What tells two files, or two texts of one, apart; `None` where there is no file.
pub(super) type Identity = Option<[u64; 7]>;

/// That of the file under a name.
///
/// # Errors
///
/// When it cannot be told; that it is not there is no error.
pub(super) fn identity(path: &Path) -> io::Result<Identity> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn of(metadata: &fs::Metadata) -> [u64; 7] {
    use std::os::unix::fs::MetadataExt;
    let signed = |number: i64| number.cast_unsigned();
    [
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        signed(metadata.mtime()),
        signed(metadata.mtime_nsec()),
        signed(metadata.ctime()),
        signed(metadata.ctime_nsec()),
    ]
}

#[cfg(not(unix))]
fn of(metadata: &fs::Metadata) -> [u64; 7] {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let since = since.unwrap_or_default();
    let nanos = u64::from(since.subsec_nanos());
    [0, 0, metadata.len(), since.as_secs(), nanos, 0, 0]
}

/// When it is time for another look, which one thread takes while the others go on.
#[derive(Debug)]
pub(super) struct Turn {
    began: Instant,
    every: Duration,
    /// In milliseconds since it began.
    next: AtomicU64,
}

impl Turn {
    /// The first look is due after that time.
    pub(super) fn new(every: Duration) -> Self {
        let turn = Self {
            began: Instant::now(),
            every,
            next: AtomicU64::new(0),
        };
        turn.next.store(turn.after(0), Ordering::Relaxed);
        turn
    }

    /// Whether it is the caller's turn.
    pub(super) fn is_mine(&self, now: Instant) -> bool {
        let now = self.millis(now);
        let next = self.next.load(Ordering::Relaxed);
        let taken = || {
            let after = self.after(now);
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            let swapped = self.next.compare_exchange(next, after, success, failure);
            swapped.is_ok()
        };
        now >= next && taken()
    }

    fn after(&self, millis: u64) -> u64 {
        let every = u64::try_from(self.every.as_millis()).unwrap_or(u64::MAX);
        millis.saturating_add(every)
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_at_a_time() {
        let every = Duration::from_secs(1);
        let turn = Turn::new(every);
        let at = |millis| turn.began + Duration::from_millis(millis);
        assert!(!turn.is_mine(at(0)));
        assert!(!turn.is_mine(at(999)));
        assert!(turn.is_mine(at(1000)));
        assert!(!turn.is_mine(at(1000)));
        assert!(!turn.is_mine(at(1999)));
        assert!(turn.is_mine(at(9000)));
        assert!(!turn.is_mine(at(9001)));
    }

    #[test]
    fn another_text_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert_eq!(identity(&path).unwrap(), None);
        fs::write(&path, "a").unwrap();
        let first = identity(&path).unwrap();
        assert_eq!(identity(&path).unwrap(), first);
        fs::write(&path, "bc").unwrap();
        assert_ne!(identity(&path).unwrap(), first);
    }
}
