//! What a plugin did, kept for the test to look at.

use plugin_api::{Result, serde::de::DeserializeOwned, serde_json};
use std::{collections::VecDeque, fmt, time::SystemTime};

/// Of each kind so many are kept; beyond that the oldest goes.
pub const MOST_KEPT: usize = 100_000;

/// A log record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// How important it is.
    pub level: log::Level,
    /// Its target, by default the module.
    pub target: String,
    /// The text.
    pub message: String,
    /// Structured fields, as text, in their order.
    pub fields: Vec<(String, String)>,
}

impl Logged {
    /// The value of a structured field.
    pub fn field(&self, key: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.message)?;
        for (key, value) in &self.fields {
            write!(f, " {key}={value}")?;
        }
        Ok(())
    }
}

/// An event that the plugin published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its topic.
    pub topic: String,
    /// The payload as it was given.
    pub payload: Vec<u8>,
    /// When, by the kit's clock.
    pub time: SystemTime,
}

impl Published {
    /// The payload, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or not of this type.
    pub fn json<V: DeserializeOwned>(&self) -> Result<V> {
        Ok(serde_json::from_slice(&self.payload)?)
    }
}

/// A panic of the plugin's, which the SDK has caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    /// The panic's message.
    pub message: String,
    /// Source file; empty where it is not known.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// The task that it ended, by name.
    pub task: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            file,
            line,
            task,
        } = self;
        match task {
            Some(task) => write!(f, "task `{task}` panicked at {file}:{line}: {message}"),
            None => write!(f, "panicked at {file}:{line}: {message}"),
        }
    }
}

/// The last so many.
pub(crate) struct Kept<V>(VecDeque<V>);

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<V: Clone> Kept<V> {
    pub(crate) fn push(&mut self, value: V) {
        if self.0.len() == MOST_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    pub(crate) fn all(&self) -> Vec<V> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn take(&mut self) -> Vec<V> {
        self.0.drain(..).collect()
    }
}
