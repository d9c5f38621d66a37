use super::{Asked, HttpError, Session};
use std::io::{self, BufRead, BufReader, Read};
use ureq::{BodyReader, http::Method};

/// The longest line that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// What happens, as `GET /events` tells it.
pub(crate) struct Events {
    lines: BufReader<BodyReader<'static>>,
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// By which one comes back to it.
    pub(crate) id: Option<String>,
    /// A JSON document in one line.
    pub(crate) data: String,
}

impl Events {
    /// From now on, or from after the event of that id. `path` is with its query.
    ///
    /// # Errors
    ///
    /// As those of [`Session::ask`].
    pub(crate) fn open(
        session: &Session,
        path: &str,
        last: Option<&str>,
    ) -> Result<Self, HttpError> {
        let last = last.map(|id| ("last-event-id".to_owned(), id.to_owned()));
        let answer = session.ask(Asked {
            method: Method::GET,
            path: path.to_owned(),
            headers: last.into_iter().collect(),
            body: None,
        })?;
        let body = answer.into_body().into_with_config().limit(u64::MAX);
        let lines = BufReader::new(body.reader());
        Ok(Self { lines })
    }
}

/// Until the host ends it.
impl Iterator for Events {
    type Item = io::Result<Told>;

    fn next(&mut self) -> Option<Self::Item> {
        next(&mut self.lines).transpose()
    }
}

/// The next event of a stream as the HTML standard has it, 9.2.6, as far as a host uses that.
fn next(lines: &mut impl BufRead) -> io::Result<Option<Told>> {
    let mut told = Told::default();
    loop {
        let mut line = String::new();
        if lines.by_ref().take(LONGEST).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some(line) = line.strip_suffix('\n') else {
            // It broke off, or is too long to be one.
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        match line.split_once(": ") {
            _ if line.is_empty() && !told.data.is_empty() => return Ok(Some(told)),
            Some(("id", id)) => told.id = Some(id.to_owned()),
            Some(("data", data)) => told.data.push_str(data),
            // A sign of life.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_one_after_the_other() {
        let mut text = &b"data: {\"a\":1}\n\n: still here\n\nid: r-7\ndata: {}\n\ndata: {\"br"[..];
        let told = |id: Option<&str>, data: &str| Told {
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        assert_eq!(next(&mut text).unwrap(), Some(told(None, "{\"a\":1}")));
        assert_eq!(next(&mut text).unwrap(), Some(told(Some("r-7"), "{}")));
        assert!(next(&mut text).is_err());
        assert_eq!(next(&mut &b""[..]).unwrap(), None);
    }
}
