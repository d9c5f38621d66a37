use std::fmt;

/// How a plugin says it does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// For people; empty when there is nothing to say.
    pub message: String,
    /// A JSON object with what the plugin wants shown, or empty.
    pub metadata: String,
}

impl From<jackfield_abi::Health> for Health {
    fn from(health: jackfield_abi::Health) -> Self {
        Self {
            status: match health.status {
                jackfield_abi::HealthStatus::HEALTHY => HealthStatus::Healthy,
                jackfield_abi::HealthStatus::UNHEALTHY => HealthStatus::Unhealthy,
                _ => HealthStatus::Degraded,
            },
            message: health.message.into(),
            metadata: health.metadata.into(),
        }
    }
}

/// The verdict of a [`Health`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Does what it is for.
    Healthy,
    /// Works, with less than it should have.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The verdict as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
