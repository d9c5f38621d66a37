use super::outcome::Outcome;
use crate::{IntoResponse, Operation, Response, Result};

/// What a hook of [`Routes::after`](crate::Routes::after) gives: the answer is kept, or replaced.
pub struct After(Outcome);

impl After {
    /// The answer is kept.
    pub fn keep() -> Self {
        Self(Outcome::pass())
    }

    /// This is answered instead, body and headers. The status is 200 to 599.
    pub fn replace(response: Response) -> Self {
        Self(Outcome::Answer(response))
    }

    /// It is kept with this header instead of those of that name; where it is replaced, this changes
    /// nothing.
    ///
    /// # Panics
    ///
    /// As [`Response::with_header`].
    #[must_use]
    pub fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.change(|pass| pass.set_header(name, value)))
    }

    /// It is kept without the headers of that name; where it is replaced, this changes nothing.
    ///
    /// # Panics
    ///
    /// When the name holds a line break or NUL.
    #[must_use]
    pub fn remove_header(self, name: &str) -> Self {
        Self(self.0.change(|pass| pass.remove_header(name)))
    }

    /// It is kept with another status, 200 to 599; where it is replaced, this changes nothing.
    ///
    /// # Panics
    ///
    /// When it is another number.
    #[must_use]
    pub fn set_status(self, status: u16) -> Self {
        assert!(
            (200..600).contains(&status),
            "{status} is no status of an answer"
        );
        Self(self.0.change(|pass| pass.set_status(status)))
    }
}

impl IntoResponse for After {
    fn into_response(self) -> Result<Response> {
        self.0.into_response()
    }

    fn describe(_operation: &mut Operation) {}
}
