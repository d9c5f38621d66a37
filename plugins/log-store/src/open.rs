//! The file.

use sqlite_kit::Schema;

/// What it looks like. `level` is a number, 1 for an error to 5 for a trace; `plugin` is empty where
/// the host speaks.
pub(crate) const SCHEMA: Schema = Schema {
    program: "log-store",
    application_id: i64::from_be_bytes(*b"\0\0\0\0JFLS"),
    version: 1,
    sql: "
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_unix_us INTEGER NOT NULL,
    level INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    message TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_plugin ON records (plugin, id);
",
};
