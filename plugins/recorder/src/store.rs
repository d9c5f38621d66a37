//! Records in, records out.

use crate::{
    open::SCHEMA,
    query::{Filter, Order},
};
use plugin_api::serde_json::{self, Value};
use serde::Serialize;
use sqlite_kit::{
    OpenError,
    rusqlite::{self, Connection, Row, named_params, params},
};

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many runs are kept.
const RUNS: i64 = 1000;
/// No answer holds more bytes of payload than this, however many records are asked for.
const MOST_BYTES: usize = 8 << 20;

/// What every selection of records begins with.
macro_rules! select {
    () => {
        "SELECT id, run, topic, publisher, sequence, time_unix_ns, payload FROM records
         WHERE (:topic IS NULL OR topic = :topic)
         AND (:low IS NULL OR (topic >= :low AND topic < :high))
         AND (:publisher IS NULL OR publisher = :publisher)
         AND (:since IS NULL OR time_unix_ns >= :since)
         AND (:after IS NULL OR id > :after)"
    };
}
/// An event that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) topic: String,
    pub(crate) publisher: String,
    pub(crate) sequence: u64,
    pub(crate) time_unix_ns: u64,
    pub(crate) payload: Vec<u8>,
}

/// A record as an answer shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Record {
    /// Counts up over all runs, without gaps.
    pub(crate) id: i64,
    /// The run that recorded it.
    pub(crate) run: i64,
    pub(crate) topic: String,
    pub(crate) publisher: String,
    pub(crate) sequence: i64,
    /// When the host took the event.
    pub(crate) time_unix_ms: i64,
    /// As it was published, where that was JSON; otherwise a string, with what is not UTF-8 replaced.
    pub(crate) payload: Value,
}

/// The answer of `GET /records`.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    /// There is more that fits the question: ask again from the last id on.
    pub(crate) more: bool,
}

/// What there is of one topic.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TopicSummary {
    pub(crate) topic: String,
    pub(crate) count: i64,
    pub(crate) first_unix_ms: i64,
    pub(crate) last_unix_ms: i64,
}

/// One run of this plugin.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Run {
    pub(crate) id: i64,
    pub(crate) started_unix_ms: i64,
    /// `null` while it lasts, and for ever when the process was killed.
    pub(crate) ended_unix_ms: Option<i64>,
    /// How many of its records are still there.
    pub(crate) records: i64,
    pub(crate) current: bool,
}

/// The database. Each method blocks.
pub(crate) struct Store {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    run: i64,
    keep: i64,
}

impl Store {
    /// Opens the file and begins a run.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the file is not ours, is damaged, or cannot be written.
    pub(crate) fn open(path: &Path, keep: i64, now_ms: i64) -> Result<Self, OpenError> {
        let mut writer = SCHEMA.writer(path)?;
        let run = begin_run(&mut writer, now_ms).map_err(|source| OpenError::Sqlite {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            writer: Mutex::new(writer),
            reader: Mutex::new(SCHEMA.reader(path)?),
            run,
            keep,
        })
    }

    /// Writes all of them, or none; returns the id of the last. When it returns, they survive the
    /// end of the process.
    pub(crate) fn write(&self, entries: &[Entry]) -> rusqlite::Result<i64> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO records (run, topic, publisher, sequence, time_unix_ns, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for entry in entries {
                insert.execute(params![
                    self.run,
                    entry.topic,
                    entry.publisher,
                    signed(entry.sequence),
                    signed(entry.time_unix_ns),
                    entry.payload,
                ])?;
            }
        }
        let last = transaction.last_insert_rowid();
        // Ids have no gaps, so the age of a record is the distance of its id from the last.
        transaction
            .prepare_cached("DELETE FROM records WHERE id <= ?1")?
            .execute([last - self.keep])?;
        transaction.commit()?;
        Ok(last)
    }

    /// A record as [`records`](Store::records) would give it.
    pub(crate) fn shown(&self, id: i64, entry: &Entry) -> Record {
        Record {
            id,
            run: self.run,
            topic: entry.topic.clone(),
            publisher: entry.publisher.clone(),
            sequence: signed(entry.sequence),
            time_unix_ms: signed(entry.time_unix_ns) / 1_000_000,
            payload: shown(&entry.payload),
        }
    }

    /// Ends the run.
    pub(crate) fn end_run(&self, now_ms: i64) -> rusqlite::Result<()> {
        lock(&self.writer)
            .execute(
                "UPDATE runs SET ended_unix_ms = ?1 WHERE id = ?2",
                [now_ms, self.run],
            )
            .map(|_| ())
    }

    /// What fits the filter.
    pub(crate) fn records(&self, filter: &Filter) -> rusqlite::Result<Page> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(match filter.order {
            Order::Ascending => concat!(select!(), " ORDER BY id ASC LIMIT :limit"),
            Order::Descending => concat!(select!(), " ORDER BY id DESC LIMIT :limit"),
        })?;
        let (topic, low, high) = filter.topic.bounds();
        let mut rows = select.query(named_params! {
            ":topic": topic,
            ":low": low,
            ":high": high,
            ":publisher": filter.publisher,
            ":since": filter.since_unix_ms.map(|ms| ms.saturating_mul(1_000_000)),
            ":after": filter.after,
            // One more than wanted tells whether there are more.
            ":limit": filter.limit + 1,
        })?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            bytes += row.get_ref("payload")?.as_blob().map_or(0, <[u8]>::len);
            let full = i64::try_from(records.len()).unwrap_or(i64::MAX) == filter.limit;
            if full || (bytes > MOST_BYTES && !records.is_empty()) {
                return Ok(Page {
                    records,
                    more: true,
                });
            }
            records.push(record(row)?);
        }
        Ok(Page {
            records,
            more: false,
        })
    }

    /// How many records there are of each topic, sorted by topic.
    pub(crate) fn summary(&self) -> rusqlite::Result<Vec<TopicSummary>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT topic, count(*), min(time_unix_ns) / 1000000, max(time_unix_ns) / 1000000
             FROM records GROUP BY topic ORDER BY topic",
        )?;
        let rows = select.query_map([], |row| {
            Ok(TopicSummary {
                topic: row.get(0)?,
                count: row.get(1)?,
                first_unix_ms: row.get(2)?,
                last_unix_ms: row.get(3)?,
            })
        })?;
        rows.collect()
    }

    /// The runs that are remembered, the latest first.
    pub(crate) fn runs(&self) -> rusqlite::Result<Vec<Run>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT runs.id, started_unix_ms, ended_unix_ms, coalesce(counted.records, 0)
             FROM runs
             LEFT JOIN (SELECT run, count(*) AS records FROM records GROUP BY run) AS counted
             ON counted.run = runs.id
             ORDER BY runs.id DESC",
        )?;
        let rows = select.query_map([], |row| {
            let id = row.get(0)?;
            Ok(Run {
                id,
                started_unix_ms: row.get(1)?,
                ended_unix_ms: row.get(2)?,
                records: row.get(3)?,
                current: id == self.run,
            })
        })?;
        rows.collect()
    }
}

fn begin_run(writer: &mut Connection, now_ms: i64) -> rusqlite::Result<i64> {
    let transaction = writer.transaction()?;
    transaction.execute("INSERT INTO runs (started_unix_ms) VALUES (?1)", [now_ms])?;
    let run = transaction.last_insert_rowid();
    transaction.execute("DELETE FROM runs WHERE id <= ?1", [run - RUNS])?;
    transaction.commit()?;
    Ok(run)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let time_unix_ns: i64 = row.get("time_unix_ns")?;
    Ok(Record {
        id: row.get("id")?,
        run: row.get("run")?,
        topic: row.get("topic")?,
        publisher: row.get("publisher")?,
        sequence: row.get("sequence")?,
        time_unix_ms: time_unix_ns / 1_000_000,
        payload: shown(row.get_ref("payload")?.as_blob()?),
    })
}

fn shown(payload: &[u8]) -> Value {
    serde_json::from_slice(payload)
        .unwrap_or_else(|_| String::from_utf8_lossy(payload).into_owned().into())
}

/// A panic while it was held can have left a transaction open at most, and that rolls back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SQLite has no unsigned numbers; half the range is plenty for both.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
