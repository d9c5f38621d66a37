use crate::{Request, request::Params};
use jackfield_abi::{Header, ROption};

/// A request that can go to another thread. All of it lies in one piece: what one thread has made in
/// many, another takes long to take away.
pub(super) struct OwnedRequest {
    bytes: Vec<u8>,
    /// Where each part ends: method, path and query, names and values of headers, extensions and
    /// parameters, and then the body, up to the end.
    ends: Vec<usize>,
    headers: usize,
    extensions: usize,
    params: usize,
}

impl OwnedRequest {
    pub(super) fn new(request: &Request<'_>) -> Self {
        let raw = request.raw();
        let (headers, extensions) = (raw.headers.as_slice(), raw.extensions.as_slice());
        let params = request.params();
        let fields = headers.iter().chain(extensions);
        let fields = fields.flat_map(|field| [field.name.as_bytes(), field.value.as_slice()]);
        let params_of = params.iter();
        let params_of = params_of.flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]);
        let parts = [request.method(), request.path(), request.query_string()];
        let parts = parts.map(str::as_bytes).into_iter();
        let parts = parts.chain(fields).chain(params_of);
        let body = request.body();
        let length: usize = parts.clone().map(<[u8]>::len).sum();
        let mut bytes = Vec::with_capacity(length + body.len());
        let count = 3 + 2 * (headers.len() + extensions.len() + params.len());
        let mut ends = Vec::with_capacity(count);
        for part in parts {
            bytes.extend_from_slice(part);
            ends.push(bytes.len());
        }
        bytes.extend_from_slice(body);
        Self {
            bytes,
            ends,
            headers: headers.len(),
            extensions: extensions.len(),
            params: params.len(),
        }
    }

    pub(super) fn with<R>(&self, function: impl FnOnce(Request<'_>) -> R) -> R {
        let mut begin = 0;
        let mut parts = self.ends.iter().map(|end| {
            let part = &self.bytes[begin..*end];
            begin = *end;
            part
        });
        let mut next = || parts.next().expect("as many as were counted");
        let (method, path, query) = (text(next()), text(next()), text(next()));
        let mut fields = |count| -> Vec<Header<'_>> {
            (0..count)
                .map(|_| Header::new(text(next()), next()))
                .collect()
        };
        let (headers, extensions) = (fields(self.headers), fields(self.extensions));
        let params: Params<'_> = (0..self.params)
            .map(|_| (text(next()), text(next())))
            .collect();
        drop(parts);
        let raw = jackfield_abi::Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.as_slice().into(),
            extensions: extensions.as_slice().into(),
            body: self.bytes[begin..].into(),
            stream: ROption::RNone,
        };
        let mut request = Request::from_abi(&raw);
        request.set_params(params);
        function(request)
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it was text before it was copied")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_request() {
        let headers = [Header::new("accept", b"*/*"), Header::new("x-empty", b"")];
        let extensions = [Header::new("timeout-ms", b"45000")];
        let raw = jackfield_abi::Request {
            query: "a=1&a=2".into(),
            headers: headers.as_slice().into(),
            extensions: extensions.as_slice().into(),
            body: b"\xff body"[..].into(),
            ..jackfield_abi::Request::new("PUT", "/\u{e9}/b")
        };
        let mut request = Request::from_abi(&raw);
        request.set_params([("one", "\u{e9}"), ("two", "")].into_iter().collect());
        OwnedRequest::new(&request).with(|owned| {
            assert_eq!(owned.method(), "PUT");
            assert_eq!(owned.path(), "/\u{e9}/b");
            assert_eq!(owned.query_string(), "a=1&a=2");
            let all = |fields: &[Header<'_>]| {
                let fields = fields.iter();
                let pairs = fields.map(|field| (field.name.to_string(), field.value.to_vec()));
                pairs.collect::<Vec<_>>()
            };
            assert_eq!(all(owned.raw().headers.as_slice()), all(&headers));
            assert_eq!(all(owned.raw().extensions.as_slice()), all(&extensions));
            assert_eq!(owned.params(), request.params());
            assert_eq!(owned.body(), b"\xff body");
        });
        let bare = jackfield_abi::Request::new("GET", "/");
        OwnedRequest::new(&Request::from_abi(&bare)).with(|owned| {
            assert_eq!((owned.path(), owned.body()), ("/", &b""[..]));
        });
    }
}
