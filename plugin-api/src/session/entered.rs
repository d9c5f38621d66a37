use super::{
    Session, SessionId, Sessions,
    table::{Absent, Table},
};
use crate::{Context, Error, Result};
use std::sync::Arc;

/// A call of a session that is under way, and keeps it.
pub(super) struct Entered<S: Session> {
    id: SessionId,
    sessions: Arc<Sessions<S>>,
    context: Context,
}

impl<S: Session> Sessions<S> {
    /// Begins a call of the session that a client names so.
    pub(super) fn enter(
        self: &Arc<Self>,
        context: &Context,
        text: &str,
    ) -> Result<(Arc<S>, Entered<S>)> {
        let entered = self.named(context, text, |table, id, sequence, now_ns| {
            let session = table.enter(id, sequence, now_ns)?;
            Ok((*id, session))
        });
        let (id, session) = entered?;
        let entered = Entered {
            id,
            sessions: Arc::clone(self),
            context: context.clone(),
        };
        Ok((session, entered))
    }

    /// Does something to the session that a client names so.
    pub(super) fn named<R>(
        self: &Arc<Self>,
        context: &Context,
        text: &str,
        what: impl FnOnce(&mut Table<S>, &SessionId, Option<u64>, u64) -> Result<R, Absent>,
    ) -> Result<R> {
        let Some(id) = SessionId::parse(text) else {
            return Err(absent(Absent::Unknown, text));
        };
        let sequence = self.issuer.sequence(&id);
        let now_ns = context.steady_ns();
        let mut table = self.table(context);
        let done = what(&mut table, &id, sequence, now_ns);
        drop(table);
        done.map_err(|why| {
            self.close_any(context);
            absent(why, text)
        })
    }
}

#[cold]
fn absent(why: Absent, text: &str) -> Error {
    match why {
        Absent::Unknown => Error::with_status(404, format!("unknown session id: {text}")),
        Absent::Expired => Error::with_status(410, format!("session expired: {text}")),
    }
}

impl<S: Session> Drop for Entered<S> {
    fn drop(&mut self) {
        let now_ns = self.context.steady_ns();
        let mut table = self.sessions.table(&self.context);
        table.leave(&self.id, now_ns);
        let has_ended = table.has_ended();
        drop(table);
        if has_ended {
            self.sessions.close_any(&self.context);
        }
    }
}
