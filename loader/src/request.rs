use crate::{
    Executor,
    ffi::{Entered, Kept, Slot, next_part},
    within::{Limit, TIMEOUT, milliseconds, within},
};
use futures_util::Stream;
use jackfield_abi::{Failure, FailureCode, RBox, ROption, RSlice, RVec};
use jackfield_manifest::PluginId;
use std::{fmt, pin::pin, sync::Arc, time::Duration};

pub use jackfield_abi::Header;

/// One request to a plugin; everything in it is lent until the answer is there.
pub struct Request<'a> {
    raw: jackfield_abi::Request<'a>,
}

/// A body that comes in parts; one that fails ends with why, in words for the plugin.
pub type Parts = std::pin::Pin<Box<dyn Stream<Item = Result<Vec<u8>, String>> + Send>>;

impl<'a> Request<'a> {
    /// A request with this upper-case method for this path, which is below the plugin's own
    /// namespace, begins with `/` and is percent-encoded.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            raw: jackfield_abi::Request::new(method, path),
        }
    }

    /// With a query: without the `?`, percent-encoded.
    #[must_use]
    pub fn with_query(mut self, query: &'a str) -> Self {
        self.raw.query = query.into();
        self
    }

    /// With headers: lower-case names, one name may occur several times.
    #[must_use]
    pub fn with_headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.raw.headers = RSlice::from_slice(headers);
        self
    }

    /// With what the host says of the request, such as `caller`. Never taken from a client.
    #[must_use]
    pub fn with_extensions(mut self, extensions: &'a [Header<'a>]) -> Self {
        self.raw.extensions = RSlice::from_slice(extensions);
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8]) -> Self {
        self.raw.body = RSlice::from_slice(body);
        self
    }
}

/// A plugin's answer. Its memory is the plugin's: while it is held the call counts as under way,
/// and a plugin that is to stop waits for it.
pub struct Answer<'h> {
    response: RBox<jackfield_abi::Response>,
    /// After the response, because what frees that lives in the plugin.
    entered: Entered<'h>,
}

/// One part of a streamed body. Its memory is the plugin's.
pub struct Part<'a> {
    bytes: RVec<u8>,
    /// For as long as the plugin is there.
    _answer: std::marker::PhantomData<&'a ()>,
}

impl std::ops::Deref for Part<'_> {
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
    response: RBox<jackfield_abi::Response>,
    /// After the response, because what frees that lives in the plugin.
    _kept: Kept,
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
                _answer: std::marker::PhantomData,
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

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no plugin of that id.
    #[error("there is no plugin `{0}`")]
    Unknown(String),
    /// It does not serve now: it is being stopped, or has been.
    #[error("`{id}` does not run: {why}")]
    NotRunning {
        /// Who.
        id: String,
        /// Where it stands instead.
        why: String,
    },
    /// It let nobody in: it is being stopped, or was. The request was not begun.
    #[error("`{id}` does not run: it is being stopped, or was")]
    Closed {
        /// Who.
        id: String,
    },
    /// The plugin's code panicked. The panic was caught; its place is in the log.
    #[error("`{id}` panicked: {message}")]
    Panicked {
        /// Who.
        id: String,
        /// The panic's message.
        message: String,
    },
    /// It gave no answer in the time that it was given.
    #[error("`{id}` gave no answer within {} s", limit.as_secs_f64())]
    Deadline {
        /// Who.
        id: String,
        /// How long it had.
        limit: Duration,
    },
    /// The plugin's side failed in another way.
    #[error("`{id}` failed: {message}")]
    Failed {
        /// Who.
        id: String,
        /// What it says.
        message: String,
    },
}

impl RequestError {
    #[cold]
    pub(crate) fn from_failure(id: &str, failure: &Failure) -> Self {
        let (id, message) = (id.to_owned(), failure.message.to_string());
        match failure.code {
            FailureCode::PANIC => Self::Panicked { id, message },
            FailureCode::NOT_FOUND => Self::Unknown(id),
            FailureCode::UNAVAILABLE => Self::NotRunning { id, why: message },
            _ => Self::Failed { id, message },
        }
    }
}

/// How a plugin says it does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// For people; empty when there is nothing to say.
    pub message: String,
    /// A JSON object with what the plugin wants shown, or empty.
    pub metadata: String,
}

impl From<jackfield_abi::Health> for Health {
    fn from(health: jackfield_abi::Health) -> Self {
        Self {
            status: match health.status {
                jackfield_abi::HealthStatus::HEALTHY => HealthStatus::Healthy,
                jackfield_abi::HealthStatus::UNHEALTHY => HealthStatus::Unhealthy,
                _ => HealthStatus::Degraded,
            },
            message: health.message.into(),
            metadata: health.metadata.into(),
        }
    }
}

/// The verdict of a [`Health`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Does what it is for.
    Healthy,
    /// Works, with less than it should have.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The verdict as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A running plugin, found once and called many times. Holding it does not keep the plugin running.
#[derive(Clone)]
pub struct Handle {
    id: PluginId,
    slot: Arc<Slot>,
    executor: Arc<dyn Executor>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("id", &self.id)
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl Handle {
    pub(crate) fn new(id: PluginId, slot: Arc<Slot>, executor: Arc<dyn Executor>) -> Self {
        Self { id, slot, executor }
    }

    /// Whose handle it is.
    pub fn id(&self) -> &PluginId {
        &self.id
    }

    /// Whether calls are let in. Once this is false it stays so: the plugin may run again, and then
    /// another handle is for it.
    #[inline]
    pub fn serves(&self) -> bool {
        self.slot.is_open()
    }

    /// How many calls are inside the plugin.
    pub fn inside(&self) -> usize {
        self.slot.inside()
    }

    #[inline]
    fn enter(&self) -> Result<Entered<'_>, RequestError> {
        self.slot.enter().ok_or_else(|| self.not_running())
    }

    #[cold]
    fn not_running(&self) -> RequestError {
        let id = self.id.to_string();
        RequestError::Closed { id }
    }

    /// Asks the plugin. Dropping the future cancels the request.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when there is no answer. An answer of any status is none.
    pub async fn request(&self, request: &Request<'_>) -> Result<Answer<'_>, RequestError> {
        let entered = self.enter()?;
        match entered.handle(&request.raw).await {
            Ok(response) => Ok(Answer { response, entered }),
            Err(failure) => Err(RequestError::from_failure(self.id.as_str(), &failure)),
        }
    }

    /// As [`request`](Handle::request), and not for longer than that, at most
    /// [`MAX_REQUEST_LIMIT`](crate::MAX_REQUEST_LIMIT): then the request is cancelled. The plugin is
    /// told how long it has, and what it asks others meanwhile has no longer than is left.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when there is no answer.
    pub async fn request_within(
        &self,
        request: &Request<'_>,
        limit: Duration,
    ) -> Result<Answer<'_>, RequestError> {
        let Limit { length, .. } = Limit::new(limit);
        let text = milliseconds(length);
        let mut extensions = request.raw.extensions.to_vec();
        extensions.push(Header::new(TIMEOUT, text.as_bytes()));
        let request = Request {
            raw: jackfield_abi::Request {
                extensions: RSlice::from_slice(&extensions),
                ..request.raw
            },
        };
        let call = pin!(self.request(&request));
        let answer = within(length, &*self.executor, call).await;
        answer.unwrap_or_else(|| Err(self.too_late(length)))
    }

    #[cold]
    fn too_late(&self, limit: Duration) -> RequestError {
        RequestError::Deadline {
            id: self.id.to_string(),
            limit,
        }
    }

    /// As [`request_within`](Handle::request_within), with `rest` as what comes after the request's
    /// body. The plugin is told how long it has by whoever calls: by an extension `timeout-ms`, the
    /// limit in milliseconds, which here is not added.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when there is no answer.
    pub async fn request_with(
        &self,
        request: &Request<'_>,
        rest: Option<Parts>,
        limit: Duration,
    ) -> Result<Answer<'_>, RequestError> {
        let entered = self.enter()?;
        let stream = rest.map(|parts| entered.lend(parts));
        let raw = jackfield_abi::Request {
            stream: stream.as_ref().into(),
            ..request.raw
        };
        let asked = {
            let raw = if stream.is_some() { &raw } else { &request.raw };
            let call = pin!(entered.handle(raw));
            within(limit, &*self.executor, call).await
        };
        match asked {
            Some(Ok(response)) => Ok(Answer { response, entered }),
            Some(Err(failure)) => Err(RequestError::from_failure(self.id.as_str(), &failure)),
            None => Err(self.too_late(limit)),
        }
    }

    /// The body of an answer of this plugin's, to be held for longer than the handle.
    ///
    /// # Panics
    ///
    /// When another handle than this one or a clone of it gave the answer.
    pub fn keep(&self, answer: Answer<'_>) -> AnswerBody {
        let kept = self.slot.keep(&answer.entered);
        AnswerBody {
            response: answer.response,
            _kept: kept,
        }
    }

    /// What the plugin tells of itself, in JSON: `routes`, or `menu`. Blocks for as long as the
    /// plugin takes.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when it tells nothing: [`RequestError::Failed`] where its SDK does not know
    /// the word.
    pub fn describe(&self, what: &str) -> Result<String, RequestError> {
        let described = self.enter()?.describe(what);
        described.map_err(|failure| RequestError::from_failure(self.id.as_str(), &failure))
    }

    /// Asks the plugin how it does. Blocks for as long as the plugin takes.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when it gives no answer.
    pub fn health(&self) -> Result<Health, RequestError> {
        let health = self
            .enter()?
            .health()
            .map_err(|failure| RequestError::from_failure(self.id.as_str(), &failure))?;
        Ok(health.into())
    }

    /// Sets the most verbose level that the plugin hands on.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn set_log_level(&self, level: log::LevelFilter) -> Result<(), RequestError> {
        self.enter()?
            .set_log_level(jackfield_abi::Level(crate::context::level_of(level)));
        Ok(())
    }
}
