//! What may stand after the `?` where entries are asked for: what each such plugin says alike.

use plugin_api::{Error, Result};

/// How many entries an answer has, where nothing is said.
pub const DEFAULT_LIMIT: i64 = 100;
/// The most that may be asked for.
pub const MAX_LIMIT: i64 = 1000;

/// The value of `limit`: 1 to [`MAX_LIMIT`].
///
/// # Errors
///
/// 400 for anything else.
pub fn limit(value: &str) -> Result<i64> {
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => {
            let expected = format!("a number from 1 to {MAX_LIMIT}");
            Err(bad_value("limit", &expected, value))
        }
    }
}

/// What is said of a key whose value is none: status 400.
pub fn bad_value(key: &str, expected: &str, found: &str) -> Error {
    Error::with_status(400, format!("{key}: expected {expected}, found `{found}`"))
}

/// What is said of a key that is none of those: status 400.
pub fn unknown_key(known: &[&str], found: &str) -> Error {
    let mut known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    let last = known.pop().unwrap_or_default();
    let expected = match known.is_empty() {
        true => last,
        false => format!("{} or {last}", known.join(", ")),
    };
    Error::with_status(400, format!("expected {expected}, found `{found}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (value, limited) in [
            ("1", Some(1)),
            ("1000", Some(1000)),
            ("0", None),
            ("-1", None),
        ] {
            assert_eq!(limit(value).ok(), limited, "{value}");
        }
        let text = |error: Error| format!("{} {error}", error.status());
        assert_eq!(
            text(limit("many").unwrap_err()),
            "400 limit: expected a number from 1 to 1000, found `many`"
        );
        assert_eq!(
            text(unknown_key(&["a"], "b")),
            "400 expected `a`, found `b`"
        );
        assert_eq!(
            text(unknown_key(&["a", "b", "c"], "d")),
            "400 expected `a`, `b` or `c`, found `d`"
        );
    }
}
