//! What may stand after the `?` of `GET /records`.
//!
//! | key | meaning |
//! |---|---|
//! | `topic` | that topic; `prefix.**` for all below a prefix |
//! | `publisher` | of that plugin |
//! | `since` | taken at or after that time, in milliseconds since the Unix epoch |
//! | `after` | with a greater id: for going on from the last answer |
//! | `limit` | at most so many; 100 by default, 1000 at most |
//! | `order` | `desc`, the latest first (default), or `asc` |

use plugin_api::Result;
use sqlite_kit::{DEFAULT_LIMIT, bad_value, limit, unknown_key};
use std::{borrow::Cow, str::FromStr};

/// All of them.
const KEYS: [&str; 6] = ["topic", "publisher", "since", "after", "limit", "order"];

/// A key and a value, decoded.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A question, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) topic: Topic,
    pub(crate) publisher: Option<String>,
    pub(crate) since_unix_ms: Option<i64>,
    pub(crate) after: Option<i64>,
    pub(crate) limit: i64,
    pub(crate) order: Order,
}

/// Which topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Topic {
    Any,
    Exact(String),
    /// All that begin with this, which ends in a dot.
    Below(String),
}

/// By id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            topic: Topic::Any,
            publisher: None,
            since_unix_ms: None,
            after: None,
            limit: DEFAULT_LIMIT,
            order: Order::Descending,
        }
    }
}

impl Filter {
    /// # Errors
    ///
    /// 400 for a key or a value that is none.
    pub(crate) fn parse<'a>(pairs: impl Iterator<Item = Pair<'a>>) -> Result<Self> {
        let mut filter = Self::default();
        for (key, value) in pairs {
            match &*key {
                "topic" => filter.topic = Topic::parse(&value),
                "publisher" => filter.publisher = Some(value.into_owned()),
                "since" => filter.since_unix_ms = Some(number("since", &value)?),
                "after" => filter.after = Some(number("after", &value)?),
                "limit" => filter.limit = limit(&value)?,
                "order" => filter.order = order(&value)?,
                _ => return Err(unknown_key(&KEYS, &key)),
            }
        }
        Ok(filter)
    }
}

impl Topic {
    pub(crate) fn parse(text: &str) -> Self {
        match text.strip_suffix("**") {
            Some("") => Self::Any,
            Some(prefix) if prefix.ends_with('.') => Self::Below(prefix.to_owned()),
            _ => Self::Exact(text.to_owned()),
        }
    }

    pub(crate) fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => topic == exact,
            Self::Below(prefix) => topic.starts_with(&**prefix),
        }
    }

    /// The same for an index: the exact topic, or the first that matches and the first after those.
    pub(crate) fn bounds(&self) -> (Option<&str>, Option<&str>, Option<String>) {
        match self {
            Self::Any => (None, None, None),
            Self::Exact(topic) => (Some(topic), None, None),
            Self::Below(prefix) => {
                let stem = prefix.trim_end_matches('.');
                // `/` is the character after the dot.
                (None, Some(prefix), Some(format!("{stem}/")))
            }
        }
    }
}

/// A whole number in a query.
pub(crate) fn number<T: FromStr>(key: &str, value: &str) -> Result<T> {
    value
        .parse()
        .map_err(|_| bad_value(key, "a whole number", value))
}

fn order(value: &str) -> Result<Order> {
    match value {
        "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        _ => Err(bad_value("order", "`asc` or `desc`", value)),
    }
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
            ask("topic=heartbeat.**&publisher=heartbeat&since=5&after=6&limit=7&order=asc"),
            Ok(Filter {
                topic: Topic::Below("heartbeat.".to_owned()),
                publisher: Some("heartbeat".to_owned()),
                since_unix_ms: Some(5),
                after: Some(6),
                limit: 7,
                order: Order::Ascending,
            })
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            ask("limit=0").unwrap_err(),
            "400 limit: expected a number from 1 to 1000, found `0`"
        );
        assert_eq!(
            ask("since=yesterday").unwrap_err(),
            "400 since: expected a whole number, found `yesterday`"
        );
        assert_eq!(
            ask("order=up").unwrap_err(),
            "400 order: expected `asc` or `desc`, found `up`"
        );
        assert_eq!(
            ask("topik=a").unwrap_err(),
            "400 expected `topic`, `publisher`, `since`, `after`, `limit` or `order`, found `topik`"
        );
    }

    #[test]
    fn a_topic_matches_as_its_bounds_do() {
        let below = Topic::parse("a.b.**");
        let (_, low, high) = below.bounds();
        let (low, high) = (low.unwrap(), high.unwrap());
        for topic in [
            "a.b", "a.b.c", "a.b.c.d", "a.b-c", "a.bc", "a.c", "a.b.~", "a.a.z",
        ] {
            let inside = topic >= low && topic < &*high;
            assert_eq!(below.matches(topic), inside, "{topic}");
        }
        assert!(Topic::parse("**").matches("anything"));
        assert!(!Topic::parse("a.b").matches("a.b.c"));
    }
}
