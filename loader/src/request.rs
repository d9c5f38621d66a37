mod answer;
mod health;

pub use answer::{Answer, AnswerBody, BrokenBody, Part};
pub use health::{Health, HealthStatus};
pub use jackfield_abi::Header;

use crate::{
    Executor,
    ffi::{Entered, Slot},
    within::{Limit, TIMEOUT, milliseconds, within},
};
use futures_util::Stream;
use jackfield_abi::{Failure, FailureCode, RSlice};
use jackfield_manifest::PluginId;
use std::{fmt, pin::pin, sync::Arc, time::Duration};

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
    /// The process in which it runs ended before it had answered.
    #[error("`{id}` gave no answer: {how}")]
    Ended {
        /// Who.
        id: String,
        /// What is known of it.
        how: String,
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
            FailureCode::ENDED => Self::Ended { id, how: message },
            _ => Self::Failed { id, message },
        }
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
