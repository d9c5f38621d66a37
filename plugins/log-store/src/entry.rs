//! A record of the log as it came over the bus.

use plugin_api::{
    Event,
    serde_json::{self, Map, Value},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Levels by their number, which begins at 1.
pub(crate) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
const INFO: i64 = 3;

/// What is kept of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) time_unix_us: i64,
    pub(crate) level: i64,
    /// Empty for the host.
    pub(crate) plugin: String,
    pub(crate) message: String,
    /// All of it, as it came.
    pub(crate) payload: String,
}

impl Entry {
    /// What the event says; what it does not say is taken from where it came.
    pub(crate) fn of(event: &Event<'_>) -> Self {
        Self::read(
            event.topic(),
            event.publisher(),
            event.payload(),
            event.time(),
        )
    }

    fn read(topic: &str, publisher: &str, payload: &[u8], time: SystemTime) -> Self {
        let text = String::from_utf8_lossy(payload).into_owned();
        let map: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        let said = |key: &str| map.get(key).and_then(Value::as_str);
        let level = said("level").or_else(|| topic.rsplit('.').next());
        let said_time = said("time").and_then(|time| humantime::parse_rfc3339(time).ok());
        // Only the host tells of others: a plugin that publishes there speaks for itself.
        let plugin = match publisher {
            "" => said("plugin").unwrap_or_default(),
            publisher => publisher,
        };
        Self {
            time_unix_us: micros(said_time.unwrap_or(time)),
            level: level.and_then(number).unwrap_or(INFO),
            plugin: plugin.to_owned(),
            message: said("message").unwrap_or(&text).to_owned(),
            payload: if map.is_empty() {
                Value::from(text.as_str()).to_string()
            } else {
                text.clone()
            },
        }
    }

    /// About how many bytes it holds in memory.
    pub(crate) fn weight(&self) -> usize {
        self.plugin.len() + self.message.len() + self.payload.len() + 128
    }
}

/// The number of a level.
pub(crate) fn number(level: &str) -> Option<i64> {
    let at = LEVELS.iter().position(|name| *name == level)?;
    i64::try_from(at + 1).ok()
}

pub(crate) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::json;
    use std::time::Duration;

    fn at(us: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(us)
    }

    #[test]
    fn a_record_of_the_host_is_what_it_says() {
        let payload = json!({
            "time": "2023-11-14T22:13:20.123456Z", "level": "warn", "plugin": "greeter",
            "message": "one",
        });
        let payload = payload.to_string();
        let entry = Entry::read("logs.warn", "", payload.as_bytes(), at(7));
        let expected = Entry {
            time_unix_us: 1_700_000_000_123_456,
            level: 2,
            plugin: "greeter".to_owned(),
            message: "one".to_owned(),
            payload,
        };
        assert_eq!(entry, expected);
    }

    #[test]
    fn another_plugin_speaks_for_itself_and_may_say_anything() {
        let payload = json!({"plugin": "greeter", "message": "one", "level": "loud"}).to_string();
        let entry = Entry::read("logs.debug", "liar", payload.as_bytes(), at(7));
        assert_eq!(
            (&*entry.plugin, entry.level, entry.time_unix_us),
            ("liar", 3, 7)
        );
        let entry = Entry::read("logs.debug", "liar", b"no JSON \xff", at(7));
        assert_eq!((&*entry.message, entry.level), ("no JSON \u{fffd}", 4));
        assert_eq!(entry.payload, "\"no JSON \u{fffd}\"");
    }
}
