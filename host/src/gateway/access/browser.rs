//! What a web page that somebody opens may do with the host by way of their browser: decisions
//! without clock, file or lock.
//!
//! Three rules. The name by which the host is addressed has to be one of its own, where access is
//! open: else a page could have its own name resolve to the loopback (DNS rebinding). Pages of other
//! origins read nothing unless they are listed (the Fetch standard's CORS protocol). And what changes
//! something needs the host's own or a listed origin, and a header that no form can set. Clients that
//! are no browsers send neither `Origin` nor `Sec-Fetch-Site`, and notice nothing of it.

use super::{Refusal, authority::Authority};
use crate::config::{Access, Http, Origins};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ORIGIN, VARY,
    },
    request::Parts,
};

/// Set by browsers alone; no script can.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Set by scripts; no form can.
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// What a form can send: the encodings that HTML knows.
const FORM_TYPES: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];

/// The methods that a listed origin may use.
const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// What its scripts may read of an answer besides what all may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-ID",
);

/// For how many seconds a browser may remember what it was told: a change of the configuration
/// counts after that.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// What of the configuration the rules go by.
#[derive(Debug)]
pub(crate) struct Rules {
    access: Access,
    hosts: Vec<String>,
    origins: Origins,
}

impl Rules {
    /// Those of a configuration.
    pub(crate) fn new(http: &Http) -> Self {
        Self {
            access: http.access,
            hosts: http.hosts.clone(),
            origins: http.origins.clone(),
        }
    }

    /// Whether the host is addressed by a name of its own. With tokens any name will do: a page
    /// that has its own name resolve to the host has no token.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with 400 or 421.
    pub(crate) fn check_host(&self, request: &Parts) -> Result<(), Refusal> {
        if self.access == Access::Tokens {
            return Ok(());
        }
        let authority = Authority::of(request)?;
        match authority {
            // HTTP/1.0 knows no such header, and no browser leaves it out.
            None => Ok(()),
            Some(authority) if authority.is_own(&self.hosts) => Ok(()),
            Some(authority) => Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "this host has no name {:?}: address it as localhost or by its IP address, or \
                     add the name to http.hosts in its configuration",
                    authority.host
                ),
            )),
        }
    }

    /// The answer to a browser that asks whether a page of another origin may send something; `None`
    /// where the request is no such question. It comes before anything else is decided: such a
    /// question has no credentials.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with 403 where it may not.
    pub(crate) fn preflight(&self, request: &Parts) -> Option<Result<HeaderMap, Refusal>> {
        if request.method != Method::OPTIONS {
            return None;
        }
        let headers = &request.headers;
        let origin = headers.get(ORIGIN)?;
        headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let Some(allowed) = self.allowed(origin) else {
            return Some(Err(foreign(origin)));
        };
        let mut answer = HeaderMap::new();
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        answer.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        let depends = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        answer.insert(VARY, HeaderValue::from_static(depends));
        Some(Ok(answer))
    }

    /// Lets pages of listed origins read an answer to a request with that `Origin`. What the answer
    /// says itself stays. Never with credentials of the browser's: the host knows no cookies.
    pub(crate) fn share(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if let Origins::Listed(listed) = &self.origins
            && !listed.is_empty()
            && !varies(answer)
        {
            // Also without an origin: who keeps the answer must not give it to others.
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(allowed) = origin.and_then(|origin| self.allowed(origin)) {
            answer.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(allowed);
            answer
                .entry(ACCESS_CONTROL_EXPOSE_HEADERS)
                .or_insert(EXPOSED);
        }
    }

    /// Whether pages of any other origin read anything.
    pub(crate) fn shares(&self) -> bool {
        !matches!(&self.origins, Origins::Listed(listed) if listed.is_empty())
    }

    /// What an answer allows an origin with; `None` where it is not listed.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any => Some(HeaderValue::from_static("*")),
            listed => {
                let is_listed = origin.to_str().is_ok_and(|origin| listed.allow(origin));
                is_listed.then(|| origin.clone())
            }
        }
    }

    /// Whether a request that changes something was meant by whoever sits before the browser that
    /// sent it. The order is that of Go's `http.CrossOriginProtection`: what the browser itself says
    /// of the sender, and only where it says nothing, a comparison of names.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with 400 or 403.
    pub(crate) fn check_meant(&self, request: &Parts) -> Result<(), Refusal> {
        if is_safe(&request.method) {
            return Ok(());
        }
        let headers = &request.headers;
        let (site, origin) = (headers.get(SEC_FETCH_SITE), headers.get(ORIGIN));
        if site.is_none() && origin.is_none() {
            return Ok(());
        }
        let is_listed = origin.is_some_and(|origin| self.allowed(origin).is_some());
        let is_own = match (site.map(HeaderValue::as_bytes), origin) {
            (Some(b"same-origin" | b"none"), _) => true,
            (Some(_), _) => false,
            (None, Some(origin)) => {
                let authority = Authority::of(request)?;
                authority.is_some_and(|authority| authority.is_origin(origin))
            }
            (None, None) => true,
        };
        if !is_own && !is_listed {
            return Err(foreign(origin.unwrap_or(&HeaderValue::from_static("null"))));
        }
        match is_scripted(headers) {
            true => Ok(()),
            false => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "a form could have sent this: send a `Content-Type` such as `application/json`, or \
                 `X-Requested-With`, or `Authorization`",
            )),
        }
    }
}

/// Methods that change nothing (RFC 9110, 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// Whether something is in it that no form can set. Several types, or one that cannot be read, are
/// none: which of them counts would be for somebody else to say.
fn is_scripted(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let essence = types
        .next()
        .filter(|_| types.next().is_none())
        .and_then(|value| value.to_str().ok()?.split([';', ',']).next())
        .map(|essence| essence.trim().to_ascii_lowercase());
    let is_other = essence
        .is_some_and(|essence| essence.contains('/') && !FORM_TYPES.contains(&essence.as_str()));
    is_other || headers.contains_key(REQUESTED_WITH) || headers.contains_key(AUTHORIZATION)
}

/// Whether an answer says already that it depends on the origin.
fn varies(answer: &HeaderMap) -> bool {
    let values = answer
        .get_all(VARY)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut names = values.flat_map(|value| value.split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case(ORIGIN.as_str()))
}

fn foreign(origin: &HeaderValue) -> Refusal {
    let origin = String::from_utf8_lossy(origin.as_bytes());
    Refusal::new(
        StatusCode::FORBIDDEN,
        format!(
            "pages of the origin {origin:?} may not use this host: add it to http.origins in its \
             configuration if they should"
        ),
    )
}

#[cfg(test)]
mod tests;
