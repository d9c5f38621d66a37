//! What may stand after the `?` of `GET /logs`.
//!
//! | key | meaning |
//! |---|---|
//! | `level` | that level or a more urgent one: `error`, `warn`, `info`, `debug` or `trace` |
//! | `plugin` | of that plugin; of the host where it is empty |
//! | `since`, `until` | made at or after, or before, that time: milliseconds since the Unix epoch, or RFC 3339 |
//! | `text` | with that text in the message, in any case of A to Z |
//! | `before` | with a smaller id: for going on from the last answer |
//! | `limit` | at most so many; 100 by default, 1000 at most |

use crate::entry::{LEVELS, micros, number};
use plugin_api::Result;
use sqlite_kit::{DEFAULT_LIMIT, bad_value, limit, unknown_key};
use std::borrow::Cow;

/// All of them.
const KEYS: [&str; 7] = [
    "level", "plugin", "since", "until", "text", "before", "limit",
];

/// A question, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) level: Option<i64>,
    pub(crate) plugin: Option<String>,
    pub(crate) since_unix_us: Option<i64>,
    pub(crate) until_unix_us: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) before: Option<i64>,
    pub(crate) limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            level: None,
            plugin: None,
            since_unix_us: None,
            until_unix_us: None,
            text: None,
            before: None,
            limit: DEFAULT_LIMIT,
        }
    }
}

impl Filter {
    /// # Errors
    ///
    /// 400 for a key or a value that is none.
    pub(crate) fn parse<'a>(
        pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self> {
        let mut filter = Self::default();
        for (key, value) in pairs {
            match &*key {
                "level" => filter.level = Some(level(&value)?),
                "plugin" => filter.plugin = Some(value.into_owned()),
                "since" => filter.since_unix_us = Some(time("since", &value)?),
                "until" => filter.until_unix_us = Some(time("until", &value)?),
                "text" => filter.text = Some(value.into_owned()),
                "before" => {
                    let id = value.parse();
                    filter.before = Some(id.map_err(|_| bad_value("before", "an id", &value))?);
                }
                "limit" => filter.limit = limit(&value)?,
                _ => return Err(unknown_key(&KEYS, &key)),
            }
        }
        Ok(filter)
    }
}

fn level(value: &str) -> Result<i64> {
    number(value).ok_or_else(|| bad_value("level", &format!("one of {}", LEVELS.join(", ")), value))
}

fn time(key: &str, value: &str) -> Result<i64> {
    let ms = value.parse::<i64>().map(|ms| ms.saturating_mul(1000));
    ms.or_else(|_| humantime::parse_rfc3339_weak(value).map(micros))
        .map_err(|_| {
            let expected = "milliseconds since the Unix epoch, or a time such as \
                            2026-01-02T03:04:05Z";
            bad_value(key, expected, value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &str) -> Result<Filter, String> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Filter::parse(pairs.map(|(key, value)| (key.into(), value.into())))
            .map_err(|error| format!("{} {error}", error.status()))
    }

    #[test]
    fn everything_can_be_said() {
        assert_eq!(ask(""), Ok(Filter::default()));
        assert_eq!(
            ask("level=warn&plugin=&since=5&until=1970-01-01T00:00:01Z&text=a&before=6&limit=7"),
            Ok(Filter {
                level: Some(2),
                plugin: Some(String::new()),
                since_unix_us: Some(5000),
                until_unix_us: Some(1_000_000),
                text: Some("a".to_owned()),
                before: Some(6),
                limit: 7,
            })
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            ask("level=loud").unwrap_err(),
            "400 level: expected one of error, warn, info, debug, trace, found `loud`"
        );
        assert_eq!(
            ask("since=yesterday").unwrap_err(),
            "400 since: expected milliseconds since the Unix epoch, or a time such as \
             2026-01-02T03:04:05Z, found `yesterday`"
        );
        assert_eq!(
            ask("limit=1001").unwrap_err(),
            "400 limit: expected a number from 1 to 1000, found `1001`"
        );
        assert_eq!(
            ask("before=x").unwrap_err(),
            "400 before: expected an id, found `x`"
        );
        assert_eq!(
            ask("levle=warn").unwrap_err(),
            "400 expected `level`, `plugin`, `since`, `until`, `text`, `before` or `limit`, found \
             `levle`"
        );
    }
}
