//! What comes out.

use super::{Store, lock};
use crate::query::{Page, Range};
use plugin_api::{Result, serde_json};
use serde::Serialize;
use sqlite_kit::rusqlite::{self, OptionalExtension, Row, named_params, params};
use std::collections::HashSet;
use tracking_api::Map;

/// One experiment as an answer shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Experiment {
    pub(crate) id: i64,
    name: String,
    started_unix_ms: i64,
    /// `null` while it lasts, and for ever when the process was killed.
    ended_unix_ms: Option<i64>,
    current: bool,
    /// How many names of metrics, values of all of them, parameters and artifacts it has.
    series: i64,
    pub(crate) metrics: i64,
    pub(crate) params: i64,
    pub(crate) artifacts: i64,
}

/// All values of one name.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    name: String,
    count: i64,
    least: f64,
    greatest: f64,
    last: f64,
    last_step: Option<i64>,
    last_unix_ms: i64,
}

/// Some values of one name.
#[derive(Debug, Serialize)]
pub(crate) struct Points {
    pub(crate) points: Vec<Point>,
    /// There is more that fits the question: ask again with `after` set to the last `id`.
    pub(crate) more: bool,
}

/// One value.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) id: i64,
    pub(crate) step: Option<i64>,
    pub(crate) value: f64,
    time_unix_ms: i64,
}

/// A file that was kept.
#[derive(Debug, Serialize)]
pub(crate) struct Artifact {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    time_unix_ms: i64,
}

const EXPERIMENTS: &str = "
    SELECT id, name, started_unix_ms, ended_unix_ms,
        (SELECT count(*) FROM series WHERE experiment = experiments.id),
        (SELECT coalesce(sum(count), 0) FROM series WHERE experiment = experiments.id),
        (SELECT count(*) FROM params WHERE experiment = experiments.id),
        (SELECT count(*) FROM artifacts WHERE experiment = experiments.id)
    FROM experiments";

impl Store {
    /// Of which experiments there are which artifacts, by hash.
    pub(crate) fn hashes(&self) -> Result<HashSet<(i64, String)>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare("SELECT experiment, sha256 FROM artifacts")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether an artifact of the experiment has these bytes.
    pub(crate) fn is_named(&self, experiment: i64, sha256: &str) -> Result<bool> {
        let named = lock(&self.reader).query_row(
            "SELECT EXISTS (SELECT 1 FROM artifacts WHERE experiment = ?1 AND sha256 = ?2)",
            params![experiment, sha256],
            |row| row.get(0),
        )?;
        Ok(named)
    }

    fn shown(&self, row: &Row<'_>) -> rusqlite::Result<Experiment> {
        let id = row.get(0)?;
        Ok(Experiment {
            id,
            name: row.get(1)?,
            started_unix_ms: row.get(2)?,
            ended_unix_ms: row.get(3)?,
            current: id == self.experiment,
            series: row.get(4)?,
            metrics: row.get(5)?,
            params: row.get(6)?,
            artifacts: row.get(7)?,
        })
    }

    /// Some of them, the latest first.
    pub(crate) fn experiments(&self, page: Page) -> Result<Vec<Experiment>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(&format!(
            "{EXPERIMENTS} WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2"
        ))?;
        let rows = select.query_map(params![page.before, page.limit], |row| self.shown(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One of them.
    pub(crate) fn one(&self, id: i64) -> Result<Option<Experiment>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(&format!("{EXPERIMENTS} WHERE id = ?1"))?;
        Ok(select.query_row([id], |row| self.shown(row)).optional()?)
    }

    /// All names of an experiment, in order.
    pub(crate) fn series(&self, experiment: i64) -> Result<Vec<Series>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT name, count, least, greatest, last, last_step, last_unix_ms FROM series
             WHERE experiment = ?1 ORDER BY name",
        )?;
        let rows = select.query_map([experiment], |row| {
            Ok(Series {
                name: row.get(0)?,
                count: row.get(1)?,
                least: row.get(2)?,
                greatest: row.get(3)?,
                last: row.get(4)?,
                last_step: row.get(5)?,
                last_unix_ms: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Some values of a name, in the order in which they came; `None` where there is no such name.
    pub(crate) fn points(
        &self,
        experiment: i64,
        name: &str,
        range: Range,
    ) -> Result<Option<Points>> {
        let reader = lock(&self.reader);
        let mut known =
            reader.prepare_cached("SELECT id FROM series WHERE experiment = ?1 AND name = ?2")?;
        let series = known.query_row(params![experiment, name], |row| row.get::<_, i64>(0));
        let Some(series) = series.optional()? else {
            return Ok(None);
        };
        let mut select = reader.prepare_cached(
            "SELECT id, step, value, time_unix_ms FROM metrics WHERE series = :series
             AND (:after IS NULL OR id > :after)
             AND (:from IS NULL OR step >= :from) AND (:to IS NULL OR step <= :to)
             ORDER BY id LIMIT :limit",
        )?;
        let values = named_params! {
            ":series": series, ":after": range.after, ":from": range.from, ":to": range.to,
            // One more than wanted tells whether there are more.
            ":limit": range.limit + 1,
        };
        let rows = select.query_map(values, |row| {
            Ok(Point {
                id: row.get(0)?,
                step: row.get(1)?,
                value: row.get(2)?,
                time_unix_ms: row.get(3)?,
            })
        })?;
        let mut points: Vec<Point> = rows.collect::<Result<_, _>>()?;
        let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
        let more = points.len() > limit;
        points.truncate(limit);
        Ok(Some(Points { points, more }))
    }

    /// The parameters of an experiment, by name.
    pub(crate) fn params_of(&self, experiment: i64) -> Result<Map> {
        let reader = lock(&self.reader);
        let mut select = reader
            .prepare_cached("SELECT name, value FROM params WHERE experiment = ?1 ORDER BY name")?;
        let mut rows = select.query([experiment])?;
        let mut params = Map::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            params.insert(row.get(0)?, serde_json::from_str(&text)?);
        }
        Ok(params)
    }

    /// The artifacts of an experiment, by path.
    pub(crate) fn artifacts(&self, experiment: i64) -> Result<Vec<Artifact>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT path, bytes, sha256, time_unix_ms FROM artifacts WHERE experiment = ?1
             ORDER BY path",
        )?;
        let rows = select.query_map([experiment], artifact)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One of them.
    pub(crate) fn artifact_at(&self, experiment: i64, path: &str) -> Result<Option<Artifact>> {
        let reader = lock(&self.reader);
        let mut select = reader.prepare_cached(
            "SELECT path, bytes, sha256, time_unix_ms FROM artifacts
             WHERE experiment = ?1 AND path = ?2",
        )?;
        Ok(select
            .query_row(params![experiment, path], artifact)
            .optional()?)
    }
}

fn artifact(row: &Row<'_>) -> rusqlite::Result<Artifact> {
    Ok(Artifact {
        path: row.get(0)?,
        bytes: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
        sha256: row.get(2)?,
        time_unix_ms: row.get(3)?,
    })
}
