//! The file: made, recognized, or refused.

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for another process that has the file, such as a `sqlite3` shell.
const BUSY: Duration = Duration::from_secs(5);

/// What a plugin's file looks like.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// What messages call the plugin, such as `recorder`.
    pub program: &'static str,
    /// Marks the file as that plugin's: four characters of ASCII.
    pub application_id: i64,
    /// The layout of the tables. Another number needs a migration.
    pub version: i64,
    /// What makes them.
    pub sql: &'static str,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is something else, or broken.
    #[error(
        "{}: not a SQLite file, or a damaged one ({found}): move it away, and a new one is made",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        found: String,
    },
    /// It is a database, and not ours.
    #[error("{}: a SQLite file of another program: move it away, and a new one is made", .0.display())]
    Foreign(PathBuf),
    /// Another version of the plugin wrote it.
    #[error(
        "{}: has schema version {found}, this {program} knows {known}: use the {program} that \
         wrote it, or move the file away",
        path.display()
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// What it has.
        found: i64,
        /// What this plugin knows.
        known: i64,
        /// Which plugin.
        program: &'static str,
    },
    /// It cannot be made, or not be written.
    #[error(
        "{}: cannot be opened: expected a file and a directory that this user may write, found \
         others ({found}): make them writable, or choose another state directory",
        path.display()
    )]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        found: String,
    },
    /// Anything else.
    #[error("{}: cannot be opened", path.display())]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl Schema {
    /// Opens the file for writing; makes it where it is not there.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when it is not what this version of the plugin wrote. It is not touched then.
    pub fn writer(&self, path: &Path) -> Result<Connection, OpenError> {
        self.prepare(path).map_err(|error| error.of(self, path))
    }

    /// Opens the file, which [`writer`](Schema::writer) has seen, for reading only.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when SQLite cannot open it.
    pub fn reader(&self, path: &Path) -> Result<Connection, OpenError> {
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY)?;
            Ok(connection)
        };
        open().map_err(|error: Fault| error.of(self, path))
    }

    fn prepare(&self, path: &Path) -> Result<Connection, Fault> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        self.recognize(&mut connection)?;
        // With a write-ahead log readers do not wait for the writer. `NORMAL` writes it at each
        // commit, which survives the death of the process; only a power cut can take the last
        // moments along.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    }

    fn recognize(&self, connection: &mut Connection) -> Result<(), Fault> {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (version, application) = (number("user_version")?, number("application_id")?);
        let objects: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if version == 0 && application == 0 && objects == 0 {
            return self.create(connection);
        }
        if application != self.application_id {
            return Err(Fault::Foreign);
        }
        if version != self.version {
            return Err(Fault::Version(version));
        }
        // Reads the whole file: 20 ms for 100,000 ticks. Found here, damage has a clear message.
        let check: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if check != "ok" {
            return Err(Fault::Damaged(check));
        }
        Ok(())
    }

    fn create(&self, connection: &mut Connection) -> Result<(), Fault> {
        let transaction = connection.transaction()?;
        transaction.execute_batch(self.sql)?;
        transaction.pragma_update(None, "application_id", self.application_id)?;
        transaction.pragma_update(None, "user_version", self.version)?;
        transaction.commit()?;
        Ok(())
    }
}

enum Fault {
    Unwritable(String),
    Sqlite(rusqlite::Error),
    Damaged(String),
    Foreign,
    Version(i64),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(error.to_string())
            }
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                Self::Unwritable(error.to_string())
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl Fault {
    fn of(self, schema: &Schema, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Unwritable(found) => OpenError::Unwritable { path, found },
            Self::Sqlite(source) => OpenError::Sqlite { path, source },
            Self::Damaged(found) => OpenError::Damaged { path, found },
            Self::Foreign => OpenError::Foreign(path),
            Self::Version(found) => OpenError::Version {
                path,
                found,
                known: schema.version,
                program: schema.program,
            },
        }
    }
}
