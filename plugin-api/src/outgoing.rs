/// A request to another plugin, to be sent with [`Context::request`](crate::Context::request).
pub struct OutgoingRequest<'a> {
    raw: jackfield_abi::Request<'a>,
}

impl<'a> OutgoingRequest<'a> {
    /// A request with this upper-case method for this path, which begins with `/` and is
    /// percent-encoded.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            raw: jackfield_abi::Request::new(method, path),
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

    pub(crate) fn raw(&self) -> &jackfield_abi::Request<'a> {
        &self.raw
    }
}
