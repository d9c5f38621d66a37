use super::pass::Pass;
use crate::{Error, IntoResponse, Operation, Response, Result};

/// What a hook of [`Routes::before`](crate::Routes::before) gives: the request goes on, or is answered.
pub struct Before(Inner);

enum Inner {
    Pass(Pass),
    Answer(Response),
}

impl Before {
    /// The request goes on.
    pub fn pass() -> Self {
        Self(Inner::Pass(Pass::new()))
    }

    /// It is answered with this, and goes nowhere. The status is 200 to 599.
    pub fn answer(response: Response) -> Self {
        Self(Inner::Answer(response))
    }

    /// It goes on with this header instead of those of that name; where it is answered, this changes
    /// nothing.
    ///
    /// # Panics
    ///
    /// As [`Response::with_header`].
    #[must_use]
    pub fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.change(|pass| pass.set_header(name, value))
    }

    /// It goes on without the headers of that name; where it is answered, this changes nothing.
    ///
    /// # Panics
    ///
    /// When the name holds a line break or NUL.
    #[must_use]
    pub fn remove_header(self, name: &str) -> Self {
        self.change(|pass| pass.remove_header(name))
    }

    fn change(self, change: impl FnOnce(Pass) -> Pass) -> Self {
        match self.0 {
            Inner::Pass(pass) => Self(Inner::Pass(change(pass))),
            answer @ Inner::Answer(_) => Self(answer),
        }
    }
}

impl IntoResponse for Before {
    fn into_response(self) -> Result<Response> {
        match self.0 {
            Inner::Pass(pass) => Ok(pass.into_response()),
            Inner::Answer(response) => answer(response),
        }
    }

    fn describe(_operation: &mut Operation) {}
}

/// An answer of a hook.
pub(super) fn answer(response: Response) -> Result<Response> {
    match response.status() {
        200..600 => Ok(response),
        status => Err(Error::new(format!(
            "a hook answered with status {status}: an answer has 200 to 599"
        ))),
    }
}
