//! A command line that talks to the running host.

use super::{Answer, Code, Refusal, Request};
use crate::error::chain;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;
#[cfg(not(unix))]
type Stream = std::net::TcpStream;

/// How long the host may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most bytes of a line of an answer.
const MAX_ANSWER: u64 = 256 << 20;

/// Why the host has not done what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// There is no socket, or nobody behind it.
    #[error(
        "no host runs: {}: {}: start one with `jackfield run`, or name the state directory of the \
         one that runs with --state",
        path.display(),
        if *left_behind { "nobody listens, it was left behind by a host that was ended" }
        else { "there is no such socket" }
    )]
    NoHost {
        /// The socket.
        path: PathBuf,
        /// It is there, and its host is not.
        left_behind: bool,
    },
    /// It is there, and cannot be used.
    #[error("cannot talk to the host over {}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is somebody else's.
    #[error(
        "cannot talk to the host over {}: permission denied: only the user that it runs as, and \
         root, may: run this command as one of them",
        .0.display()
    )]
    Denied(PathBuf),
    /// This system has no such sockets.
    #[cfg(not(unix))]
    #[error("a running host is talked to on Unix only")]
    NotHere,
    /// The host says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The host went away.
    #[error("the host went away before it answered")]
    Gone,
    /// The host went away, or does not tell its log any more.
    #[error(
        "the host ended the connection: it was ended itself, or what it told was not read for \
         60 s: see `jackfield status`, and ask again"
    )]
    CutOff,
    /// The host is silent.
    #[error("the host did not answer within {}: is it stopped, or very busy?", humantime::format_duration(*.0))]
    Silent(Duration),
    /// What it says cannot be read.
    #[error(
        "the host answered in a way that this `jackfield` does not understand: use the one that it was started with"
    )]
    Unreadable,
}

impl ClientError {
    /// As programs are told of it.
    pub(crate) fn told(&self) -> Value {
        match self {
            Self::Refused(refusal) => json!(refusal),
            Self::NoHost { .. } => json!({ "code": "no-host", "message": self.to_string() }),
            Self::Denied(_) => json!({ "code": Code::NotAllowed, "message": self.to_string() }),
            other => json!({ "code": "unreachable", "message": chain(other) }),
        }
    }

    /// 2 where what is asked for is wrong, 1 else.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Refused(refusal) => match refusal.code {
                Code::BadRequest | Code::UnknownCommand | Code::Configuration => 2,
                _ => 1,
            },
            _ => 1,
        }
    }
}

/// A connection to the running host.
pub(crate) struct Client {
    path: PathBuf,
    stream: BufReader<Stream>,
    /// How long the host may take for what it does at once.
    patience: Duration,
}

impl Client {
    /// Connects to the host whose state directory that is.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub(crate) fn connect(state: &Path) -> Result<Self, ClientError> {
        let (path, stream) = connect(state)?;
        Ok(Self {
            path,
            stream: BufReader::new(stream),
            patience: PATIENCE,
        })
    }

    /// Asks one thing; `wait` is what the host may take beyond what it takes anyway.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        wait: Duration,
    ) -> Result<T, ClientError> {
        let limit = self.patience + wait;
        self.send(request, Some(limit))?;
        match self.read(limit)? {
            Answer::Ok(value) => serde_json::from_value(value).map_err(|_| ClientError::Unreadable),
            Answer::Error(refusal) => Err(refusal.into()),
            Answer::Record(_) | Answer::Dropped(_) => Err(ClientError::Unreadable),
        }
    }

    /// Sends a request whose answer has several lines, as [`Client::next`] tells; `late` is whether
    /// each may come however late.
    pub(crate) fn begin(&mut self, request: &Request, late: bool) -> Result<(), ClientError> {
        self.send(request, (!late).then_some(self.patience))
    }

    fn send(&mut self, request: &Request, limit: Option<Duration>) -> Result<(), ClientError> {
        let stream = self.stream.get_mut();
        let sent = stream
            .set_read_timeout(limit)
            .and_then(|()| stream.set_write_timeout(Some(self.patience)))
            .and_then(|()| stream.write_all(&request.line()));
        match sent {
            // It may have said why before it closed.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|source| self.failed(source, self.patience)),
        }
    }

    /// The next line of an answer that has several.
    pub(crate) fn next(&mut self) -> Result<Answer, ClientError> {
        self.read(self.patience)
    }

    fn read(&mut self, limit: Duration) -> Result<Answer, ClientError> {
        let mut line = Vec::new();
        let mut reader = (&mut self.stream).take(MAX_ANSWER);
        let read = reader.read_until(b'\n', &mut line);
        read.map_err(|source| self.failed(source, limit))?;
        match line.last() {
            Some(b'\n') => Answer::read(&line).ok_or(ClientError::Unreadable),
            _ => Err(ClientError::Gone),
        }
    }

    fn failed(&self, source: io::Error, limit: Duration) -> ClientError {
        match source.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Silent(limit),
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => ClientError::Gone,
            _ => ClientError::Connect {
                path: self.path.clone(),
                source,
            },
        }
    }
}

#[cfg(unix)]
fn connect(state: &Path) -> Result<(PathBuf, Stream), ClientError> {
    let path = super::place::socket(state);
    let stream = super::place::connect(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ClientError::NoHost {
            path: path.clone(),
            left_behind: false,
        },
        io::ErrorKind::ConnectionRefused => ClientError::NoHost {
            path: path.clone(),
            left_behind: true,
        },
        io::ErrorKind::PermissionDenied => ClientError::Denied(path.clone()),
        _ => ClientError::Connect {
            path: path.clone(),
            source,
        },
    })?;
    Ok((path, stream))
}

#[cfg(not(unix))]
fn connect(_: &Path) -> Result<(PathBuf, Stream), ClientError> {
    Err(ClientError::NotHere)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Reading;

    /// A client, and the host that it talks to.
    fn pair(patience: Duration) -> (Client, Stream) {
        let (own, host) = Stream::pair().unwrap();
        let client = Client {
            path: PathBuf::from("control.sock"),
            stream: BufReader::new(own),
            patience,
        };
        (client, host)
    }

    fn logs(follow: bool) -> Request {
        Request::Logs(Reading {
            id: None,
            level: None,
            lines: 1,
            follow,
        })
    }

    #[test]
    fn a_host_that_is_silent_is_waited_for_only_where_the_log_is_followed() {
        let (mut client, host) = pair(Duration::from_millis(10));
        client.begin(&logs(false), false).unwrap();
        let error = client.next().unwrap_err();
        let text = "the host did not answer within 10ms: is it stopped, or very busy?";
        assert_eq!(error.to_string(), text);
        client.begin(&logs(true), true).unwrap();
        assert_eq!(client.stream.get_ref().read_timeout().unwrap(), None);
        drop(host);
        assert!(matches!(client.next(), Err(ClientError::Gone)));
    }

    #[test]
    fn programs_are_told_the_causes_as_well() {
        let error = ClientError::Connect {
            path: PathBuf::from("control.sock"),
            source: io::Error::other("it is odd"),
        };
        let message = "cannot talk to the host over control.sock: it is odd";
        let told = json!({ "code": "unreachable", "message": message });
        assert_eq!(error.told(), told);
        let denied = ClientError::Denied(PathBuf::from("control.sock"));
        assert_eq!(denied.told()["code"], "not-allowed");
    }
}
