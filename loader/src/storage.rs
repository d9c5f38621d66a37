//! A plugin's own keys and values, in a file of its own that survives whatever ends the process.
//!
//! `<state>/storage/<id>.redb`, for the owner alone, a database of `redb`. It is opened when the
//! plugin first uses it, and closed when the plugin has stopped. Before it is opened it is read
//! through as a whole, and what does not fit is refused without a byte of it being written: an
//! operator may still save what is in it.

mod check;
mod database;
mod error;
mod open;
mod overlay;
mod side;
#[cfg(test)]
mod tests;

pub use error::StorageError;
pub(crate) use side::object;

use database::{Database, Done};
use jackfield_abi::{MAX_COMMIT_LEN, MAX_KEY_LEN, MAX_VALUE_LEN, StorageEntry, StorageItem};
use std::{
    mem,
    path::PathBuf,
    sync::{PoisonError, RwLock, RwLockWriteGuard},
};

/// Bytes of keys and values that a plugin may store, where nothing else is said: 64 MiB.
pub const DEFAULT_STORAGE_LIMIT: u64 = 64 << 20;

/// What one plugin stores.
///
/// An operation holds the lock for reading, and whoever opens or closes the file for writing. No
/// code of a plugin runs meanwhile.
pub(crate) struct Space {
    path: PathBuf,
    /// Bytes of keys and values.
    limit: u64,
    state: RwLock<State>,
}

enum State {
    /// Not used yet, or to be opened again after a failure.
    Idle,
    Open(Database),
    /// The plugin is gone.
    Closed,
}

impl Space {
    /// Costs nothing until it is used.
    pub(crate) fn new(path: PathBuf, limit: u64) -> Self {
        let state = RwLock::new(State::Idle);
        Self { path, limit, state }
    }

    /// Ends what is under way, and refuses all that comes later.
    pub(crate) fn close(&self) {
        drop(mem::replace(&mut *self.write(), State::Closed));
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        check_key(key)?;
        self.reading(|database| database.get(key))
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<StorageEntry>, StorageError> {
        self.reading(|database| database.scan(prefix, after, limit))
    }

    /// False when a key of `expected` has another value.
    fn commit(
        &self,
        expected: &[StorageItem<'_>],
        writes: &[StorageItem<'_>],
    ) -> Result<bool, StorageError> {
        let number = expected.len() + writes.len();
        if number > MAX_COMMIT_LEN {
            return Err(StorageError::Items(number));
        }
        for item in expected.iter().chain(writes) {
            check_key(item.key.as_slice())?;
            let length = item.value.map_or(0, |value| value.len());
            if length > MAX_VALUE_LEN {
                return Err(StorageError::Value(length));
            }
        }
        match self.with(|database| database.commit(expected, writes, self.limit))? {
            Done::Written => Ok(true),
            Done::Otherwise => Ok(false),
            Done::TooLarge(size) => Err(StorageError::Limit {
                size,
                limit: self.limit,
            }),
        }
    }

    /// A read that found the database given up by another thread is done again with the next.
    fn reading<R>(
        &self,
        operation: impl Fn(&Database) -> Result<R, redb::Error>,
    ) -> Result<R, StorageError> {
        match self.with(&operation) {
            Err(StorageError::GivenUp(_)) => self.with(operation),
            result => result,
        }
    }

    fn with<R>(
        &self,
        operation: impl FnOnce(&Database) -> Result<R, redb::Error>,
    ) -> Result<R, StorageError> {
        loop {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            match &*state {
                State::Closed => return Err(StorageError::Closed),
                State::Open(database) => {
                    let result = database.run(operation);
                    drop(state);
                    return result.map_err(|error| {
                        self.give_up();
                        StorageError::of(&self.path, error)
                    });
                }
                State::Idle => {}
            }
            drop(state);
            self.open()?;
        }
    }

    fn open(&self) -> Result<(), StorageError> {
        let mut state = self.write();
        if matches!(*state, State::Idle) {
            *state = State::Open(open::open(&self.path)?);
        }
        Ok(())
    }

    /// After a failure a database answers nothing any more; the next that is opened from the same
    /// file has all that was acknowledged.
    fn give_up(&self) {
        let mut state = self.write();
        if matches!(&*state, State::Open(database) if database.has_failed()) {
            *state = State::Idle;
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_key(key: &[u8]) -> Result<(), StorageError> {
    match key.len() {
        1..=MAX_KEY_LEN => Ok(()),
        length => Err(StorageError::Key(length)),
    }
}
