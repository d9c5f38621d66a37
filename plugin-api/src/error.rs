use jackfield_abi::{Failure, FailureCode};
use std::{error::Error as StdError, fmt};

/// [`std::result::Result`] with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as text for people, and the status that a request gets for it.
///
/// `?` turns every [`std::error::Error`] into one, with its chain of causes.
#[derive(Clone)]
pub struct Error {
    status: u16,
    code: FailureCode,
    message: String,
    /// Whether somebody has said a status.
    has_status: bool,
}

impl Error {
    /// An error with a message: lower case, no full stop. In a handler it becomes a 500.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            status: 500,
            code: FailureCode::ERROR,
            message: message.into(),
            has_status: false,
        }
    }

    /// An error that a handler's caller gets with this HTTP status.
    pub fn with_status(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            has_status: true,
            ..Self::new(message)
        }
    }

    /// What [`Plugin::reconfigure`](crate::Plugin::reconfigure) gives for a configuration that is
    /// good and cannot be taken while the plugin runs.
    pub fn at_next_start() -> Self {
        Self {
            status: 501,
            code: FailureCode::UNSUPPORTED,
            message: "takes effect at the next start".to_owned(),
            has_status: true,
        }
    }

    /// The HTTP status that a request gets for it; 500 when none was set.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether somebody has said a status.
    pub(crate) fn has_status(&self) -> bool {
        self.has_status
    }

    /// Whether there is as much as there may be.
    pub(crate) fn is_full(&self) -> bool {
        self.code == FailureCode::FULL
    }

    /// With what went wrong before the text, where it has no status of its own: what has one is for the
    /// caller as it is.
    pub(crate) fn in_session(self, place: impl FnOnce() -> String) -> Self {
        if self.has_status {
            return self;
        }
        Self {
            message: format!("{} {}", place(), self.message),
            ..self
        }
    }

    pub(crate) fn into_failure(self) -> Failure {
        Failure::new(self.code, self.message)
    }
}

impl<E: StdError> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Some libraries repeat the cause in their own text.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

impl Error {
    pub(crate) fn from_failure(failure: Failure) -> Self {
        let status = match failure.code {
            FailureCode::NOT_FOUND => 404,
            FailureCode::UNAVAILABLE => 503,
            FailureCode::DEADLINE => 504,
            FailureCode::DENIED => 403,
            FailureCode::ENDED => 502,
            FailureCode::FULL => 429,
            FailureCode::INVALID => 400,
            FailureCode::UNSUPPORTED => 501,
            _ => 500,
        };
        Self {
            status,
            code: failure.code,
            message: failure.message.into(),
            has_status: true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (status {})", self.message, self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the table")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_standard_error_keeps_its_causes() {
        let error: Error = Outer(io::Error::other("disk on fire")).into();
        assert_eq!(error.to_string(), "cannot read the table: disk on fire");
        assert_eq!(error.status(), 500);
    }

    #[test]
    fn a_failure_of_the_host_keeps_its_code_there_and_back() {
        let failure = Failure::new(FailureCode::FULL, "too many subscriptions");
        let error = Error::from_failure(failure.clone());
        assert_eq!(error.status(), 429);
        assert_eq!(error.into_failure(), failure);
    }
}
