//! Who may do what: a decision without clock, file or lock.

use super::{
    Refusal, Role,
    keyring::Found,
    refusal::{Hint, seconds},
    tokens::Token,
};
use crate::config::Access;
use http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION};
use humantime::format_rfc3339_seconds;
use std::{fmt, sync::Arc};

/// Challenges as RFC 6750, 3, has them.
const ABSENT: &str = "Bearer realm=\"jackfield\"";
const MALFORMED: &str = "Bearer realm=\"jackfield\", error=\"invalid_request\"";
const UNKNOWN: &str = "Bearer realm=\"jackfield\", error=\"invalid_token\", \
                       error_description=\"unknown token\"";
const EXPIRED: &str = "Bearer realm=\"jackfield\", error=\"invalid_token\", \
                       error_description=\"expired token\"";
const NEEDS_READ: &str = "Bearer realm=\"jackfield\", error=\"insufficient_scope\", scope=\"read\"";
const NEEDS_USE: &str = "Bearer realm=\"jackfield\", error=\"insufficient_scope\", scope=\"use\"";
const NEEDS_ADMIN: &str =
    "Bearer realm=\"jackfield\", error=\"insufficient_scope\", scope=\"admin\"";

/// What a request is for, as far as access goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Whether the host is there: `/healthz`, `/health/live`, `/health/ready`; and the pages `/` and
    /// `/docs`, which hold nothing of the host's.
    Probe,
    /// A standard route of the host's or of a plugin's. Reading it is read; anything else changes
    /// the host.
    Standard,
    /// A route that only tells something, whatever its method: `POST /edge/list`.
    Telling,
    /// A route that a plugin declares.
    Plugin,
    /// A session is opened, used or closed.
    Session,
    /// It changes the host, or tells what only those may know who can: `list_sessions`, the audit
    /// log.
    Administration,
}

/// Who sent a request that is let through.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Anybody: a probe.
    Anybody,
    /// Whoever reaches a host whose access is open.
    Local,
    /// The holder of a token.
    Token(Arc<Token>),
}

impl Who {
    /// How far they may go; `None` for a probe's sender, who may do nothing else.
    pub(crate) fn role(&self) -> Option<Role> {
        match self {
            Self::Anybody => None,
            Self::Local => Some(Role::Admin),
            Self::Token(token) => Some(token.role),
        }
    }
}

/// As the audit log names them.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anybody => f.write_str("anybody"),
            Self::Local => f.write_str("local"),
            Self::Token(token) => named(token).fmt(f),
        }
    }
}

/// `token 1f2e3d4c (ci)`.
pub(super) fn named(token: &Token) -> String {
    match &*token.name {
        "" => format!("token {}", token.id),
        name => format!("token {} ({name})", token.id),
    }
}

/// The credentials of a request.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// None.
    Absent,
    /// Something else than one bearer token.
    Malformed,
    /// A bearer token, and what is known of it.
    Bearer(Found),
}

/// The bearer token of a request, in the only place where one is looked for: its `Authorization`
/// header. An address with a token in it would be written into logs and histories.
///
/// # Errors
///
/// [`Credentials::Malformed`] where there is another header of that name, or several.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Credentials> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let parts = text.and_then(|text| text.split_once(' '));
    match parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(Some(token.trim_matches(' '))),
        None => Err(Credentials::Malformed),
    }
}

/// The least role that a request needs; `None` where it needs none.
pub(crate) fn needed(method: &Method, class: Class) -> Option<Role> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    match class {
        Class::Probe => None,
        Class::Telling => Some(Role::Read),
        Class::Standard if reads => Some(Role::Read),
        Class::Plugin | Class::Session => Some(Role::Use),
        Class::Standard | Class::Administration => Some(Role::Admin),
    }
}

/// Whether a request is let through, and as whose.
///
/// # Errors
///
/// [`Refusal`] with 401, 403, 429 or 503.
pub(crate) fn decide(
    method: &Method,
    class: Class,
    access: Access,
    credentials: Credentials,
) -> Result<Who, Refusal> {
    let Some(needed) = needed(method, class) else {
        return Ok(Who::Anybody);
    };
    if access == Access::Open {
        return Ok(Who::Local);
    }
    let token = match credentials {
        Credentials::Bearer(found) => holder(found)?,
        Credentials::Absent => return Err(absent()),
        Credentials::Malformed => return Err(malformed()),
    };
    if token.role < needed {
        return Err(too_low(&token, needed));
    }
    Ok(Who::Token(token))
}

/// Whose token it is, where it counts.
fn holder(found: Found) -> Result<Arc<Token>, Refusal> {
    match found {
        Found::Good(token) => Ok(token),
        Found::Expired(token) => Err(expired(&token)),
        Found::Unknown => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unknown token: it was revoked, or is another host's: make one with `jackfield token \
             new` where the host runs",
        )
        .with(Hint::Challenge(UNKNOWN))),
        Found::Limited { token, wait } => {
            let rate = token.rate.map_or(0, std::num::NonZero::get);
            let (id, wait_s) = (&token.id, seconds(wait));
            let detail = format!(
                "more than {rate} requests per second with token {id}: try again in {wait_s} s"
            );
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, detail);
            Err(refusal.with(Hint::Later(wait)))
        }
        Found::Unreadable => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the host cannot read its tokens, so it lets nobody in: its log says why",
        )),
    }
}

fn absent() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "a token is needed: send `Authorization: Bearer jf_…`; `jackfield token new` makes one where \
         the host runs",
    )
    .with(Hint::Challenge(ABSENT))
}

fn malformed() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "expected one header `Authorization: Bearer jf_…`, found another one or several",
    )
    .with(Hint::Challenge(MALFORMED))
}

fn expired(token: &Token) -> Refusal {
    let end = token.expires.map(format_rfc3339_seconds);
    let end = end.map(|end| format!(" at {end}")).unwrap_or_default();
    let detail = format!(
        "token {} expired{end}: make another with `jackfield token new` where the host runs",
        token.id
    );
    Refusal::new(StatusCode::UNAUTHORIZED, detail).with(Hint::Challenge(EXPIRED))
}

fn too_low(token: &Token, needed: Role) -> Refusal {
    let detail = format!(
        "token {} has the role `{}`, this needs `{needed}`: use a token of that role",
        token.id, token.role
    );
    let challenge = match needed {
        Role::Read => NEEDS_READ,
        Role::Use => NEEDS_USE,
        Role::Admin => NEEDS_ADMIN,
    };
    Refusal::new(StatusCode::FORBIDDEN, detail).with(Hint::Challenge(challenge))
}

#[cfg(test)]
mod tests;
