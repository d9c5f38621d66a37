use crate::{Request, request::Params};

/// A request that can go to another thread.
pub(super) struct OwnedRequest {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    extensions: Vec<(String, Vec<u8>)>,
    params: Vec<(String, String)>,
    body: Vec<u8>,
}

impl OwnedRequest {
    pub(super) fn new(request: &Request<'_>) -> Self {
        let own = |headers: &[jackfield_abi::Header<'_>]| {
            headers
                .iter()
                .map(|header| (header.name.to_string(), header.value.to_vec()))
                .collect()
        };
        Self {
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            headers: own(request.raw().headers.as_slice()),
            extensions: own(request.raw().extensions.as_slice()),
            params: request
                .params()
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            body: request.body().to_vec(),
        }
    }

    pub(super) fn with<R>(&self, function: impl FnOnce(Request<'_>) -> R) -> R {
        let (headers, extensions) = (borrow(&self.headers), borrow(&self.extensions));
        let raw = jackfield_abi::Request {
            method: self.method.as_str().into(),
            path: self.path.as_str().into(),
            query: self.query.as_str().into(),
            headers: headers.as_slice().into(),
            extensions: extensions.as_slice().into(),
            body: self.body.as_slice().into(),
            stream: jackfield_abi::ROption::RNone,
        };
        let mut request = Request::from_abi(&raw);
        let params: Params<'_> = self
            .params
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        request.set_params(params);
        function(request)
    }
}

fn borrow(headers: &[(String, Vec<u8>)]) -> Vec<jackfield_abi::Header<'_>> {
    headers
        .iter()
        .map(|(name, value)| jackfield_abi::Header {
            name: name.as_str().into(),
            value: value.as_slice().into(),
        })
        .collect()
}
