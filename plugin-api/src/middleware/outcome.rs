use super::pass::Pass;
use crate::{Error, Response, Result};

/// What a hook gives.
pub(super) enum Outcome {
    /// It goes on, with what is changed of it.
    Pass(Pass),
    /// This is the answer.
    Answer(Response),
}

impl Outcome {
    pub(super) fn pass() -> Self {
        Self::Pass(Pass::new())
    }

    /// Changes what goes on; an answer stays as it is.
    pub(super) fn change(self, change: impl FnOnce(Pass) -> Pass) -> Self {
        match self {
            Self::Pass(pass) => Self::Pass(change(pass)),
            answer @ Self::Answer(_) => answer,
        }
    }

    pub(super) fn into_response(self) -> Result<Response> {
        match self {
            Self::Pass(pass) => Ok(pass.into_response()),
            Self::Answer(response) => match response.status() {
                200..600 => Ok(response),
                status => Err(Error::new(format!(
                    "a hook answered with status {status}: an answer has 200 to 599"
                ))),
            },
        }
    }
}
