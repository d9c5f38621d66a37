//! What a client changes is told in the log, and written down.

use super::{Desk, Refusal, session::Peer};
use crate::gateway::access::{Entry, Outcome};

/// What the audit log says of whoever comes by the socket.
const WHO: &str = "control socket";

/// A change, as it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted<'n> {
    /// The request's name.
    what: &'static str,
    /// The plugin.
    id: &'n str,
    /// What else is to be known of it.
    more: Option<&'n str>,
}

impl<'n> Noted<'n> {
    pub(super) const fn new(what: &'static str, id: &'n str) -> Self {
        let more = None;
        Self { what, id, more }
    }

    pub(super) const fn with(self, more: &'n str) -> Self {
        let more = Some(more);
        Self { more, ..self }
    }
}

/// Makes a change: by a thread that may wait for whoever reads the log.
pub(super) fn noted<R>(
    desk: &Desk,
    peer: Peer,
    noted: &Noted<'_>,
    change: impl FnOnce() -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let Noted { what, id, more } = *noted;
    log::info!("asked to {what} {id} by {peer}");
    let changed = change();
    let (result, detail) = match &changed {
        Ok(_) => (Outcome::Done, more),
        Err(refusal) => (Outcome::Failed, Some(&*refusal.message)),
    };
    let entry = Entry::new(WHO, what).from(Some(&peer.to_string()));
    desk.audit.action(entry.on(Some(id)).with(result, detail));
    changed
}

/// Notes that somebody may not use the socket.
pub(super) fn turned_away(desk: &Desk, peer: Peer, refusal: &Refusal) {
    log::warn!("control socket: {refusal}");
    let who = peer.to_string();
    desk.audit
        .refusal(403, None, &format!("user {}", peer.uid), || {
            let entry = Entry::new(WHO, "connect").from(Some(&who));
            entry.with(Outcome::Refused, Some(&refusal.message))
        });
}
