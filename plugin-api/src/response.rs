use crate::{Error, Result, ffi};
use futures_core::Stream;
use jackfield_abi::{ByteStreamObject, RBox, ROption, RVec};
use serde::{Serialize, de::DeserializeOwned};

/// Which bytes a token of HTTP may hold (RFC 9110, 5.6.2).
const TOKEN: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0u8);
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let (marks, mut place) = (b"!#$%&'*+-.^_`|~", 0);
    while place < marks.len() {
        table[marks[place] as usize] = true;
        place += 1;
    }
    table
};

/// The answer to a [`Request`](crate::Request).
pub struct Response {
    raw: RBox<jackfield_abi::Response>,
}

impl Response {
    /// An empty answer with this status: 100 to 599, or the request fails.
    pub fn new(status: u16) -> Self {
        Self::whole(status, Vec::new())
    }

    fn whole(status: u16, body: Vec<u8>) -> Self {
        Self {
            raw: RBox::new(jackfield_abi::Response {
                status,
                headers: RVec::new(),
                body: body.into(),
                stream: ROption::RNone,
            }),
        }
    }

    /// 200 with text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(200)
            .with_header("content-type", "text/plain; charset=utf-8")
            .with_body(text.into())
    }

    /// 200 with a value as JSON.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON (a map whose keys are no text, say).
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value)?;
        Ok(Self::new(200)
            .with_header("content-type", "application/json")
            .with_body(body))
    }

    /// 200 with bytes, without a media type.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::whole(200, bytes.into())
    }

    /// 200 with a body that comes in parts, without a media type. The host asks for more when
    /// the client has taken what there was (parts that are there at once, up to 16 KiB, go out together), and drops the stream when the client goes away. An error
    /// or a panic ends the body as something that was cut, since the status is sent by then. Another
    /// plugin that asks is not given the answer (501).
    ///
    /// ```
    /// # use plugin_api::prelude::*;
    /// # use std::{pin::Pin, task::{self, Poll}};
    /// # struct Lines;
    /// # impl futures_core::Stream for Lines {
    /// #     type Item = Result<Vec<u8>>;
    /// #     fn poll_next(
    /// #         self: Pin<&mut Self>,
    /// #         _cx: &mut task::Context<'_>,
    /// #     ) -> Poll<Option<Result<Vec<u8>>>> {
    /// #         Poll::Ready(None)
    /// #     }
    /// # }
    /// # let lines = Lines;
    /// let answer = Response::stream(lines).with_header("content-type", "text/csv");
    /// ```
    pub fn stream(parts: impl Stream<Item = Result<Vec<u8>>> + Send + 'static) -> Self {
        let mut answer = Self::new(200);
        answer.raw.stream = ROption::RSome(ffi::stream(parts));
        answer
    }

    /// The answer to a failed request: `{"detail": message}` with the error's status.
    pub(crate) fn error(error: &Error) -> Self {
        let body = serde_json::json!({ "detail": error.message() }).to_string();
        Self::new(error.status())
            .with_header("content-type", "application/json")
            .with_body(body)
    }

    /// With another status: 100 to 599, or the request fails.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.raw.status = status;
        self
    }

    /// With one more header; the name in lower case.
    ///
    /// # Panics
    ///
    /// When the name is not an HTTP token, or the value holds a line feed, carriage return or NUL:
    /// such a header would begin another.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        let is_token = !name.is_empty() && name.bytes().all(|byte| TOKEN[usize::from(byte)]);
        assert!(is_token, "{name:?} is no header name");
        // Without a way out in the middle, so that many are looked at in one step.
        let breaks = value.iter().fold(false, |breaks, byte| {
            breaks | matches!(byte, b'\r' | b'\n' | 0)
        });
        assert!(
            !breaks,
            "the value of the header {name} holds a line break or NUL"
        );
        let mut block = std::mem::take(&mut self.raw.headers).into_vec();
        block.reserve(name.len() + value.len() + 4);
        let begin = block.len();
        block.extend_from_slice(name.as_bytes());
        block[begin..].make_ascii_lowercase();
        block.extend_from_slice(b": ");
        block.extend_from_slice(value);
        block.extend_from_slice(b"\r\n");
        self.raw.headers = block.into();
        self
    }

    /// With another body. A vector is handed on as it is, not copied.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.raw.body = RVec::from(body.into());
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// The first header of that (lower-case) name, where its value is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let block = std::str::from_utf8(&self.raw.headers).ok()?;
        let mut lines = block.split("\r\n").filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The body; nothing of one that comes in parts.
    pub fn body(&self) -> &[u8] {
        &self.raw.body
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or not of this type.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(self.body())?)
    }

    /// Keeps `hold` until the body has come, where that comes in parts.
    pub(crate) fn holding(mut self, hold: impl Send + 'static) -> Self {
        if let ROption::RSome(stream) = self.raw.stream.take() {
            self.raw.stream = ROption::RSome(ffi::held(stream, hold));
        }
        self
    }

    pub(crate) fn take_stream(&mut self) -> Option<ByteStreamObject> {
        self.raw.stream.take().into_option()
    }

    pub(crate) fn from_abi(raw: RBox<jackfield_abi::Response>) -> Self {
        Self { raw }
    }

    pub(crate) fn into_abi(self) -> RBox<jackfield_abi::Response> {
        self.raw
    }
}
