use crate::{ByteStreamObject, Failure};
use abi_stable::{
    StableAbi,
    std_types::{RBox, ROption, RResult, RSlice, RStr, RVec},
};

/// What a request ends in: an answer of any status, or the reason why there is none. The caller
/// provides the place, empty, and the callee fills it before its future is ready: so that an answer
/// is written once, where it is read, and not moved from frame to frame.
///
/// The response is boxed, because it is handed from frame to frame on its way: measured, an
/// allocation costs less than moving a hundred bytes that were written field by field just before.
pub type Reply = ROption<RResult<RBox<Response>, Failure>>;

/// One request, lent to the callee until the future that it returned is dropped.
/// `[crosses by reference, frozen]`
///
/// The gateway, a call from another plugin, a call into a worker process and a call to another
/// machine are all this. Everything in it is borrowed, so a request costs the caller no allocation.
/// It grows through `extensions`, which only hosts write: a client cannot forge them.
#[repr(C)]
#[derive(StableAbi)]
pub struct Request<'a> {
    /// Upper-case method, such as `GET`.
    pub method: RStr<'a>,
    /// Path below the plugin's own namespace, beginning with `/`, still percent-encoded.
    pub path: RStr<'a>,
    /// Query without the `?`, still percent-encoded; empty when there is none.
    pub query: RStr<'a>,
    /// Headers in the order they came; names in lower case, one name may occur several times.
    pub headers: RSlice<'a, Header<'a>>,
    /// What the host adds: `caller` (a plugin's id), `timeout-ms` (how long whoever asks waits from
    /// now on, in milliseconds), `session`, `request-id`, `count` (of sessions, only their number is
    /// wanted), of requests of clients: `client` (the IP address), `role` (`read`, `use` or `admin`;
    /// empty for a probe), `token` (the id of the one that was shown), and of requests for others that
    /// middleware is to see: `phase` (`before` or `after`), `response-status` in decimal digits,
    /// `response-headers` as in [`Response::headers`], `elapsed-us` (how long ago middleware began to
    /// be asked about the request, in microseconds), … Names in lower case; unknown ones are to
    /// be ignored. Of those that a plugin gives, the host takes `timeout-ms`, and no other.
    pub extensions: RSlice<'a, Header<'a>>,
    /// The body, or its first part when `stream` holds the rest.
    pub body: RSlice<'a, u8>,
    /// The rest of a streamed body: sent to routes that are declared as taking one, and to no other.
    pub stream: ROption<&'a ByteStreamObject>,
}

/// A name and a value, borrowed.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct Header<'a> {
    /// Lower-case name.
    pub name: RStr<'a>,
    /// The value: any bytes.
    pub value: RSlice<'a, u8>,
}

impl<'a> Request<'a> {
    /// A request with nothing but an upper-case method and a path.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            query: "".into(),
            headers: RSlice::EMPTY,
            extensions: RSlice::EMPTY,
            body: RSlice::EMPTY,
            stream: ROption::RNone,
        }
    }
}

impl<'a> Header<'a> {
    /// A header of that lower-case name.
    pub fn new(name: &'a str, value: &'a [u8]) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The answer to a [`Request`]. `[crosses by value, frozen]`
///
/// It is allocated by the callee and freed through the callee's own allocator, so it must be
/// dropped before the callee's library is unloaded.
#[repr(C)]
#[derive(StableAbi)]
pub struct Response {
    /// HTTP status: 100 to 599. Of what answers a request with the extension `phase`, 100 says that it
    /// goes on; the headers `set-<name>: <value>`, `remove: <name>` and `status: <number>` are what is
    /// changed of it. Any other is the answer to the client.
    pub status: u16,
    /// Headers in the order they are to be sent, as HTTP/1.1 writes them: `name: value\r\n` for each,
    /// names in lower case. One piece of memory, however many there are.
    pub headers: RVec<u8>,
    /// The body, or its first part when `stream` holds the rest.
    pub body: RVec<u8>,
    /// The rest of a streamed body. The host hands it to a client; to another plugin it hands none,
    /// and says `unsupported`.
    pub stream: ROption<ByteStreamObject>,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<Header<'_>>() == 32);
    assert!(offset_of!(Request<'_>, headers) == 48);
    assert!(offset_of!(Request<'_>, body) == 80);
    assert!(offset_of!(Response, headers) == 8);
    assert!(offset_of!(Response, body) == 40);
    assert!(offset_of!(Response, stream) == 72);
    assert!(size_of::<Response>() == 104);
};
