use super::{HttpError, Place, Session};
use crate::{config::Config, control::Client, error::CommandError};
use std::{fs, path::PathBuf};

/// The variable with the token, for whom a file is too much.
pub(crate) const VARIABLE_TOKEN: &str = "JACKFIELD_TOKEN";

/// Which host is asked, and as whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which host")]
pub(crate) struct Reach {
    /// Where it is, such as `https://jackfield.example:8443`, instead of the host that runs here
    #[arg(long)]
    url: Option<String>,
    /// A file with the token to show, instead of the variable JACKFIELD_TOKEN; never an argument,
    /// which everybody on the machine could read
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with the certificates to trust, in PEM, instead of the configuration's own
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Reach {
    /// Ready to ask.
    ///
    /// # Errors
    ///
    /// When there is no host here, it serves no HTTP, or a file cannot be read.
    pub(crate) fn session(&self, config: &Config) -> Result<Session, CommandError> {
        let url = match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                // A file that was left behind may name an address that is somebody else's by now.
                Client::connect(&config.state)?;
                Place::find(&config.state)?
            }
        };
        let own = config.http.tls.as_ref().map(|tls| &tls.certificate);
        let trusted = self.ca.as_ref().or(own);
        Ok(Session::new(url, self.token()?, trusted)?)
    }

    fn token(&self) -> Result<Option<String>, HttpError> {
        let text = match &self.token_file {
            Some(path) => Some(fs::read_to_string(path).map_err(|source| HttpError::File {
                path: path.clone(),
                source,
            })?),
            None => token_of_environment()?,
        };
        let text = text.map(|text| text.trim().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command of the host's reads what its user says"
)]
fn token_of_environment() -> Result<Option<String>, HttpError> {
    match std::env::var(VARIABLE_TOKEN) {
        Ok(text) => Ok(Some(text)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => Err(HttpError::usage(VARIABLE_TOKEN, "expected UTF-8")),
    }
}
