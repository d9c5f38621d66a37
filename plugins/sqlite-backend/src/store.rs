//! The database. Each method blocks.

mod read;
mod write;

pub(crate) use read::Experiment;

use crate::open::SCHEMA;
use plugin_api::{Error, Result};
use sqlite_kit::rusqlite::{self, Connection, ErrorCode};
use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// One experiment under way, and all that were.
pub(crate) struct Store {
    /// Closed before the writer: the last to close puts the log into the file, and this one may not.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
    experiment: i64,
}

impl Store {
    /// Opens the file, which may hold so many MiB, and begins an experiment.
    ///
    /// # Errors
    ///
    /// When the file is not ours, is damaged, or cannot be written.
    pub(crate) fn open(path: &Path, limit_mb: i64, name: &str) -> Result<Self> {
        let writer = SCHEMA.writer(path)?;
        let bytes: i64 = writer.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = (limit_mb << 20) / bytes.max(1);
        writer.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        // What is acknowledged is on the disk.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer
            .execute(
                "INSERT INTO experiments (name, started_unix_ms) VALUES (?1, ?2)",
                (name, now_ms()),
            )
            .map_err(refused)?;
        Ok(Self {
            experiment: writer.last_insert_rowid(),
            writer: Mutex::new(writer),
            reader: Mutex::new(SCHEMA.reader(path)?),
        })
    }

    /// The id of the one under way.
    pub(crate) fn experiment(&self) -> i64 {
        self.experiment
    }
}

/// A panic while it was held can have left a transaction open at most, and that rolls back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why nothing was written: where there is no room, trying again may be of use.
fn refused(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::with_status(
            503,
            "no room is left for it: delete experiments, raise `limit_mb`, or free the disk",
        ),
        _ => Error::from(error),
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
