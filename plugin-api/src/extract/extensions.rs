use super::Headers;
use crate::{FromRequest, Request, Result};

/// What the host says of a request, and no client can forge: `request-id`, `caller` (a plugin's id),
/// `timeout-ms`, and what later hosts add; of one from a client `client` (the IP address), `role`
/// (`read`, `use` or `admin`; empty for a probe) and `token` (the id of the one that was shown); and
/// in the hook `after` `elapsed-us` (how long ago middleware began to be asked about
/// the request, in microseconds).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions(Headers);

impl Extensions {
    /// What the host says under that name, where it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// Id of the plugin that asks; `None` where none does.
    pub fn caller(&self) -> Option<&str> {
        self.get("caller")
    }

    /// The name that the request has in the host's log.
    pub fn request_id(&self) -> Option<&str> {
        self.get("request-id")
    }
}

impl FromRequest for Extensions {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        Ok(Self(Headers::copy(request.extensions())))
    }
}
