//! What may stand after the `?`.

use plugin_api::{Error, Request, Result};
use std::borrow::Cow;

/// How many processes an answer lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) usize);

/// What they are sorted by, the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Cpu,
    Memory,
}

const DEFAULT_LIMIT: Limit = Limit(20);
const MOST: usize = 10_000;

/// `limit` and `sort` of a request, with what holds where they are absent.
pub(crate) fn listing(request: &Request<'_>) -> Result<(Limit, Sort)> {
    Ok((limit(request.query("limit"))?, sort(request.query("sort"))?))
}

fn limit(value: Option<Cow<'_, str>>) -> Result<Limit> {
    let Some(value) = value else {
        return Ok(DEFAULT_LIMIT);
    };
    match value.parse() {
        Ok(limit) if limit <= MOST => Ok(Limit(limit)),
        _ => Err(Error::with_status(
            400,
            format!("limit: expected a number from 0 to {MOST}, found `{value}`"),
        )),
    }
}

fn sort(value: Option<Cow<'_, str>>) -> Result<Sort> {
    match value.as_deref() {
        None | Some("cpu") => Ok(Sort::Cpu),
        Some("memory") => Ok(Sort::Memory),
        Some(other) => Err(Error::with_status(
            400,
            format!("sort: expected `cpu` or `memory`, found `{other}`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &str) -> Result<(Limit, Sort), String> {
        let request = Request::new("GET", "/processes").with_query(query);
        listing(&request).map_err(|error| format!("{} {error}", error.status()))
    }

    #[test]
    fn what_is_absent_has_a_default() {
        assert_eq!(ask(""), Ok((Limit(20), Sort::Cpu)));
        assert_eq!(ask("sort=memory&limit=3"), Ok((Limit(3), Sort::Memory)));
        assert_eq!(ask("limit=0"), Ok((Limit(0), Sort::Cpu)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            ask("limit=10001").unwrap_err(),
            "400 limit: expected a number from 0 to 10000, found `10001`"
        );
        assert_eq!(
            ask("limit=-1").unwrap_err(),
            "400 limit: expected a number from 0 to 10000, found `-1`"
        );
        assert_eq!(
            ask("sort=name").unwrap_err(),
            "400 sort: expected `cpu` or `memory`, found `name`"
        );
    }
}
