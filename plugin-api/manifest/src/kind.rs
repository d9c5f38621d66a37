//! What a plugin is in the order of things.

/// A plugin's kind. It gives the default priority, and some kinds have a contract: a service that a
/// plugin of that kind has to provide.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What others stand on. Priority 10.
    Infrastructure,
    /// Who may do what. Priority 20.
    Security,
    /// Sees calls on their way. Priority 30.
    Middleware,
    /// What the host is run for. Priority 40; the default.
    #[default]
    Business,
    /// Ties to systems outside. Priority 50.
    Integration,
    /// Keeps what an experiment measures: provides the service `tracking.backend`. Priority 40.
    Backend,
    /// Measures: provides the service `tracking.collector`. Priority 40.
    Collector,
}

impl Kind {
    /// All of them, as a manifest names them.
    pub(crate) const WORDS: [(&'static str, Self); 7] = [
        ("infrastructure", Self::Infrastructure),
        ("security", Self::Security),
        ("middleware", Self::Middleware),
        ("business", Self::Business),
        ("integration", Self::Integration),
        ("backend", Self::Backend),
        ("collector", Self::Collector),
    ];

    /// The priority of a plugin of this kind that sets none.
    pub const fn priority(self) -> i32 {
        match self {
            Self::Infrastructure => 10,
            Self::Security => 20,
            Self::Middleware => 30,
            Self::Business | Self::Backend | Self::Collector => 40,
            Self::Integration => 50,
        }
    }

    /// As a manifest names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Security => "security",
            Self::Middleware => "middleware",
            Self::Business => "business",
            Self::Integration => "integration",
            Self::Backend => "backend",
            Self::Collector => "collector",
        }
    }

    /// The service that a plugin of this kind has to provide, where the kind has a contract.
    pub const fn contract(self) -> Option<&'static str> {
        match self {
            Self::Backend => Some("tracking.backend"),
            Self::Collector => Some("tracking.collector"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_word() {
        for (word, kind) in Kind::WORDS {
            assert_eq!(kind.as_str(), word);
        }
    }
}
