use std::borrow::Cow;

/// Text from outside as it can be shown on a terminal: control characters, those that turn the
/// direction of what stands around them, and those that end a line are written as escapes.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let foul = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(foul) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if foul(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(clean("größe — 3 µs"), "größe — 3 µs");
        assert_eq!(
            clean("a\u{1b}[31mb\nc\u{202e}d"),
            "a\\u{1b}[31mb\\nc\\u{202e}d"
        );
        for foul in [
            "\u{61c}", "\u{200e}", "\u{200f}", "\u{2028}", "\u{2029}", "\u{2066}",
        ] {
            assert_eq!(clean(foul), foul.escape_default().to_string());
        }
    }
}
