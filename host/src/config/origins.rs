//! Which other sites' pages may use the gateway.

use super::{Origin, section::text};
use serde_json::Value;
use std::collections::BTreeSet;

/// Origins as RFC 6454 has them: `scheme://host`, with the port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    /// Those; in lower case, without the scheme's own port.
    Listed(BTreeSet<String>),
    /// All of them.
    Any,
}

impl Default for Origins {
    fn default() -> Self {
        Self::Listed(BTreeSet::new())
    }
}

impl Origins {
    /// Whether pages of that origin may, as a browser names it.
    pub(crate) fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.contains(origin),
        }
    }
}

/// A list of origins, or `"*"`.
pub(super) fn origins(value: &Value, place: &Origin) -> Result<Origins, String> {
    match value {
        Value::String(text) if text == "*" => Ok(Origins::Any),
        Value::Array(items) => {
            let items = items.iter().map(|item| origin(&text(item, place)?));
            items.collect::<Result<_, _>>().map(Origins::Listed)
        }
        _ => {
            Err("expected a list of origins, such as [\"https://ui.example\"], or \"*\"".to_owned())
        }
    }
}

/// As a browser writes it.
fn origin(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let bad = || {
        format!(
            "expected an origin such as \"https://ui.example\" or \"http://localhost:3000\", \
             without a path, found {text:?}"
        )
    };
    let (scheme, rest) = lower.split_once("://").ok_or_else(bad)?;
    let authority: http::uri::Authority = rest.parse().map_err(|_| bad())?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || authority.host().is_empty() || rest.contains(['@', '/', '*']) {
        return Err(bad());
    }
    let host = authority.host();
    let port = match rest[host.len()..].strip_prefix(':') {
        Some(port) => Some(port.parse::<u16>().map_err(|_| bad())?),
        None => None,
    };
    let own = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    Ok(match port.filter(|port| Some(*port) != own) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Origins, String> {
        origins(&value, &Origin::Default)
    }

    #[test]
    fn an_origin_is_taken_as_a_browser_writes_it() {
        let read = read(json!([
            "https://UI.example:443",
            "http://localhost:3000",
            "http://[::1]:80",
            "app://ui",
        ]));
        let origins = read.unwrap();
        for origin in [
            "https://ui.example",
            "http://localhost:3000",
            "http://[::1]",
            "app://ui",
        ] {
            assert!(origins.allow(origin), "{origin}");
        }
        for origin in ["http://ui.example", "http://localhost", "null", ""] {
            assert!(!origins.allow(origin), "{origin}");
        }
        assert!(
            super::origins(&json!("*"), &Origin::Default)
                .unwrap()
                .allow("null")
        );
    }

    #[test]
    fn what_no_browser_would_write_is_refused() {
        for bad in [
            "ui.example",
            "https://ui.example/",
            "https://ui.example/path",
            "https://u@ui.example",
            "https://*.example",
            "https://",
            "https://a:b",
            "://a",
            "*",
            "null",
        ] {
            let error = read(json!([bad])).unwrap_err();
            assert_eq!(
                error,
                format!(
                    "expected an origin such as \"https://ui.example\" or \
                     \"http://localhost:3000\", without a path, found {bad:?}"
                )
            );
        }
        let error = "expected a list of origins, such as [\"https://ui.example\"], or \"*\"";
        assert_eq!(read(json!("https://ui.example")).unwrap_err(), error);
    }
}
