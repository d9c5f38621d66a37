use super::{Code, Refusal, protocol::MAX_REQUEST};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{Instant, timeout, timeout_at},
};

/// How long the host bears with a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long it may be silent between two requests.
    pub(super) idle: Duration,
    /// How long a line may take from its first byte to its line feed.
    pub(super) half: Duration,
    /// How long it may leave what it is told unread.
    pub(super) unread: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            half: Duration::from_secs(10),
            unread: Duration::from_secs(60),
        }
    }
}

/// A client's connection, as lines.
pub(super) struct Lines {
    stream: UnixStream,
    limits: Limits,
    read: Vec<u8>,
}

/// The end of a connection.
#[derive(Debug)]
pub(super) enum End {
    /// The client went away, or was silent.
    Gone,
    /// It is to be told why.
    Refused(Refusal),
}

impl Lines {
    pub(super) fn new(stream: UnixStream, limits: Limits) -> Self {
        Self {
            stream,
            limits,
            read: Vec::new(),
        }
    }

    /// The next line without its line feed.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, End> {
        let Limits { idle, half, .. } = self.limits;
        let mut until = match self.read.is_empty() {
            true => Instant::now() + idle,
            false => Instant::now() + half,
        };
        let mut looked = 0;
        loop {
            if let Some(at) = self.read[looked..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=looked + at).collect();
                line.pop();
                return Ok(line);
            }
            looked = self.read.len();
            if looked >= MAX_REQUEST {
                let text = format!("expected a line of at most {MAX_REQUEST} bytes, found more");
                return Err(End::Refused(Refusal::new(Code::TooLong, text)));
            }
            match timeout_at(until, self.stream.read_buf(&mut self.read)).await {
                Ok(Ok(0)) | Ok(Err(_)) => return Err(End::Gone),
                Ok(Ok(_)) if looked == 0 => until = Instant::now() + half,
                Ok(Ok(_)) => {}
                Err(_) if looked == 0 => return Err(End::Gone),
                Err(_) => {
                    let seconds = half.as_secs();
                    let text = format!("expected a whole line within {seconds} s, found a part");
                    return Err(End::Refused(Refusal::new(Code::TooSlow, text)));
                }
            }
        }
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        match timeout(self.limits.unread, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            // Nobody is there to be told, or reads it.
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// Is ready when the client has gone away, or says something where it should listen.
    pub(super) async fn gone(&mut self) {
        let mut byte = [0];
        let _ = self.stream.read(&mut byte).await;
    }
}
