//! What the two sides say: what crosses the ABI, as values.
//!
//! Everything is lent from the frame that it came in.

use jackfield_abi::{
    Event, Failure, FailureCode, Header, Health, HealthStatus, LogRecord, RSlice, Request,
};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

/// The first thing that a worker is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello<'a> {
    pub(super) protocol: u32,
    /// Which build of the program started it.
    pub(super) build: &'a str,
    /// A number that is new for each start, and comes back.
    pub(super) cookie: [u8; 16],
    pub(super) id: &'a str,
    /// The content of its library, as text.
    pub(super) hash: &'a str,
    /// Where that lies.
    pub(super) library: &'a str,
    pub(super) facts: &'a str,
    pub(super) edge: &'a str,
    pub(super) layout_known: bool,
}

/// What a worker says once its library is mapped.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready<'a> {
    pub(super) protocol: u32,
    pub(super) build: &'a str,
    pub(super) cookie: [u8; 16],
    pub(super) hash: &'a str,
}

/// What a host wants of a plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PluginCall<'a> {
    #[serde(borrow)]
    Hello(Hello<'a>),
    Create {
        config: &'a str,
        settings: &'a str,
        level: u32,
    },
    Start,
    Stop,
    Health,
    Describe(&'a str),
    Reconfigure(&'a str),
    #[serde(borrow)]
    Event(Said<'a>),
    #[serde(borrow)]
    Handle(Asked<'a>),
    /// The next part of the body of an answer.
    Next(u64),
}

/// What a host says to a plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PluginNote {
    Level(u32),
    /// The rest of an answer's body is not wanted.
    Drop(u64),
}

/// What a plugin wants of its host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HostCall<'a> {
    DataDir,
    Config,
    Topology,
    Publish {
        topic: &'a str,
        #[serde(borrow)]
        payload: &'a Bytes,
        flags: u32,
    },
    Subscribe {
        pattern: &'a str,
        flags: u32,
        policy: u32,
        capacity: u32,
        wait_ns: u64,
    },
    Unsubscribe(u64),
    Dropped(u64),
    Last(&'a str),
    ClearRetained(&'a str),
    Request {
        plugin: &'a str,
        #[serde(borrow)]
        request: Asked<'a>,
    },
    Get(#[serde(borrow)] &'a Bytes),
    Scan {
        #[serde(borrow)]
        prefix: &'a Bytes,
        #[serde(borrow)]
        after: &'a Bytes,
        limit: u64,
    },
    Commit {
        #[serde(borrow)]
        expected: Vec<Item<'a>>,
        #[serde(borrow)]
        writes: Vec<Item<'a>>,
    },
    /// The next part of the body of a request.
    Next(u64),
}

/// What a plugin says to its host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HostNote<'a> {
    Log {
        level: u32,
        /// Whose it is: the plugin's own, or of the loader in the worker.
        is_own: bool,
        target: &'a str,
        message: &'a str,
        file: &'a str,
        line: u32,
        fields: Vec<(&'a str, &'a str)>,
    },
    Panicked {
        message: &'a str,
        file: &'a str,
        line: u32,
        column: u32,
    },
}

/// A key and a value of storage.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) key: &'a Bytes,
    #[serde(borrow)]
    pub(super) value: Option<&'a Bytes>,
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    #[serde(borrow)]
    headers: Vec<(&'a str, &'a Bytes)>,
    #[serde(borrow)]
    extensions: Vec<(&'a str, &'a Bytes)>,
    #[serde(borrow)]
    body: &'a Bytes,
    /// More of the body comes.
    pub(super) is_streamed: bool,
}

fn say_headers<'a>(headers: RSlice<'a, Header<'a>>) -> Vec<(&'a str, &'a Bytes)> {
    let headers = headers.as_slice().iter();
    headers
        .map(|header| (header.name.as_str(), Bytes::new(header.value.as_slice())))
        .collect()
}

/// Headers as the ABI has them.
pub(super) fn headers<'a>(said: &[(&'a str, &'a Bytes)]) -> Vec<Header<'a>> {
    let said = said.iter();
    said.map(|(name, value)| Header::new(name, value)).collect()
}

impl<'a> Asked<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self {
            method: request.method.as_str(),
            path: request.path.as_str(),
            query: request.query.as_str(),
            headers: say_headers(request.headers),
            extensions: say_headers(request.extensions),
            body: Bytes::new(request.body.as_slice()),
            is_streamed: request.stream.is_rsome(),
        }
    }

    pub(super) fn headers(&self) -> Vec<Header<'a>> {
        headers(&self.headers)
    }

    pub(super) fn extensions(&self) -> Vec<Header<'a>> {
        headers(&self.extensions)
    }

    /// As the ABI has it, without its stream.
    pub(super) fn request<'r>(
        &self,
        headers: &'r [Header<'r>],
        extensions: &'r [Header<'r>],
    ) -> Request<'r>
    where
        'a: 'r,
    {
        let mut request = Request::new(self.method, self.path);
        request.query = self.query.into();
        request.headers = RSlice::from_slice(headers);
        request.extensions = RSlice::from_slice(extensions);
        request.body = RSlice::from_slice(self.body);
        request
    }
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    #[serde(borrow)]
    pub(super) headers: &'a Bytes,
    #[serde(borrow)]
    pub(super) body: &'a Bytes,
    /// More of the body comes, by the number of the call.
    pub(super) is_streamed: bool,
}

/// An event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Said<'a> {
    topic: &'a str,
    publisher: &'a str,
    #[serde(borrow)]
    payload: &'a Bytes,
    sequence: u64,
    time_ns: u64,
    subscription: u64,
}

impl<'a> Said<'a> {
    pub(super) fn new(event: &Event<'a>) -> Self {
        Self {
            topic: event.topic.as_str(),
            publisher: event.publisher.as_str(),
            payload: Bytes::new(event.payload.as_slice()),
            sequence: event.sequence,
            time_ns: event.time_ns,
            subscription: event.subscription,
        }
    }

    pub(super) fn event(&self) -> Event<'a> {
        Event {
            topic: self.topic.into(),
            publisher: self.publisher.into(),
            payload: RSlice::from_slice(self.payload),
            sequence: self.sequence,
            time_ns: self.time_ns,
            subscription: self.subscription,
        }
    }
}

/// What is kept of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) publisher: String,
    pub(super) payload: ByteBuf,
    pub(super) sequence: u64,
    pub(super) time_ns: u64,
}

/// How a plugin is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Condition {
    status: u32,
    message: String,
    metadata: String,
}

impl Condition {
    pub(super) fn new(health: &Health) -> Self {
        Self {
            status: health.status.0,
            message: health.message.to_string(),
            metadata: health.metadata.to_string(),
        }
    }

    pub(super) fn health(self) -> Health {
        Health {
            status: HealthStatus(self.status),
            message: self.message.into(),
            metadata: self.metadata.into(),
        }
    }
}

/// Why something was not done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    code: u32,
    message: String,
}

impl Refusal {
    pub(super) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code: code.0,
            message: message.into(),
        }
    }

    /// Where what came of a call is too long to be said.
    pub(super) fn long(length: usize) -> Self {
        let text = format!("what came of it has {length} bytes, which is more than a worker says");
        Self::new(FailureCode::FULL, text)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code, failure.message.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(FailureCode(refusal.code), refusal.message)
    }
}

/// What came of a call.
pub(super) type Outcome<T> = Result<T, Refusal>;

/// What the other side said of a call.
///
/// # Errors
///
/// Why it was not done; also where that is no answer.
pub(super) fn read<'a, T: Deserialize<'a>>(said: &'a [u8]) -> Result<T, Failure> {
    let outcome: Outcome<T> = postcard::from_bytes(said).map_err(|_| {
        let text = "the other process said something that is no answer";
        Failure::new(FailureCode::ERROR, text)
    })?;
    outcome.map_err(Failure::from)
}

/// Something is too long to be said.
pub(super) fn long(length: usize) -> Failure {
    Refusal::long(length).into()
}

/// What is there to be said of a record, with its fields.
pub(super) fn record<'a>(record: &LogRecord<'a>) -> HostNote<'a> {
    let fields = record.fields.as_slice().iter();
    HostNote::Log {
        level: record.level.0,
        is_own: true,
        target: record.target.as_str(),
        message: record.message.as_str(),
        file: record.file.as_str(),
        line: record.line,
        fields: fields
            .map(|field| (field.key.as_str(), field.value.as_str()))
            .collect(),
    }
}
