use crate::Result;
use serde_json::{Map, Value};

/// How a plugin does, as it says itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    status: HealthStatus,
    message: String,
    metadata: Map<String, Value>,
}

/// The verdict of a [`Health`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// Does what it is for.
    Healthy,
    /// Works, with less than it should have.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl Health {
    /// All is well.
    pub fn healthy() -> Self {
        Self::of(HealthStatus::Healthy, String::new())
    }

    /// It works, with less than it should have.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self::of(HealthStatus::Degraded, message.into())
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::of(HealthStatus::Unhealthy, message.into())
    }

    /// Adds a figure or a fact that is shown beside the verdict.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// The verdict.
    pub fn status(&self) -> HealthStatus {
        self.status
    }

    /// What it says to people; empty when there is nothing to say.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is shown beside the verdict.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    pub(crate) fn from_abi(health: &jackfield_abi::Health) -> Result<Self> {
        let metadata = match health.metadata.as_str() {
            "" => Map::new(),
            text => serde_json::from_str(text)?,
        };
        Ok(Self {
            status: match health.status {
                jackfield_abi::HealthStatus::HEALTHY => HealthStatus::Healthy,
                jackfield_abi::HealthStatus::UNHEALTHY => HealthStatus::Unhealthy,
                _ => HealthStatus::Degraded,
            },
            message: health.message.as_str().to_owned(),
            metadata,
        })
    }

    fn of(status: HealthStatus, message: String) -> Self {
        Self {
            status,
            message,
            metadata: Map::new(),
        }
    }

    pub(crate) fn into_abi(self) -> jackfield_abi::Health {
        let metadata = if self.metadata.is_empty() {
            String::new()
        } else {
            Value::Object(self.metadata).to_string()
        };
        jackfield_abi::Health {
            status: match self.status {
                HealthStatus::Healthy => jackfield_abi::HealthStatus::HEALTHY,
                HealthStatus::Degraded => jackfield_abi::HealthStatus::DEGRADED,
                HealthStatus::Unhealthy => jackfield_abi::HealthStatus::UNHEALTHY,
            },
            message: self.message.into(),
            metadata: metadata.into(),
        }
    }
}
