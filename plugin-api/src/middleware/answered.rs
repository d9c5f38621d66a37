use crate::{Error, FromRequest, Headers, Request, Result};

/// What a request was answered with: an argument of a hook of [`Routes::after`](crate::Routes::after).
/// The answer's body is the body that the hook sees: [`Bytes`](crate::Bytes), or
/// [`Request::body`]. Of an answer in parts there is none, nor of one of the host's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    status: u16,
    headers: Headers,
}

impl Answered {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, by their names in lower case.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }
}

impl FromRequest for Answered {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        let status = request.extension("response-status");
        let missing = || Error::new("only a hook of `after` is told of an answer");
        let status = status.and_then(|status| status.parse().ok());
        let mut extensions = request.extensions();
        let headers = extensions.find(|(name, _)| *name == "response-headers");
        Ok(Self {
            status: status.ok_or_else(missing)?,
            headers: Headers::copy(lines(headers.map_or(b"", |(_, block)| block))),
        })
    }
}

/// The headers of a block of `name: value` lines. A line that is none is passed over.
fn lines(mut block: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    std::iter::from_fn(move || {
        while !block.is_empty() {
            let end = block.windows(2).position(|pair| pair == b"\r\n");
            let (line, rest) = block.split_at(end.unwrap_or(block.len()));
            block = rest.get(2..).unwrap_or_default();
            let Some(at) = line.windows(2).position(|pair| pair == b": ") else {
                continue;
            };
            if let Ok(name) = std::str::from_utf8(&line[..at]) {
                return Some((name, &line[at + 2..]));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_line_by_line() {
        let read = |block: &'static [u8]| lines(block).collect::<Vec<_>>();
        assert_eq!(read(b""), []);
        assert_eq!(
            read(b"a: 1\r\nb: x: \xff\r\nnothing\r\n\r\nc: \r\n"),
            [("a", &b"1"[..]), ("b", b"x: \xff"), ("c", b"")]
        );
        assert_eq!(read(b"a: 1"), [("a", &b"1"[..])]);
    }
}
