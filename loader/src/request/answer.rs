use crate::ffi::{Entered, Kept, next_part};
use jackfield_abi::{RBox, ROption, RVec};
use std::{fmt, marker::PhantomData, ops::Deref};

/// A plugin's answer. Its memory is the plugin's: while it is held the call counts as under way,
/// and a plugin that is to stop waits for it.
pub struct Answer<'h> {
    pub(super) response: RBox<jackfield_abi::Response>,
    /// After the response, because what frees that lives in the plugin.
    pub(super) entered: Entered<'h>,
}

/// One part of a streamed body. Its memory is the plugin's.
pub struct Part<'a> {
    bytes: RVec<u8>,
    /// For as long as the plugin is there.
    _answer: PhantomData<&'a ()>,
}

impl Deref for Part<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answer<'_> {
    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// Headers in order: lower-case name, value. What is no header is passed over.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        split_headers(&self.response.headers)
    }

    /// The body; only its beginning where it [is streamed](Answer::is_streamed).
    pub fn body(&self) -> &[u8] {
        &self.response.body
    }

    /// Whether more of the body comes after [`body`](Answer::body).
    pub fn is_streamed(&self) -> bool {
        self.response.stream.is_rsome()
    }
}

/// The body of an answer, of which [more comes](Answer::is_streamed). Its memory is the plugin's, and
/// while it is held the call counts as under way.
pub struct AnswerBody {
    pub(super) response: RBox<jackfield_abi::Response>,
    /// After the response, because what frees that lives in the plugin.
    pub(super) _kept: Kept,
}

impl AnswerBody {
    /// The beginning.
    pub fn first(&self) -> &[u8] {
        &self.response.body
    }

    /// Waits for what comes next; `None` after the end, and after an error. Dropping the future loses at
    /// most the part that it waited for.
    ///
    /// # Errors
    ///
    /// [`BrokenBody`] where the plugin cannot go on: the body is not whole then.
    pub async fn next(&mut self) -> Option<Result<Part<'_>, BrokenBody>> {
        let ROption::RSome(stream) = &self.response.stream else {
            return None;
        };
        match next_part(stream).await {
            Ok(Some(bytes)) => Some(Ok(Part {
                bytes,
                _answer: PhantomData,
            })),
            Ok(None) => {
                self.response.stream = ROption::RNone;
                None
            }
            Err(failure) => {
                self.response.stream = ROption::RNone;
                Some(Err(BrokenBody(failure.message.into())))
            }
        }
    }
}

/// The headers of a block of `name: value\r\n`.
fn split_headers(mut block: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let (line, rest) = split_at_pair(block, b"\r\n")?;
            block = rest;
            let header = split_at_pair(line, b": ")
                .and_then(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)));
            if header.is_some() {
                return header;
            }
        }
    })
}

/// What stands before and behind the first such pair of bytes. Headers are short: to set up a search
/// for both would take longer than it does.
#[inline]
fn split_at_pair<'a>(bytes: &'a [u8], pair: &[u8; 2]) -> Option<(&'a [u8], &'a [u8])> {
    let mut places = memchr::memchr_iter(pair[0], bytes);
    let place = places.find(|place| bytes.get(place + 1) == Some(&pair[1]))?;
    Some((&bytes[..place], &bytes[place + 2..]))
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("body", &String::from_utf8_lossy(self.body()))
            .finish_non_exhaustive()
    }
}

/// Why a streamed body is not whole, in the plugin's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body broke off: {0}")]
pub struct BrokenBody(String);
