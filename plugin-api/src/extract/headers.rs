use crate::{FromRequest, Request, Result};

/// A request's headers, by their names in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    pub(crate) fn copy<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self(
            headers
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
        )
    }

    /// The first of that (lower-case) name, where its value is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.iter().find(|(known, _)| *known == name)?;
        std::str::from_utf8(value).ok()
    }

    /// All, in the order they came: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl FromRequest for Headers {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        Ok(Self::copy(request.headers()))
    }
}
