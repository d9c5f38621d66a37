use std::time::Duration;

/// A request to another plugin, to be sent with [`Context::request`](crate::Context::request).
pub struct OutgoingRequest<'a> {
    raw: jackfield_abi::Request<'a>,
    timeout: Option<Duration>,
}

impl<'a> OutgoingRequest<'a> {
    /// A request with this upper-case method for this path, which begins with `/` and is
    /// percent-encoded.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            raw: jackfield_abi::Request::new(method, path),
            timeout: None,
        }
    }

    /// `GET` for this path.
    pub fn get(path: &'a str) -> Self {
        Self::new("GET", path)
    }

    /// `POST` of this body to this path.
    pub fn post(path: &'a str, body: &'a [u8]) -> Self {
        Self::new("POST", path).with_body(body)
    }

    /// With a body.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8]) -> Self {
        self.raw.body = body.into();
        self
    }

    /// With a query: without the `?`, percent-encoded.
    #[must_use]
    pub fn with_query(mut self, query: &'a str) -> Self {
        self.raw.query = query.into();
        self
    }

    /// To be answered within this time, in whole milliseconds and at most a day; without this,
    /// within 45 s. Where the request is made by a handler, it has no longer than is left of what that
    /// answers, whatever this says; what a handler leaves to a task or a thread has its own time. The
    /// other plugin is told how long it has.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn raw(&self) -> &jackfield_abi::Request<'a> {
        &self.raw
    }
}

/// A time in milliseconds, not shorter than it is.
pub(crate) fn milliseconds(time: Duration) -> u128 {
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    milliseconds.min(u128::from(u64::MAX))
}
