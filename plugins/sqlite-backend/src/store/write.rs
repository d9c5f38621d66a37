//! What goes in: each call is one transaction.

use super::{Store, lock, now_ms, refused};
use crate::artifacts::Stored;
use plugin_api::{Error, Result};
use sqlite_kit::rusqlite::{OptionalExtension, Transaction, params};
use tracking_api::{Map, Metric, check_name};

impl Store {
    fn change<R>(&self, body: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction().map_err(refused)?;
        let done = body(&transaction)?;
        transaction.commit().map_err(refused)?;
        Ok(done)
    }

    /// Keeps all of them, or none.
    pub(crate) fn metrics(&self, metrics: &[Metric<'_>]) -> Result<()> {
        self.change(|transaction| {
            let mut series = transaction.prepare_cached(
                "INSERT INTO series (experiment, name, count, least, greatest, last, last_step,
                                     last_unix_ms)
                 VALUES (?1, ?2, 1, ?3, ?3, ?3, ?4, ?5)
                 ON CONFLICT (experiment, name) DO UPDATE SET
                     count = count + 1, least = min(least, ?3), greatest = max(greatest, ?3),
                     last = ?3, last_step = ?4, last_unix_ms = ?5
                 RETURNING id",
            )?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO metrics (series, step, value, time_unix_ms) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for metric in metrics {
                let (step, value, time) = (metric.step(), metric.value(), metric.time_unix_ms());
                let row = params![self.experiment, metric.name(), value, step, time];
                let series: i64 = series.query_row(row, |row| row.get(0)).map_err(refused)?;
                insert
                    .execute(params![series, step, value, time])
                    .map_err(refused)?;
            }
            Ok(())
        })
    }

    /// Keeps all of them, or none; what has such a name already gets the new value.
    pub(crate) fn params(&self, params: &Map) -> Result<()> {
        for name in params.keys() {
            check_name(name).map_err(|error| Error::with_status(400, error.to_string()))?;
        }
        self.change(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO params (experiment, name, value) VALUES (?1, ?2, ?3)",
            )?;
            for (name, value) in params {
                insert
                    .execute(params![self.experiment, name, value.to_string()])
                    .map_err(refused)?;
            }
            Ok(())
        })
    }

    /// Notes an artifact whose bytes are there; returns the hash of the bytes that nothing of the
    /// experiment is any more.
    pub(crate) fn artifact(&self, path: &str, stored: &Stored) -> Result<Option<String>> {
        let bytes = i64::try_from(stored.bytes).unwrap_or(i64::MAX);
        self.change(|transaction| {
            let old: Option<String> = transaction
                .query_row(
                    "SELECT sha256 FROM artifacts WHERE experiment = ?1 AND path = ?2",
                    params![self.experiment, path],
                    |row| row.get(0),
                )
                .optional()?;
            transaction
                .execute(
                    "INSERT OR REPLACE INTO artifacts (experiment, path, bytes, sha256, time_unix_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![self.experiment, path, bytes, stored.sha256, now_ms()],
                )
                .map_err(refused)?;
            let Some(old) = old else { return Ok(None) };
            let used: bool = transaction.query_row(
                "SELECT EXISTS (SELECT 1 FROM artifacts WHERE experiment = ?1 AND sha256 = ?2)",
                params![self.experiment, old],
                |row| row.get(0),
            )?;
            Ok((!used).then_some(old))
        })
    }

    /// Forgets an experiment that is over, with all that it has; false where there is none.
    pub(crate) fn delete(&self, experiment: i64) -> Result<bool> {
        self.change(|transaction| {
            let deleted =
                transaction.execute("DELETE FROM experiments WHERE id = ?1", [experiment])?;
            Ok(deleted > 0)
        })
    }

    /// Ends the experiment under way; forgets it where nothing came to it.
    pub(crate) fn end(&self) -> Result<()> {
        self.change(|transaction| {
            let id = self.experiment;
            let empty = transaction.execute(
                "DELETE FROM experiments WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM series WHERE experiment = ?1)
                 AND NOT EXISTS (SELECT 1 FROM params WHERE experiment = ?1)
                 AND NOT EXISTS (SELECT 1 FROM artifacts WHERE experiment = ?1)",
                [id],
            )?;
            if empty == 0 {
                let end = "UPDATE experiments SET ended_unix_ms = ?1 WHERE id = ?2";
                transaction.execute(end, [now_ms(), id])?;
            }
            Ok(())
        })
    }
}
