use jackfield_manifest::{Permissions, PluginId, TopicPattern};
use std::fmt;

/// What a plugin may do: what its manifest asks for and the configuration grants.
pub struct Permit {
    id: PluginId,
    asked: Permissions,
    granted: Permissions,
}

/// What a plugin may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Who.
    pub plugin: PluginId,
    /// What it tried.
    pub act: Act,
    /// On which topic, or to which pattern.
    pub what: String,
    /// What its manifest asks for.
    pub asked: Vec<TopicPattern>,
    /// What the configuration grants it.
    pub granted: Vec<TopicPattern>,
}

/// What needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// To publish on a topic, or to clear its last value.
    Publish,
    /// To subscribe to a pattern, or to read a topic's last value.
    Subscribe,
}

impl Act {
    fn key(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }

    fn of(self, permissions: &Permissions) -> &[TopicPattern] {
        match self {
            Self::Publish => &permissions.publish,
            Self::Subscribe => &permissions.subscribe,
        }
    }
}

impl Permit {
    /// For a plugin of that id.
    pub fn new(id: PluginId, asked: Permissions, granted: Permissions) -> Self {
        Self { id, asked, granted }
    }

    /// Whether it may publish on a topic.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn publish(&self, topic: &str) -> Result<(), Box<Denied>> {
        self.judge(Act::Publish, topic, |pattern| pattern.matches(topic))
    }

    /// Whether it may hear all that a pattern matches.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn subscribe(&self, wanted: &TopicPattern) -> Result<(), Box<Denied>> {
        self.judge(Act::Subscribe, wanted.as_str(), |pattern| {
            pattern.covers(wanted)
        })
    }

    /// Whether it may hear one topic.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn hear(&self, topic: &str) -> Result<(), Box<Denied>> {
        self.judge(Act::Subscribe, topic, |pattern| pattern.matches(topic))
    }

    fn judge(
        &self,
        act: Act,
        what: &str,
        permits: impl Fn(&TopicPattern) -> bool,
    ) -> Result<(), Box<Denied>> {
        let (asked, granted) = (act.of(&self.asked), act.of(&self.granted));
        if asked.iter().any(&permits) && granted.iter().any(&permits) {
            return Ok(());
        }
        Err(Box::new(Denied {
            plugin: self.id.clone(),
            act,
            what: what.to_owned(),
            asked: asked.to_vec(),
            granted: granted.to_vec(),
        }))
    }
}

impl std::error::Error for Denied {}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plugin, act, what, ..
        } = self;
        let (key, preposition) = match act {
            Act::Publish => (act.key(), "on"),
            Act::Subscribe => (act.key(), "to"),
        };
        let (asked, granted) = (list(&self.asked), list(&self.granted));
        write!(
            f,
            "`{plugin}` may not {key} {preposition} `{what}`: its manifest asks for {asked}, and the \
             configuration grants {granted}; both have to cover it: `{key}` under `permissions` in \
             its plugin.toml, and `{key}` under [plugins.{plugin}] in the configuration"
        )
    }
}

fn list(patterns: &[TopicPattern]) -> String {
    if patterns.is_empty() {
        return "nothing".to_owned();
    }
    let patterns: Vec<String> = patterns.iter().map(|p| format!("`{p}`")).collect();
    patterns.join(", ")
}
