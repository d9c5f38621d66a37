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

    fn bad(error: Error) -> String {
        format!("{} {error}", error.status())
    }

    #[test]
    fn what_is_absent_has_a_default() {
        assert_eq!(limit(None).unwrap(), Limit(20));
        assert_eq!(sort(None).unwrap(), Sort::Cpu);
    }

    #[test]
    fn what_is_said_holds() {
        assert_eq!(limit(Some("0".into())).unwrap(), Limit(0));
        assert_eq!(limit(Some("10000".into())).unwrap(), Limit(10_000));
        assert_eq!(sort(Some("cpu".into())).unwrap(), Sort::Cpu);
        assert_eq!(sort(Some("memory".into())).unwrap(), Sort::Memory);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            bad(limit(Some("10001".into())).unwrap_err()),
            "400 limit: expected a number from 0 to 10000, found `10001`"
        );
        assert_eq!(
            bad(limit(Some("-1".into())).unwrap_err()),
            "400 limit: expected a number from 0 to 10000, found `-1`"
        );
        assert_eq!(
            bad(sort(Some("name".into())).unwrap_err()),
            "400 sort: expected `cpu` or `memory`, found `name`"
        );
    }
}
