use super::{Session, SessionContext, SessionId, id::Issuer, limits::Limits, table::Table};
use crate::{
    Context, Error, Result,
    ffi::{go_on, guard},
    within,
};
use futures_channel::oneshot;
use serde_json::{Map, Value};
use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

/// A plugin's sessions. No lock is held while code of a session runs.
pub(crate) struct Sessions<S: Session> {
    pub(super) issuer: Issuer,
    /// With the limits of its first use, when the plugin has a host.
    kept: OnceLock<(Limits, Mutex<Table<S>>)>,
}

impl<S: Session> Default for Sessions<S> {
    fn default() -> Self {
        Self {
            issuer: Issuer::default(),
            kept: OnceLock::new(),
        }
    }
}

impl<S: Session> Sessions<S> {
    fn kept(&self, context: &Context) -> &(Limits, Mutex<Table<S>>) {
        self.kept.get_or_init(|| {
            let limits = Limits::of::<S>(context);
            (limits, Mutex::new(Table::new(limits.ttl_ns)))
        })
    }

    pub(super) fn limits(&self, context: &Context) -> Limits {
        self.kept(context).0
    }

    pub(super) fn table(&self, context: &Context) -> MutexGuard<'_, Table<S>> {
        lock(&self.kept(context).1)
    }

    /// Makes a session, and tells what its client gets beside the id.
    pub(super) async fn register(
        self: &Arc<Self>,
        plugin: &Arc<S::Plugin>,
        context: &Context,
        arguments: S::Arguments,
        end: Option<Duration>,
    ) -> Result<(SessionId, Map<String, Value>)> {
        let place = self.reserve(context)?;
        let id = self.issuer.issue(place.sequence)?;
        let own = SessionContext::new(id, plugin, context);
        let (sessions, host) = (Arc::clone(self), context.clone());
        let make = move || -> Result<_> {
            let session = Arc::new(S::new(own, arguments)?);
            let made = Made {
                session: Some(session),
                sessions,
                context: host,
            };
            let fields = made.session().registered()?;
            Ok((made, fields))
        };
        let make = move || guard(|| within::until(end, make));
        let made = context.run_blocking("new session", make).await?;
        // Panics here as it did there, as a blocking handler does.
        let (made, fields) = made.unwrap_or_else(|panic| go_on(panic))?;
        place.fill(id, made);
        self.keep_swept(context);
        Ok((id, fields))
    }

    fn reserve<'a>(self: &'a Arc<Self>, context: &'a Context) -> Result<Place<'a, S>> {
        let (most, now_ns) = (self.limits(context).most, context.steady_ns());
        let mut table = self.table(context);
        let (sequence, has_stopped) = (table.reserve(most, now_ns), table.has_stopped);
        let has_ended = table.has_ended();
        drop(table);
        if has_ended {
            drop(self.close_later(context));
        }
        let Some(sequence) = sequence else {
            let text = format!("there are {most} sessions, as many as may be: end some first");
            return Err(Error::with_status(429, text));
        };
        let place = Place {
            sessions: self,
            context,
            sequence,
            is_filled: false,
        };
        if has_stopped {
            return Err(Error::with_status(503, "the plugin is stopping"));
        }
        Ok(place)
    }

    /// Closes those that have ended, on a thread where that hurts nobody. It begins at once; what is
    /// returned is ready when they are closed.
    pub(super) fn close_later(self: &Arc<Self>, context: &Context) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let (sessions, own) = (Arc::clone(self), context.clone());
        let close = move || {
            sessions.close_ended(&own);
            // Whoever does not wait wants no word.
            let _ = sender.send(());
        };
        // Where it cannot be spawned, the next time or the plugin's stop closes them.
        let spawned = context.spawn_blocking("close sessions", close);
        if spawned.is_err() && self.table(context).has_stopped {
            self.close_ended(context);
        }
        receiver
    }

    /// Ends the session that a client names so. It is closed by then, unless calls are under way.
    pub(super) async fn unregister(self: &Arc<Self>, context: &Context, text: &str) -> Result<()> {
        self.named(context, text, Table::unregister)?;
        let has_ended = self.table(context).has_ended();
        if has_ended {
            // An error says that the plugin is stopping, which closes them.
            let _ = self.close_later(context).await;
        }
        Ok(())
    }

    /// Closes those that have ended. May block.
    pub(super) fn close_ended(&self, context: &Context) {
        let ended = self.table(context).take_ended();
        for session in ended {
            // The hook has reported a panic; the others are closed all the same.
            let _ = guard(|| session.close());
            let _ = guard(|| drop(session));
        }
    }

    /// Closes all, and takes no more.
    pub(crate) fn stop(&self, context: &Context) {
        // Where none was ever asked for, there is nothing.
        if self.kept.get().is_some() {
            self.table(context).stop();
            self.close_ended(context);
        }
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The room of a session that is being made; given back where nothing comes of it.
struct Place<'a, S: Session> {
    sessions: &'a Arc<Sessions<S>>,
    context: &'a Context,
    sequence: u64,
    is_filled: bool,
}

impl<S: Session> Place<'_, S> {
    fn fill(mut self, id: SessionId, made: Made<S>) {
        let now_ns = self.context.steady_ns();
        let mut table = self.sessions.table(self.context);
        // What is made while the plugin stops is closed with what is dropped here.
        if !table.has_stopped {
            self.is_filled = true;
            table.insert(id, self.sequence, made.take(), now_ns);
        }
    }
}

impl<S: Session> Drop for Place<'_, S> {
    fn drop(&mut self) {
        if !self.is_filled {
            self.sessions.table(self.context).release();
        }
    }
}

/// A session that is made and not in the table: closed, where nobody takes it.
struct Made<S: Session> {
    session: Option<Arc<S>>,
    sessions: Arc<Sessions<S>>,
    context: Context,
}

impl<S: Session> Made<S> {
    fn session(&self) -> &S {
        self.session
            .as_deref()
            .expect("only `take` and drop take it")
    }

    fn take(mut self) -> Arc<S> {
        self.session.take().expect("only this and drop take it")
    }
}

impl<S: Session> Drop for Made<S> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.sessions.table(&self.context).discard(session);
            drop(self.sessions.close_later(&self.context));
        }
    }
}
