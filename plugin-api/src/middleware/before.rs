use super::outcome::Outcome;
use crate::{IntoResponse, Operation, Response, Result};

/// What a hook of [`Routes::before`](crate::Routes::before) gives: the request goes on, or is answered.
pub struct Before(Outcome);

impl Before {
    /// The request goes on.
    pub fn pass() -> Self {
        Self(Outcome::pass())
    }

    /// It is answered with this, and goes nowhere. The status is 200 to 599.
    pub fn answer(response: Response) -> Self {
        Self(Outcome::Answer(response))
    }

    /// It goes on with this header instead of those of that name; where it is answered, this changes
    /// nothing.
    ///
    /// # Panics
    ///
    /// As [`Response::with_header`].
    #[must_use]
    pub fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.change(|pass| pass.set_header(name, value)))
    }

    /// It goes on without the headers of that name; where it is answered, this changes nothing.
    ///
    /// # Panics
    ///
    /// When the name holds a line break or NUL.
    #[must_use]
    pub fn remove_header(self, name: &str) -> Self {
        Self(self.0.change(|pass| pass.remove_header(name)))
    }
}

impl IntoResponse for Before {
    fn into_response(self) -> Result<Response> {
        self.0.into_response()
    }

    fn describe(_operation: &mut Operation) {}
}
