use crate::raw::{Fault, FaultKind};
use plugin_api::Error;

/// Why a backend or a collector did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrackingError {
    /// What it was given cannot be taken: asking again is no use.
    #[error("{0}")]
    Invalid(String),
    /// It cannot just now: asking again later may be of use.
    #[error("{0}")]
    Unavailable(String),
    /// It does no such thing.
    #[error("{0}")]
    Unsupported(String),
    /// Its code panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl TrackingError {
    /// The HTTP status that says as much.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Unavailable(_) => 503,
            Self::Unsupported(_) => 501,
            Self::Panicked(_) | Self::Failed(_) => 500,
        }
    }

    /// For a handler that passes it on.
    pub fn into_error(self) -> Error {
        Error::with_status(self.status(), self.to_string())
    }

    /// What an author's own error is, by its status.
    pub(crate) fn of(error: &Error) -> Self {
        let text = error.to_string();
        match error.status() {
            429 | 503 => Self::Unavailable(text),
            400..=499 => Self::Invalid(text),
            501 => Self::Unsupported(text),
            _ => Self::Failed(text),
        }
    }

    pub(crate) fn into_fault(self) -> Fault {
        let (kind, text) = match self {
            Self::Invalid(text) => (FaultKind::INVALID, text),
            Self::Unavailable(text) => (FaultKind::UNAVAILABLE, text),
            Self::Unsupported(text) => (FaultKind::UNSUPPORTED, text),
            Self::Panicked(text) => (FaultKind::PANICKED, text),
            Self::Failed(text) => (FaultKind::FAILED, text),
        };
        Fault {
            kind,
            message: text.into(),
            kept: 0,
        }
    }

    pub(crate) fn from_fault(fault: Fault) -> Self {
        let text = fault.message.into_string();
        match fault.kind {
            FaultKind::INVALID => Self::Invalid(text),
            FaultKind::UNAVAILABLE => Self::Unavailable(text),
            FaultKind::UNSUPPORTED => Self::Unsupported(text),
            FaultKind::PANICKED => Self::Panicked(text),
            // Also one that a later version of the contract has.
            _ => Self::Failed(text),
        }
    }
}

/// Of several numbers only the first were kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Incomplete {
    /// How many of the first; 0 where none was kept.
    pub kept: u64,
    /// Why the next was not.
    pub error: TrackingError,
}

impl Incomplete {
    pub(crate) fn into_fault(self) -> Fault {
        Fault {
            kept: self.kept,
            ..self.error.into_fault()
        }
    }

    pub(crate) fn from_fault(fault: Fault) -> Self {
        Self {
            kept: fault.kept,
            error: TrackingError::from_fault(fault),
        }
    }
}

impl From<TrackingError> for Incomplete {
    fn from(error: TrackingError) -> Self {
        Self { kept: 0, error }
    }
}

impl From<Error> for Incomplete {
    fn from(error: Error) -> Self {
        TrackingError::of(&error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_as_what_it_is() {
        let all = [
            TrackingError::Invalid("a".to_owned()),
            TrackingError::Unavailable("b".to_owned()),
            TrackingError::Unsupported("c".to_owned()),
            TrackingError::Panicked("d".to_owned()),
            TrackingError::Failed("e".to_owned()),
        ];
        for error in all {
            assert_eq!(TrackingError::from_fault(error.clone().into_fault()), error);
        }
        let later = Fault {
            kind: FaultKind(77),
            message: "f".into(),
            kept: 0,
        };
        let failed = TrackingError::Failed("f".to_owned());
        assert_eq!(TrackingError::from_fault(later), failed);
    }

    #[test]
    fn an_authors_status_says_what_it_is() {
        let of = |status| TrackingError::of(&Error::with_status(status, "x"));
        let x = || "x".to_owned();
        assert_eq!(of(422), TrackingError::Invalid(x()));
        assert_eq!(of(429), TrackingError::Unavailable(x()));
        assert_eq!(of(501), TrackingError::Unsupported(x()));
        assert_eq!(of(500), TrackingError::Failed(x()));
    }
}
