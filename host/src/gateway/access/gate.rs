//! All of it as the gateway asks for it, in the order of a request: [`Gate::enter`] before anything
//! else, [`Gate::admit`] once it is known what it is for, [`Gate::leave`] with the answer.

use super::{
    Audit, Class, Credentials, Entry, Keyring, Outcome, Refusal, Rules, Token, Who,
    decide::{bearer, decide, named},
    headers::{Whose, secure},
    keyring::Found,
};
use crate::config::{Access, Http};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{HOST, ORIGIN},
    request::Parts,
};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
};

/// Whom the audit log names where there are no credentials that count.
const NOBODY: &str = "nobody";

/// What the audit log is told of a request besides what stands in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'c> {
    /// The client's address.
    pub(crate) from: Option<SocketAddr>,
    /// The request's id.
    pub(crate) request: Option<&'c str>,
    /// The plugin that it is about.
    pub(crate) plugin: Option<&'c str>,
}

/// Who gets in, and with what they are let go.
#[derive(Debug)]
pub(crate) struct Gate {
    access: Access,
    /// Where access needs tokens.
    keyring: Option<Keyring>,
    rules: Rules,
    audit: Arc<Audit>,
}

impl Gate {
    /// The gate of a host whose tokens lie in that state directory. What is wrong with them is
    /// logged; nobody is let in then.
    pub(crate) fn new(http: &Http, state: &Path, audit: Arc<Audit>) -> Self {
        let needs_tokens = http.access == Access::Tokens;
        Self {
            access: http.access,
            keyring: needs_tokens.then(|| Keyring::open(state)),
            rules: Rules::new(http),
            audit,
        }
    }

    /// Whether whoever asks needs a token, but for probes.
    pub(crate) fn needs_tokens(&self) -> bool {
        self.access == Access::Tokens
    }

    /// What is decided without knowing what a request is for: the name by which the host is
    /// addressed, and a browser's question whether it may ask. An answer is to be sent as it is: the
    /// request goes no further. `addressed` is for the name that was good in an earlier request of the
    /// connection: most have the same in all of them.
    pub(crate) fn enter(
        &self,
        request: &Parts,
        addressed: &OnceLock<HeaderValue>,
        circumstances: Circumstances<'_>,
    ) -> Option<Response<Bytes>> {
        if !is_same(request, addressed.get()) {
            if let Err(refusal) = self.rules.check_host(request) {
                return Some(self.refuse(request, circumstances, refusal, NOBODY));
            }
            if let Some(name) = request.headers.get(HOST) {
                addressed.get_or_init(|| name.clone());
            }
        }
        Some(match self.rules.preflight(request)? {
            Ok(headers) => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::NO_CONTENT;
                *answer.headers_mut() = headers;
                answer
            }
            Err(refusal) => self.refuse(request, circumstances, refusal, NOBODY),
        })
    }

    /// Whether a request that is for this is let through, and as whose. A refusal is in the audit
    /// log then.
    ///
    /// # Errors
    ///
    /// The answer, with what [`Gate::leave`] adds.
    #[expect(
        clippy::result_large_err,
        reason = "it is sent at once, and seldom there"
    )]
    pub(crate) fn admit(
        &self,
        request: &Parts,
        class: Class,
        circumstances: Circumstances<'_>,
    ) -> Result<Who, Response<Bytes>> {
        let credentials = match class {
            // It costs nobody anything of what they may ask for.
            Class::Probe => Credentials::Absent,
            _ => self.credentials(&request.headers),
        };
        let token = presented(&credentials);
        let decided = decide(&request.method, class, self.access, credentials)
            .and_then(|who| self.rules.check_meant(request).map(|()| who));
        decided.map_err(|refusal| {
            let who = token.map_or_else(|| NOBODY.to_owned(), |token| named(&token));
            self.refuse(request, circumstances, refusal, &who)
        })
    }

    /// The origin of the page that sent a request, where it matters for its answer.
    pub(crate) fn origin<'r>(&self, request: &'r HeaderMap) -> Option<&'r HeaderValue> {
        match self.rules.shares() {
            true => request.get(ORIGIN),
            false => None,
        }
    }

    /// Adds to an answer what browsers have to know; a second time it adds nothing. `origin` is what
    /// [`Gate::origin`] says of the request.
    pub(crate) fn leave(&self, origin: Option<&HeaderValue>, whose: Whose, answer: &mut HeaderMap) {
        self.rules.share(origin, answer);
        secure(whose, answer);
    }

    /// Notes in the audit log what came of a request that changes the host.
    pub(crate) fn note(
        &self,
        request: &Parts,
        who: &Who,
        circumstances: Circumstances<'_>,
        status: StatusCode,
        detail: Option<&str>,
    ) {
        let result = match status.is_success() {
            true => Outcome::Done,
            false => Outcome::Failed,
        };
        let entry = entry(request, circumstances, &who.to_string(), status);
        self.audit.action(entry.with(result, detail));
    }

    fn credentials(&self, headers: &HeaderMap) -> Credentials {
        let Some(keyring) = &self.keyring else {
            return Credentials::Absent;
        };
        match bearer(headers) {
            Ok(Some(token)) => Credentials::Bearer(keyring.find(token)),
            Ok(None) => Credentials::Absent,
            Err(malformed) => malformed,
        }
    }

    fn refuse(
        &self,
        request: &Parts,
        circumstances: Circumstances<'_>,
        refusal: Refusal,
        who: &str,
    ) -> Response<Bytes> {
        let status = refusal.status;
        let from = circumstances.from.map(|from| from.ip());
        self.audit.refusal(status.as_u16(), from, who, || {
            let entry = entry(request, circumstances, who, status);
            entry.with(Outcome::Refused, Some(&refusal.detail))
        });
        let mut answer = refusal.response();
        let origin = self.origin(&request.headers);
        self.leave(origin, Whose::Host, answer.headers_mut());
        answer
    }
}

/// Whether a request addresses the host by that name, and by no other.
fn is_same(request: &Parts, known: Option<&HeaderValue>) -> bool {
    let Some(known) = known else { return false };
    let mut names = request.headers.get_all(HOST).iter();
    let first = names.next();
    first == Some(known) && names.next().is_none() && request.uri.authority().is_none()
}

/// The token that was presented, as far as it is known.
fn presented(credentials: &Credentials) -> Option<Arc<Token>> {
    match credentials {
        Credentials::Bearer(
            Found::Good(token) | Found::Expired(token) | Found::Limited { token, .. },
        ) => Some(Arc::clone(token)),
        _ => None,
    }
}

fn entry(
    request: &Parts,
    circumstances: Circumstances<'_>,
    who: &str,
    status: StatusCode,
) -> Entry {
    // Without its query: a client may have put a secret there.
    let action = format!("{} {}", request.method, request.uri.path());
    let from = circumstances.from.map(|from| from.to_string());
    Entry::new(who, &action)
        .from(from.as_deref())
        .on(circumstances.plugin)
        .by(circumstances.request)
        .answered(status.as_u16())
}

#[cfg(test)]
mod tests;
