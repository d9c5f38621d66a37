use crate::{
    client::HttpError,
    commands::{new::NewError, set::SetError},
    config::ConfigError,
    conformance::ConformanceError,
    control::{ClientError, Code, EnableError},
    gateway::{
        GatewayError,
        access::{AuditError, TokensError},
    },
    graph::SvgError,
    output::{clean, style},
};
use jackfield_loader::{OpenLoaderError, QuarantineError};
use serde_json::{Value, json};
use std::{error::Error, io, io::Write, process::ExitCode};

/// Why a command could not do what it is for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is no configuration to go by.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value of the configuration is not changed.
    #[error(transparent)]
    Set(#[from] SetError),
    /// The running host has not done what it was asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration file does not say that a plugin is enabled, or not.
    #[error(transparent)]
    Enable(#[from] EnableError),
    /// The new plugin cannot be written.
    #[error(transparent)]
    New(#[from] NewError),
    /// What it says cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// A value cannot be written as JSON.
    #[error("cannot write the output as JSON")]
    Json(#[from] serde_json::Error),
    /// The state directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenLoaderError),
    /// It cannot be reached over HTTP.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The list of what is quarantined cannot be used.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    /// A host is not asked over HTTP, or says no.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Tokens cannot be read or changed.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The audit log cannot be opened or read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The graph cannot be drawn.
    #[error(transparent)]
    Graph(#[from] SvgError),
    /// A plugin cannot be examined.
    #[error(transparent)]
    Conformance(#[from] ConformanceError),
    /// The process cannot be set up.
    #[error("cannot {doing}")]
    Process {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl CommandError {
    /// Says it on standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        let bad = style::BAD;
        let text = format!("{bad}error{bad:#}: {}", self.shown());
        // Nowhere to tell that standard error is gone.
        let _ = writeln!(anstream::stderr(), "{text}");
        ExitCode::from(self.code())
    }

    /// With its causes. What a plugin or a file says in it is not obeyed by a terminal.
    fn shown(&self) -> String {
        let text = chain(self);
        let lines: Vec<_> = text.lines().map(clean).collect();
        lines.join("\n")
    }

    /// As programs are told of it.
    pub(crate) fn told(&self) -> Value {
        let code = match self {
            Self::Client(error) => return error.told(),
            Self::Enable(error) => json!(error.refusal_code()),
            Self::Config(_) => json!(Code::Configuration),
            _ => json!(Code::Internal),
        };
        json!({ "code": code, "message": chain(self) })
    }

    fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 2,
            Self::New(error) => error.code(),
            Self::Set(error) => error.code(),
            Self::Enable(error) => error.code(),
            Self::Client(error) => error.code(),
            Self::Http(error) => error.code(),
            Self::Tokens(TokensError::Name(_)) => 2,
            Self::Conformance(error) => error.code(),
            _ => 1,
        }
    }
}

/// An error and its causes, in one line where each is one.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Refusal;

    #[test]
    fn what_a_plugin_says_in_an_error_is_not_obeyed_by_a_terminal() {
        let text = "`evil` is failed: \u{1b}]0;mine\u{7}\u{1b}[2J\nsecond\r line";
        let refusal = Refusal::new(Code::NotRunning, text);
        let error = CommandError::from(ClientError::from(refusal));
        assert_eq!(
            error.shown(),
            "`evil` is failed: \\u{1b}]0;mine\\u{7}\\u{1b}[2J\nsecond\\r line"
        );
        // Programs get it as it is.
        assert_eq!(error.told()["message"], text);
    }
}
