//! The file.

use sqlite_kit::Schema;

/// What it looks like.
pub(crate) const SCHEMA: Schema = Schema {
    program: "recorder",
    application_id: i64::from_be_bytes(*b"\0\0\0\0JFRC"),
    version: 1,
    sql: "
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_unix_ms INTEGER NOT NULL,
    ended_unix_ms INTEGER
) STRICT;
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    topic TEXT NOT NULL,
    publisher TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time_unix_ns INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX records_by_topic ON records (topic, time_unix_ns);
",
};

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::Error;
    use sqlite_kit::rusqlite::Connection;
    use std::{fs, path::Path};
    use tempfile::TempDir;

    fn refused(path: &Path) -> String {
        Error::from(SCHEMA.writer(path).unwrap_err()).to_string()
    }

    #[test]
    fn a_new_file_is_made_and_known_again() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("records.db");
        drop(SCHEMA.writer(&path).unwrap());
        let connection = SCHEMA.writer(&path).unwrap();
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        SCHEMA.reader(&path).unwrap();
    }

    #[test]
    fn what_is_no_database_is_refused_and_kept() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("records.db");
        let text = "this is a letter, not a database\n".repeat(40);
        fs::write(&path, &text).unwrap();
        assert_eq!(
            refused(&path),
            format!(
                "{}: not a SQLite file, or a damaged one (file is not a database): move it away, \
                 and a new one is made",
                path.display()
            )
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("records.db");
        let connection = SCHEMA.writer(&path).unwrap();
        connection
            .execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                 INSERT INTO records (run, topic, publisher, sequence, time_unix_ns, payload)
                 SELECT 1, 'a.b', 'a', i, i, zeroblob(64) FROM n;
                 PRAGMA wal_checkpoint(TRUNCATE);",
            )
            .unwrap();
        drop(connection);
        let mut bytes = fs::read(&path).unwrap();
        let len = bytes.len();
        bytes[4096..len / 2].fill(0xA5);
        fs::write(&path, bytes).unwrap();
        let message = refused(&path);
        let begin = format!("{}: not a SQLite file, or a damaged one (", path.display());
        assert!(message.starts_with(&begin), "{message}");
    }

    #[test]
    fn another_programs_file_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("records.db");
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE cats (name TEXT)")
            .unwrap();
        drop(other);
        assert_eq!(
            refused(&path),
            format!(
                "{}: a SQLite file of another program: move it away, and a new one is made",
                path.display()
            )
        );
    }

    #[test]
    fn another_schema_version_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("records.db");
        let connection = SCHEMA.writer(&path).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        drop(connection);
        assert_eq!(
            refused(&path),
            format!(
                "{}: has schema version 7, this recorder knows 1: use the recorder that wrote it, \
                 or move the file away",
                path.display()
            )
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("missing").join("records.db");
        let message = refused(&path);
        assert!(
            message.starts_with(&format!("{}: cannot be opened: ", path.display())),
            "{message}"
        );
    }
}
