use crate::{commands::Outcome, error::CommandError};
#[derive(Debug, clap::Args)]
pub(crate) struct New {}
impl New {
    pub(crate) fn run(self) -> Result<Outcome, CommandError> {
        Ok(Outcome::Good)
    }
}
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    #[error("x")]
    X,
}
impl NewError {
    pub(crate) fn code(&self) -> u8 {
        2
    }
}
