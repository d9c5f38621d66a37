//! Topics of the bus, and the patterns that match them.

use std::{fmt, str::FromStr};

/// The longest topic or pattern, in bytes.
pub const MAX_TOPIC_LEN: usize = 256;

/// A text that is no topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no topic: expected names of [A-Za-z0-9_-], joined by dots, and at most \
     {MAX_TOPIC_LEN} bytes"
)]
pub struct TopicError(pub String);

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pattern: expected a topic, `prefix.*`, `prefix.**` or `**`")]
pub struct PatternError(pub String);

/// Whether a text is a topic: names of `[A-Za-z0-9_-]`, joined by dots.
///
/// # Errors
///
/// [`TopicError`] when it is not, or is longer than [`MAX_TOPIC_LEN`].
pub fn check_topic(topic: &str) -> Result<(), TopicError> {
    if is_topic(topic) {
        return Ok(());
    }
    Err(TopicError(shortened(topic)))
}

fn is_topic(text: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    text.len() <= MAX_TOPIC_LEN && text.split('.').all(name)
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_TOPIC_LEN).collect()
}

/// What a subscriber hears, or a permission covers: a topic, `prefix.*` (exactly one more name),
/// `prefix.**` (any number of names, also none), or `**` (everything).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicPattern {
    text: Box<str>,
    reach: Reach,
}

/// Which topics a [`TopicPattern`] matches, beside its [`stem`](TopicPattern::stem).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The stem itself.
    Exact,
    /// The stem and exactly one more name.
    One,
    /// The stem and any number of names, also none.
    Any,
}

impl TopicPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`] for what is none.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let (stem, reach) = match text {
            "**" => ("", Reach::Any),
            _ => match (text.strip_suffix(".**"), text.strip_suffix(".*")) {
                (Some(stem), _) => (stem, Reach::Any),
                (None, Some(stem)) => (stem, Reach::One),
                (None, None) => (text, Reach::Exact),
            },
        };
        if text != "**" && !is_topic(stem) {
            return Err(PatternError(shortened(text)));
        }
        let text = text.into();
        Ok(Self { text, reach })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it begins with: whole names, without the dot after them; empty for `**`.
    pub fn stem(&self) -> &str {
        match self.reach {
            Reach::Exact => &self.text,
            Reach::One => self.text.strip_suffix(".*").unwrap_or_default(),
            Reach::Any => self.text.strip_suffix(".**").unwrap_or_default(),
        }
    }

    /// How far it goes beyond its stem.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether a topic is one of those that it stands for.
    pub fn matches(&self, topic: &str) -> bool {
        let stem = self.stem();
        match self.reach {
            Reach::Exact => topic == stem,
            Reach::One => below(topic, stem).is_some_and(|rest| !rest.contains('.')),
            Reach::Any => stem.is_empty() || topic == stem || below(topic, stem).is_some(),
        }
    }

    /// Whether every topic that the other one matches is matched by this one as well.
    pub fn covers(&self, other: &Self) -> bool {
        match (self.reach, other.reach) {
            (_, Reach::Exact) => self.matches(other.stem()),
            (Reach::One, Reach::One) => self.stem() == other.stem(),
            (Reach::Any, Reach::One | Reach::Any) => {
                self.matches(other.stem()) || self.stem().is_empty()
            }
            (Reach::Exact, _) | (Reach::One, Reach::Any) => false,
        }
    }
}

/// What of a topic comes after a stem and a dot.
fn below<'t>(topic: &'t str, stem: &str) -> Option<&'t str> {
    topic.strip_prefix(stem)?.strip_prefix('.')
}

impl FromStr for TopicPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
