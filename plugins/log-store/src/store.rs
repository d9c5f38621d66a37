//! Records in, records out. Each method blocks.

use crate::{
    entry::{Entry, LEVELS, micros},
    open::SCHEMA,
    query::Filter,
};
use plugin_api::{
    Result,
    serde_json::{self, Value},
};
use serde::Serialize;
use sqlite_kit::{
    OpenError, Shelf,
    rusqlite::{Connection, Row, named_params, params},
};
use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

/// No answer holds more bytes of records than this, however many are asked for.
const MOST_BYTES: usize = 8 << 20;
const DAY_US: i64 = 86_400_000_000;

/// The database.
pub(crate) struct Store {
    /// Closed before the writer: the last to close puts the log into the file, and this one may not.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
    keep: i64,
    keep_days: i64,
}

/// Some records.
#[derive(Debug)]
pub(crate) struct Page {
    /// Each as it was published, with its `id`.
    pub(crate) records: Vec<Value>,
    /// There is more that fits the question: ask again with `before` set to the last id.
    pub(crate) more: bool,
}

/// What there is of one plugin and level.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// `null` for the host.
    pub(crate) plugin: Option<String>,
    pub(crate) level: &'static str,
    pub(crate) count: i64,
    pub(crate) last_unix_ms: i64,
}

impl Store {
    /// Opens the file. 0 days are as many as one likes.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the file is not ours, is damaged, or cannot be written.
    pub(crate) fn open(path: &Path, keep: i64, keep_days: i64) -> Result<Self, OpenError> {
        Ok(Self {
            writer: Mutex::new(SCHEMA.writer(path)?),
            reader: Mutex::new(SCHEMA.reader(path)?),
            keep,
            keep_days,
        })
    }

    fn write_at(&self, entries: &[Entry], now_us: i64) -> Result<i64> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO records (time_unix_us, level, plugin, message, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for entry in entries {
                let Entry {
                    time_unix_us,
                    level,
                    plugin,
                    message,
                    payload,
                } = entry;
                insert.execute(params![time_unix_us, level, plugin, message, payload])?;
            }
        }
        let last = transaction.last_insert_rowid();
        // Ids have no gaps, so the age of a record is the distance of its id from the last.
        transaction
            .prepare_cached("DELETE FROM records WHERE id <= ?1")?
            .execute([last - self.keep])?;
        if self.keep_days > 0 {
            // They are old in the order of their ids, near enough: what is first, and too old, goes.
            transaction
                .prepare_cached(
                    "DELETE FROM records WHERE time_unix_us < ?1 AND id < (SELECT coalesce(
                         (SELECT id FROM records WHERE time_unix_us >= ?1 ORDER BY id LIMIT 1),
                         ?2 + 1))",
                )?
                .execute([now_us - self.keep_days * DAY_US, last])?;
        }
        transaction.commit()?;
        Ok(last)
    }

    /// What fits the filter, the latest first.
    pub(crate) fn records(&self, filter: &Filter) -> Result<Page> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT id, payload FROM records
             WHERE (:before IS NULL OR id < :before)
             AND (:plugin IS NULL OR plugin = :plugin)
             AND (:level IS NULL OR level <= :level)
             AND (:since IS NULL OR time_unix_us >= :since)
             AND (:until IS NULL OR time_unix_us < :until)
             AND (:text IS NULL OR instr(lower(message), lower(:text)) > 0)
             ORDER BY id DESC LIMIT :limit",
        )?;
        let mut rows = select.query(named_params! {
            ":before": filter.before,
            ":plugin": filter.plugin,
            ":level": filter.level,
            ":since": filter.since_unix_us,
            ":until": filter.until_unix_us,
            ":text": filter.text,
            // One more than wanted tells whether there are more.
            ":limit": filter.limit + 1,
        })?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            bytes += row.get_ref("payload")?.as_str().map_or(0, str::len);
            let full = i64::try_from(records.len()).unwrap_or(i64::MAX) == filter.limit;
            if full || (bytes > MOST_BYTES && !records.is_empty()) {
                let more = true;
                return Ok(Page { records, more });
            }
            records.push(record(row)?);
        }
        let more = false;
        Ok(Page { records, more })
    }

    /// How many records there are of each plugin and level.
    pub(crate) fn summary(&self) -> Result<Vec<Count>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT plugin, level, count(*), max(time_unix_us) / 1000 FROM records
             GROUP BY plugin, level ORDER BY plugin, level",
        )?;
        let rows = select.query_map([], |row| {
            let level: i64 = row.get(1)?;
            Ok(Count {
                plugin: Some(row.get(0)?).filter(|plugin: &String| !plugin.is_empty()),
                level: name(level),
                count: row.get(2)?,
                last_unix_ms: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Shelf for Store {
    type Entry = Entry;

    fn weight(entry: &Entry) -> usize {
        entry.weight()
    }

    fn write(&self, entries: &[Entry]) -> Result<i64> {
        self.write_at(entries, micros(SystemTime::now()))
    }
}

fn name(level: i64) -> &'static str {
    let at = usize::try_from(level - 1).ok();
    at.and_then(|at| LEVELS.get(at)).copied().unwrap_or("info")
}

/// The record as it was published, with its id.
fn record(row: &Row<'_>) -> Result<Value> {
    let id: i64 = row.get("id")?;
    let payload: String = row.get("payload")?;
    let mut record = match serde_json::from_str(&payload) {
        Ok(Value::Object(map)) => map,
        other => {
            let message = other.unwrap_or_else(|_| payload.into());
            serde_json::Map::from_iter([("message".to_owned(), message)])
        }
    };
    record.insert("id".to_owned(), id.into());
    Ok(Value::Object(record))
}

/// A panic while it was held can have left a transaction open at most, and that rolls back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::json;
    use tempfile::TempDir;

    fn entry(time_unix_us: i64, level: i64, plugin: &str, message: &str) -> Entry {
        Entry {
            time_unix_us,
            level,
            plugin: plugin.to_owned(),
            message: message.to_owned(),
            payload: json!({ "message": message }).to_string(),
        }
    }

    fn store(dir: &TempDir, keep: i64, keep_days: i64) -> Store {
        Store::open(&dir.path().join("logs.db"), keep, keep_days).unwrap()
    }

    fn messages(store: &Store, filter: Filter) -> String {
        let page = store.records(&filter).unwrap();
        let messages = page
            .records
            .iter()
            .map(|record| record["message"].as_str().unwrap());
        let more = if page.more { " more" } else { "" };
        messages.collect::<Vec<_>>().join(" ") + more
    }

    #[test]
    fn each_part_of_a_question_selects() {
        let dir = TempDir::new().unwrap();
        let store = store(&dir, 100, 0);
        let entries = [
            entry(10, 1, "a", "One"),
            entry(20, 2, "b", "two"),
            entry(30, 3, "", "three"),
            entry(40, 4, "a", "four"),
        ];
        assert_eq!(store.write_at(&entries, 50).unwrap(), 4);
        let of = |filter| messages(&store, filter);
        let all = Filter::default;
        assert_eq!(of(all()), "four three two One");
        assert_eq!(
            of(Filter {
                level: Some(2),
                ..all()
            }),
            "two One"
        );
        assert_eq!(
            of(Filter {
                plugin: Some("a".to_owned()),
                ..all()
            }),
            "four One"
        );
        assert_eq!(
            of(Filter {
                plugin: Some(String::new()),
                ..all()
            }),
            "three"
        );
        let times = Filter {
            since_unix_us: Some(20),
            until_unix_us: Some(40),
            ..all()
        };
        assert_eq!(of(times), "three two");
        assert_eq!(
            of(Filter {
                text: Some("oNE".to_owned()),
                ..all()
            }),
            "One"
        );
        assert_eq!(
            of(Filter {
                text: Some("%".to_owned()),
                ..all()
            }),
            ""
        );
        let first = store.records(&Filter { limit: 3, ..all() }).unwrap();
        assert!(first.more);
        let last = first.records[2]["id"].as_i64();
        assert_eq!(
            of(Filter {
                before: last,
                ..all()
            }),
            "One"
        );
        let summary = store.summary().unwrap();
        assert_eq!(
            (summary[0].plugin.as_deref(), summary[0].level),
            (None, "info")
        );
        assert_eq!(summary.len(), 4);
    }

    #[test]
    fn what_is_too_many_or_too_old_goes() {
        let dir = TempDir::new().unwrap();
        let store = store(&dir, 3, 1);
        let all: Vec<_> = (1..=5).map(|n| entry(n, 3, "a", &n.to_string())).collect();
        store.write_at(&all, 6).unwrap();
        assert_eq!(messages(&store, Filter::default()), "5 4 3");
        store
            .write_at(&[entry(DAY_US + 5, 3, "a", "6")], DAY_US + 5)
            .unwrap();
        assert_eq!(messages(&store, Filter::default()), "6 5");
        store
            .write_at(&[entry(0, 3, "a", "old")], 9 * DAY_US)
            .unwrap();
        assert_eq!(messages(&store, Filter::default()), "");
    }
}
