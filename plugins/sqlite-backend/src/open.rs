//! The file.

use sqlite_kit::Schema;

/// What it looks like. Names are kept once, in `series`, with what a list of them shows.
pub(crate) const SCHEMA: Schema = Schema {
    program: "sqlite-backend",
    application_id: i64::from_be_bytes(*b"\0\0\0\0JFTB"),
    version: 1,
    sql: "
CREATE TABLE experiments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    started_unix_ms INTEGER NOT NULL,
    ended_unix_ms INTEGER
) STRICT;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    least REAL NOT NULL,
    greatest REAL NOT NULL,
    last REAL NOT NULL,
    last_step INTEGER,
    last_unix_ms INTEGER NOT NULL,
    UNIQUE (experiment, name)
) STRICT;
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
    step INTEGER,
    value REAL NOT NULL,
    time_unix_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX metrics_by_series ON metrics (series);
CREATE TABLE params (
    experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE artifacts (
    experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    time_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (experiment, path)
) STRICT, WITHOUT ROWID;
",
};
