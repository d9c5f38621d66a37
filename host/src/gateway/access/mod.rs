//! Who may do what over HTTP, what browsers are kept from, and what is written down of it.
//!
//! In reading order: `role`, `secret` and `tokens` (what is made and kept), `keyring` with `rate` and
//! `watched` (what a running host knows of it), `decide` (who may), `authority`, `browser` and
//! `headers` (what pages may), `refusal` (the answer where not), `audit` (what is written down), `gate`
//! (all of these as the gateway asks for them), `tls`.

mod audit;
mod authority;
mod browser;
mod decide;
mod gate;
mod headers;
mod keyring;
mod private;
mod rate;
mod refusal;
mod role;
mod secret;
mod stamp;
mod tls;
mod tokens;
mod watched;

pub(crate) use audit::{Audit, AuditError, Entry, Outcome, add, past};
pub(crate) use browser::Rules;
pub(crate) use decide::{Class, Credentials, Who};
pub(crate) use gate::{Circumstances, Gate};
pub(crate) use headers::Whose;
pub(crate) use keyring::Keyring;
pub(crate) use refusal::Refusal;
pub(crate) use role::Role;
pub(crate) use tls::{Tls, TlsError};
pub(crate) use tokens::{Token, Tokens, TokensError, Wanted, make, revoke};
