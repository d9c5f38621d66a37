//! What answers say to a browser for safety's sake.

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
};

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The host's own.
    Host,
    /// A plugin's, on a route that it declares.
    Plugin,
}

/// Adds what is not there. What a plugin says of its own route stays, but for one thing: no
/// browser is to guess that what a plugin calls text is a script.
pub(crate) fn secure(whose: Whose, answer: &mut HeaderMap) {
    let text = HeaderValue::from_static;
    answer.insert(X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    answer.entry(REFERRER_POLICY).or_insert(text("no-referrer"));
    if whose == Whose::Host {
        let nowhere = text("frame-ancestors 'none'");
        answer.entry(CONTENT_SECURITY_POLICY).or_insert(nowhere);
        answer.entry(X_FRAME_OPTIONS).or_insert(text("DENY"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(whose: Whose, own: &[(&'static str, &str)]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.append(*name, value.parse().unwrap());
        }
        secure(whose, &mut headers);
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort();
        pairs
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        owned.collect()
    }

    #[test]
    fn a_page_of_the_host_is_shown_in_no_frame() {
        assert_eq!(
            answer(Whose::Host, &[]),
            pairs(&[
                ("content-security-policy", "frame-ancestors 'none'"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
            ])
        );
    }

    #[test]
    fn what_a_plugin_says_stays_but_for_one_thing() {
        let own = [
            ("content-security-policy", "default-src 'self'"),
            ("referrer-policy", "origin"),
            ("x-content-type-options", "sniff"),
        ];
        assert_eq!(
            answer(Whose::Plugin, &own),
            pairs(&[own[0], own[1], ("x-content-type-options", "nosniff")])
        );
        assert_eq!(answer(Whose::Plugin, &[]).len(), 2);
    }
}
