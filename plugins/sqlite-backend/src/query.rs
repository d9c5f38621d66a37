//! What may stand after the `?`.

use plugin_api::{Error, Request, Result};
use std::str::FromStr;

/// The most entries of an answer.
const MOST: i64 = 10_000;
const DEFAULT_LIMIT: i64 = 1000;
/// The most bytes of an artifact in one answer.
const MOST_BYTES: u64 = 16 << 20;

/// Which experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Those with a smaller id.
    pub(crate) before: Option<i64>,
    pub(crate) limit: i64,
}

/// Which values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// From this step on; to that step, that included. A value without a step is in neither.
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    /// Those with a greater id.
    pub(crate) after: Option<i64>,
    pub(crate) limit: i64,
}

/// Which bytes of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) path: String,
    pub(crate) offset: u64,
    /// `None` for all that is left.
    pub(crate) length: Option<u64>,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            after: None,
            limit: DEFAULT_LIMIT,
        }
    }
}

impl Page {
    pub(crate) fn of(request: &Request<'_>) -> Result<Self> {
        known(request, &["before", "limit"])?;
        Ok(Self {
            before: number(request, "before")?,
            limit: limit(request)?,
        })
    }
}

impl Range {
    pub(crate) fn of(request: &Request<'_>) -> Result<Self> {
        known(request, &["from", "to", "after", "limit"])?;
        Ok(Self {
            from: number(request, "from")?,
            to: number(request, "to")?,
            after: number(request, "after")?,
            limit: limit(request)?,
        })
    }
}

impl Part {
    pub(crate) fn of(request: &Request<'_>) -> Result<Self> {
        known(request, &["path", "offset", "length"])?;
        let path = request.query("path");
        let path = path.ok_or_else(|| bad("path: expected that of an artifact, found none"))?;
        Ok(Self {
            path: path.into_owned(),
            offset: number(request, "offset")?.unwrap_or(0),
            length: number(request, "length")?,
        })
    }

    /// How many bytes of a file of that size.
    pub(crate) fn length(&self, size: u64) -> Result<u64> {
        let left = size.saturating_sub(self.offset);
        let length = self.length.unwrap_or(left).min(left);
        if length > MOST_BYTES {
            return Err(Error::with_status(
                413,
                format!(
                    "an answer has at most {MOST_BYTES} bytes, and there are {length}: ask for \
                     parts, with `offset` and `length`"
                ),
            ));
        }
        Ok(length)
    }
}

/// Refuses what nobody knows.
fn known(request: &Request<'_>, keys: &[&str]) -> Result<()> {
    for (key, _) in request.query_pairs() {
        if !keys.contains(&&*key) {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            return Err(bad(format!(
                "expected one of {}, found `{key}`",
                keys.join(", ")
            )));
        }
    }
    Ok(())
}

fn number<T: FromStr>(request: &Request<'_>, key: &str) -> Result<Option<T>> {
    let Some(value) = request.query(key) else {
        return Ok(None);
    };
    let read = value.parse().map(Some);
    read.map_err(|_| bad(format!("{key}: expected a whole number, found `{value}`")))
}

fn limit(request: &Request<'_>) -> Result<i64> {
    match number(request, "limit")? {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => Err(bad(format!(
            "limit: expected a number from 1 to {MOST}, found `{limit}`"
        ))),
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::with_status(400, message)
}
