use crate::{Error, Result};
use jackfield_abi::{Header, RSlice};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::{borrow::Cow, fmt, time::Duration};

/// One request, lent to its handler until the answer is there.
pub struct Request<'a> {
    raw: &'a jackfield_abi::Request<'a>,
    params: Option<Box<Params<'a>>>,
}

/// The parameters of the route's pattern, still percent-encoded.
pub(crate) type Params<'a> = Vec<(&'a str, &'a str)>;

impl<'a> Request<'a> {
    pub(crate) fn from_abi(raw: &'a jackfield_abi::Request<'a>) -> Self {
        Self { raw, params: None }
    }

    pub(crate) fn set_params(&mut self, params: Params<'a>) {
        self.params = (!params.is_empty()).then(|| Box::new(params));
    }

    /// Takes a parameter out of those that the handler sees.
    pub(crate) fn take_param(&mut self, name: &str) -> Result<Cow<'a, str>> {
        let value = self.param(name)?;
        if let Some(params) = &mut self.params {
            params.retain(|(key, _)| *key != name);
        }
        Ok(value)
    }

    pub(crate) fn params(&self) -> &[(&'a str, &'a str)] {
        self.params.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn raw(&self) -> &'a jackfield_abi::Request<'a> {
        self.raw
    }

    /// The same again, for a second argument of the handler.
    pub(crate) fn again(&self) -> Self {
        Self {
            raw: self.raw,
            params: self.params.clone(),
        }
    }

    /// The method in upper case, such as `GET`.
    pub fn method(&self) -> &'a str {
        self.raw.method.as_str()
    }

    /// The path below the plugin's own namespace, beginning with `/`, still percent-encoded.
    pub fn path(&self) -> &'a str {
        self.raw.path.as_str()
    }

    /// The query without the `?`, still percent-encoded; empty when there is none.
    pub fn query_string(&self) -> &'a str {
        self.raw.query.as_str()
    }

    /// The parameter of the route's pattern, decoded: `name` for `/greet/{name}`.
    ///
    /// # Errors
    ///
    /// 400 when it is not UTF-8 once decoded; 500 when the pattern has no parameter of that name.
    pub fn param(&self, name: &str) -> Result<Cow<'a, str>> {
        let Some((_, value)) = self.params().iter().find(|(key, _)| *key == name) else {
            return Err(Error::new(format!("the route has no parameter `{name}`")));
        };
        percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| Error::with_status(400, format!("`{name}` in the path is not UTF-8")))
    }

    /// The first value of a query key, decoded.
    pub fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        self.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Every pair of the query, decoded, in order; repeated and empty keys included.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        form_urlencoded::parse(self.query_string().as_bytes())
    }

    /// The first header of that (lower-case) name, where its value is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        find(self.raw.headers, name)
    }

    /// Every header in the order they came: lower-case name, value.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        pairs(self.raw.headers)
    }

    /// What the host adds to a request, such as `caller`; a client cannot forge it.
    pub fn extension(&self, name: &str) -> Option<&'a str> {
        find(self.raw.extensions, name)
    }

    /// Everything that the host adds: lower-case name, value.
    pub fn extensions(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        pairs(self.raw.extensions)
    }

    /// How long whoever asks waits for the answer, from when the request came; `None` where there is
    /// no end. What this plugin asks others from a handler has no longer than is left of it, without
    /// doing anything for that.
    pub fn timeout(&self) -> Option<Duration> {
        let text = self.extension("timeout-ms")?;
        text.parse().ok().map(Duration::from_millis)
    }

    /// The body; of one that comes in parts, which a [`BodyStream`](crate::BodyStream) reads, as much
    /// as has come.
    pub fn body(&self) -> &'a [u8] {
        self.raw.body.as_slice()
    }

    /// The body, for an argument that needs all of it.
    pub(crate) fn whole_body(&self) -> Result<&'a [u8]> {
        if self.raw.stream.is_rsome() {
            return Err(Error::new(
                "the handler takes the body in parts, so no other argument can have it whole",
            ));
        }
        Ok(self.body())
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// 400 when it is empty, no JSON, more than one value, or not of this type; the message names the
    /// field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if self.body().is_empty() {
            return Err(Error::with_status(
                400,
                "the body: expected JSON, found nothing",
            ));
        }
        let deserializer = &mut serde_json::Deserializer::from_slice(self.body());
        let read = serde_path_to_error::deserialize(&mut *deserializer).map_err(refused)?;
        deserializer.end().map_err(refused)?;
        Ok(read)
    }
}

fn refused(error: impl fmt::Display) -> Error {
    Error::with_status(400, format!("the body: {error}"))
}

fn pairs<'a>(headers: RSlice<'a, Header<'a>>) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let headers = headers.as_slice().iter();
    headers.map(|header| (header.name.as_str(), header.value.as_slice()))
}

fn find<'a>(headers: RSlice<'a, Header<'a>>, name: &str) -> Option<&'a str> {
    let header = headers
        .as_slice()
        .iter()
        .find(|header| header.name.as_str() == name)?;
    std::str::from_utf8(header.value.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<u8>, String> {
        let mut raw = jackfield_abi::Request::new("POST", "/");
        raw.body = body.as_bytes().into();
        let read = Request::from_abi(&raw).json();
        read.map_err(|error| format!("{} {error}", error.status()))
    }

    #[test]
    fn a_body_is_one_value_and_nothing_after_it() {
        assert_eq!(read(" [1, 2]\r\n\t "), Ok(vec![1, 2]));
        for body in ["[1] x", "[1][2]", "[1],", "[1]\0"] {
            let text = "400 the body: trailing characters at line 1 column ";
            let refused = read(body).unwrap_err();
            assert!(refused.starts_with(text), "{body:?}: {refused}");
        }
    }
}
