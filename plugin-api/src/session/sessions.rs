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

/// How soon closing is tried again where the plugin has as many tasks as it may have.
const RETRY: Duration = Duration::from_millis(100);

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
        // The place goes with it: a client that goes away makes no room before the session is made.
        let make = move || -> Result<_> {
            let session = Arc::new(S::new(own, arguments)?);
            let made = Made {
                session: Some(session),
                place,
            };
            let fields = made.session().registered()?;
            Ok((made, fields))
        };
        let make = move || guard(|| within::until(end, make));
        let made = context.run_blocking("new session", make).await?;
        // Panics here as it did there, as a blocking handler does.
        let (made, fields) = made.unwrap_or_else(|panic| go_on(panic))?;
        made.enter(id);
        self.keep_swept(context);
        Ok((id, fields))
    }

    fn reserve(self: &Arc<Self>, context: &Context) -> Result<Place<S>> {
        let (most, now_ns) = (self.limits(context).most, context.steady_ns());
        let mut table = self.table(context);
        let (sequence, has_stopped) = (table.reserve(most, now_ns), table.has_stopped);
        drop(table);
        self.close_any(context);
        let Some(sequence) = sequence else {
            let text = format!("there are {most} sessions, as many as may be: end some first");
            return Err(Error::with_status(429, text));
        };
        let place = Place {
            sessions: Arc::clone(self),
            context: context.clone(),
            sequence,
            is_filled: false,
        };
        if has_stopped {
            return Err(Error::with_status(503, "the plugin is stopping"));
        }
        Ok(place)
    }

    /// Begins to close those that have ended, if there are any.
    pub(super) fn close_any(self: &Arc<Self>, context: &Context) {
        let has_ended = self.table(context).has_ended();
        if has_ended {
            // Where it cannot, the next time or the plugin's stop closes them.
            let _ = self.close_later(context);
        }
    }

    /// Closes those that have ended, on a thread where that hurts nobody. It begins at once; what is
    /// returned is ready when that is done, and an error when the plugin stops before it begins.
    ///
    /// # Errors
    ///
    /// When the plugin has as many tasks as it may have, or is stopping. They are kept.
    fn close_later(self: &Arc<Self>, context: &Context) -> Result<oneshot::Receiver<()>> {
        let (sender, receiver) = oneshot::channel();
        let (sessions, own) = (Arc::clone(self), context.clone());
        let close = move || {
            sessions.close_ended(&own);
            // Whoever does not wait wants no word.
            let _ = sender.send(());
        };
        let spawned = context.spawn_blocking("close sessions", close);
        let has_stopped = || self.table(context).has_stopped;
        if spawned.is_err() && has_stopped() {
            self.close_ended(context);
        }
        spawned.map(|_| receiver)
    }

    /// Ends the session that a client names so. It is closed by then, unless calls are under way, or
    /// the plugin is stopping, which closes it.
    pub(super) async fn unregister(self: &Arc<Self>, context: &Context, text: &str) -> Result<()> {
        let closing = self.named(context, text, Table::unregister)?;
        let Some(mut closing) = closing else {
            return Ok(());
        };
        loop {
            match self.close_later(context) {
                Ok(begun) => {
                    // It may be another thread that closes this one.
                    if begun.await.is_ok() {
                        let _ = closing.await;
                    }
                    return Ok(());
                }
                Err(error) if error.is_full() => {}
                Err(_) => return Ok(()),
            }
            if context.timeout(RETRY, &mut closing).await.is_some() {
                return Ok(());
            }
        }
    }

    /// Closes those that have ended. May block.
    pub(super) fn close_ended(&self, context: &Context) {
        let ended = self.table(context).take_ended();
        for ended in ended {
            ended.close();
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
struct Place<S: Session> {
    sessions: Arc<Sessions<S>>,
    context: Context,
    sequence: u64,
    is_filled: bool,
}

impl<S: Session> Drop for Place<S> {
    fn drop(&mut self) {
        if !self.is_filled {
            self.sessions.table(&self.context).release();
        }
    }
}

/// A session that is made and not in the table: closed, where it does not come there.
struct Made<S: Session> {
    session: Option<Arc<S>>,
    place: Place<S>,
}

impl<S: Session> Made<S> {
    fn session(&self) -> &S {
        self.session
            .as_deref()
            .expect("only `enter` and drop take it")
    }

    /// Puts it into the table.
    fn enter(mut self, id: SessionId) {
        let place = &mut self.place;
        let now_ns = place.context.steady_ns();
        let mut table = place.sessions.table(&place.context);
        // What is made while the plugin stops is closed with what is dropped here.
        if table.has_stopped {
            return;
        }
        if let Some(session) = self.session.take() {
            place.is_filled = true;
            table.insert(id, place.sequence, session, now_ns);
        }
    }
}

impl<S: Session> Drop for Made<S> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let Place {
                sessions, context, ..
            } = &self.place;
            sessions.table(context).discard(session);
            sessions.close_any(context);
        }
    }
}
