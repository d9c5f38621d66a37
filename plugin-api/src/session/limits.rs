use super::Session;
use crate::Context;
use serde::Deserialize;

/// How long a session may lie unused, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// In nanoseconds; `None` is for ever.
    pub(super) ttl_ns: Option<u64>,
    pub(super) most: usize,
}

/// What the operator says.
#[derive(Deserialize, Default)]
struct Settings {
    session_ttl_ms: Option<u64>,
    max_sessions: Option<u64>,
}

impl Limits {
    /// As the operator says, and else the session's type.
    pub(super) fn of<S: Session>(context: &Context) -> Self {
        // A host's text that cannot be read says nothing.
        let text = context.host().object.settings();
        let settings: Settings = serde_json::from_str(&text).unwrap_or_default();
        let ttl_ns = match settings.session_ttl_ms {
            Some(ttl_ms) => ttl_ms.saturating_mul(1_000_000),
            None => u64::try_from(S::TTL.as_nanos()).unwrap_or(u64::MAX),
        };
        let most = settings.max_sessions.map(usize::try_from);
        Self {
            ttl_ns: (ttl_ns > 0).then_some(ttl_ns),
            most: most.map_or(S::MOST, |most| most.unwrap_or(usize::MAX)),
        }
    }
}
