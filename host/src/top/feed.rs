use crate::{
    control::{Client, ClientError, Done, Order, Report, Request},
    error::chain,
};
use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// What comes from the host.
pub(super) enum Feed {
    /// How it does, and when it was asked.
    Report(Box<Report>, Instant),
    /// It does not answer.
    Lost(String),
    /// What a restart would do.
    Would(Done),
    /// What came of something.
    Said(String),
}

/// What the host is to be asked beside that.
pub(super) enum Wish {
    /// What a restart of that plugin would do.
    Look(String),
    /// Restart it.
    Restart(String),
}

/// Asks the host whose state directory that is from now on, every `interval`, on a thread of its
/// own: a host that does not answer keeps no key waiting. It ends when nobody wants to know.
pub(super) fn begin(state: PathBuf, interval: Duration) -> (Receiver<Feed>, SyncSender<Wish>) {
    let (sender, feeds) = sync_channel(16);
    let (wishes, wished) = sync_channel(4);
    thread::spawn(move || {
        let mut asker = Asker {
            state,
            client: None,
        };
        let mut next = Instant::now();
        loop {
            let left = next.saturating_duration_since(Instant::now());
            let feed = match wished.recv_timeout(left) {
                Ok(Wish::Look(id)) => asker.restart(&id, true),
                Ok(Wish::Restart(id)) => asker.restart(&id, false),
                Err(RecvTimeoutError::Timeout) => {
                    next = Instant::now() + interval;
                    asker.report()
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if sender.send(feed).is_err() {
                return;
            }
        }
    });
    (feeds, wishes)
}

struct Asker {
    state: PathBuf,
    client: Option<Client>,
}

impl Asker {
    fn client(&mut self) -> Result<&mut Client, ClientError> {
        if self.client.is_none() {
            self.client = Some(Client::connect(&self.state)?);
        }
        Ok(self.client.as_mut().expect("just made"))
    }

    fn report(&mut self) -> Feed {
        let request = Request::Status { id: None };
        let asked = self
            .client()
            .and_then(|client| client.ask(&request, Duration::ZERO));
        match asked {
            Ok(report) => Feed::Report(Box::new(report), Instant::now()),
            Err(error) => {
                self.client = None;
                Feed::Lost(chain(&error))
            }
        }
    }

    fn restart(&mut self, id: &str, dry_run: bool) -> Feed {
        let request = Request::Restart(Order {
            id: id.to_owned(),
            dry_run,
            wait_ms: 0,
        });
        let asked = self
            .client()
            .and_then(|client| client.ask::<Done>(&request, Duration::ZERO));
        match asked {
            Ok(done) if dry_run => Feed::Would(done),
            Ok(_) => Feed::Said(format!("restarting {id}")),
            Err(error) => {
                // An answer that comes late would be taken for that to the next request.
                self.client = None;
                Feed::Said(chain(&error))
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader, Write},
        os::unix::net::UnixListener,
    };

    #[test]
    fn nothing_more_is_asked_where_an_answer_may_come_late() {
        let state = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(state.path().join("control.sock")).unwrap();
        let host = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            (&stream).write_all(b"no answer\n").unwrap();
        });
        let mut asker = Asker {
            state: state.path().to_owned(),
            client: None,
        };
        assert!(matches!(asker.restart("web", false), Feed::Said(_)));
        assert!(asker.client.is_none());
        host.join().unwrap();
    }
}
