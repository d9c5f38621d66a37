use super::{
    SessionId,
    closed::Closed,
    ended::{Closing, Ended},
};
use std::{collections::HashMap, sync::Arc};

/// The sessions that there are: what it decides knows neither clock nor lock, and calls no session.
pub(super) struct Table<S> {
    live: HashMap<SessionId, Live<S>>,
    /// How many are being made.
    opening: usize,
    closed: Closed,
    /// Those that have ended, and are to be closed.
    ended: Vec<Ended<S>>,
    /// How long one may lie unused, in nanoseconds; `None` is for ever.
    ttl_ns: Option<u64>,
    /// Whether a task looks for those that have expired.
    pub(super) is_swept: bool,
    pub(super) has_stopped: bool,
}

/// A session, with what is kept beside it.
struct Live<S> {
    session: Arc<S>,
    sequence: u64,
    /// When it was last used, by the steady clock.
    used_ns: u64,
    /// How many calls are under way.
    calls: u32,
    /// Its client has ended it while calls were under way.
    is_gone: bool,
}

// With the memory of its `Arc` and the room that the map keeps free, far less than 1 KiB for each.
const _: () = assert!(size_of::<(SessionId, Live<()>)>() <= 64);

/// Why there is no such session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// There never was, or its client has ended it.
    Unknown,
    /// It was not used for too long.
    Expired,
}

impl<S> Table<S> {
    pub(super) fn new(ttl_ns: Option<u64>) -> Self {
        Self {
            live: HashMap::new(),
            opening: 0,
            closed: Closed::default(),
            ended: Vec::new(),
            ttl_ns,
            is_swept: false,
            has_stopped: false,
        }
    }

    /// Begins to make one: its number; `None` when there are as many as may be.
    pub(super) fn reserve(&mut self, most: usize, now_ns: u64) -> Option<u64> {
        if self.live.len() + self.opening >= most {
            self.sweep(now_ns);
        }
        if self.live.len() + self.opening >= most {
            return None;
        }
        self.opening += 1;
        Some(self.closed.begin())
    }

    /// One that was to be made is not.
    pub(super) fn release(&mut self) {
        self.opening -= 1;
    }

    /// One that was to be made is there.
    pub(super) fn insert(&mut self, id: SessionId, sequence: u64, session: Arc<S>, now_ns: u64) {
        self.release();
        let live = Live {
            session,
            sequence,
            used_ns: now_ns,
            calls: 0,
            is_gone: false,
        };
        self.live.insert(id, live);
    }

    /// Begins a call. `sequence` is the number of the id, where it was issued here.
    pub(super) fn enter(
        &mut self,
        id: &SessionId,
        sequence: Option<u64>,
        now_ns: u64,
    ) -> Result<Arc<S>, Absent> {
        let live = self.find(id, sequence, now_ns)?;
        live.calls += 1;
        live.used_ns = now_ns;
        Ok(Arc::clone(&live.session))
    }

    /// Ends a call.
    pub(super) fn leave(&mut self, id: &SessionId, now_ns: u64) {
        // When the plugin stops, sessions go though calls are under way.
        let Some(live) = self.live.get_mut(id) else {
            return;
        };
        live.calls -= 1;
        live.used_ns = now_ns;
        if live.is_gone && live.calls == 0 {
            self.end(id);
        }
    }

    /// Ends a session for its client: at once for those who call it, and for itself when the last call
    /// has ended. When it is closed, where no call is under way.
    pub(super) fn unregister(
        &mut self,
        id: &SessionId,
        sequence: Option<u64>,
        now_ns: u64,
    ) -> Result<Option<Closing>, Absent> {
        let live = self.find(id, sequence, now_ns)?;
        live.is_gone = true;
        let (sequence, is_idle) = (live.sequence, live.calls == 0);
        self.closed.insert(sequence);
        let idle = if is_idle { self.live.remove(id) } else { None };
        Ok(idle.map(|live| {
            let (ended, closing) = Ended::awaited(live.session);
            self.ended.push(ended);
            closing
        }))
    }

    /// Ends those that have expired. When the next may: `None` where there is none that can.
    pub(super) fn sweep(&mut self, now_ns: u64) -> Option<u64> {
        let ttl_ns = self.ttl_ns?;
        let (ended, mut next) = (&mut self.ended, None);
        self.live.retain(|_, live| {
            let due = live.due_ns(ttl_ns, now_ns);
            if due <= now_ns {
                ended.push(Ended::new(Arc::clone(&live.session)));
                return false;
            }
            next = Some(next.unwrap_or(due).min(due));
            true
        });
        next
    }

    /// Ends all.
    pub(super) fn stop(&mut self) {
        self.has_stopped = true;
        let live = self.live.drain();
        self.ended
            .extend(live.map(|(_, live)| Ended::new(live.session)));
    }

    /// The ids of those that can be called, in the order of their making.
    pub(super) fn ids(&self, now_ns: u64) -> Vec<SessionId> {
        let mut ids: Vec<(u64, SessionId)> = self
            .usable(now_ns)
            .map(|(id, live)| (live.sequence, *id))
            .collect();
        ids.sort_unstable_by_key(|&(sequence, _)| sequence);
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// How many can be called.
    pub(super) fn count(&self, now_ns: u64) -> usize {
        self.usable(now_ns).count()
    }

    /// One that has ended without having been in the table.
    pub(super) fn discard(&mut self, session: Arc<S>) {
        self.ended.push(Ended::new(session));
    }

    /// Those that have ended since.
    pub(super) fn take_ended(&mut self) -> Vec<Ended<S>> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    fn usable(&self, now_ns: u64) -> impl Iterator<Item = (&SessionId, &Live<S>)> {
        let has_expired = move |live: &Live<S>| {
            let due = |ttl_ns| live.due_ns(ttl_ns, now_ns) <= now_ns;
            self.ttl_ns.is_some_and(due)
        };
        let live = self.live.iter();
        live.filter(move |(_, live)| !live.is_gone && !has_expired(live))
    }

    fn find(
        &mut self,
        id: &SessionId,
        sequence: Option<u64>,
        now_ns: u64,
    ) -> Result<&mut Live<S>, Absent> {
        let due = |live: &Live<S>, ttl_ns| live.due_ns(ttl_ns, now_ns) <= now_ns;
        match self.live.get(id) {
            Some(live) if live.is_gone => return Err(Absent::Unknown),
            Some(live) if self.ttl_ns.is_some_and(|ttl_ns| due(live, ttl_ns)) => {
                self.end(id);
                return Err(Absent::Expired);
            }
            _ => {}
        }
        let absent = match sequence {
            Some(sequence) if !self.closed.contains(sequence) => Absent::Expired,
            _ => Absent::Unknown,
        };
        self.live.get_mut(id).ok_or(absent)
    }

    fn end(&mut self, id: &SessionId) {
        if let Some(live) = self.live.remove(id) {
            self.ended.push(Ended::new(live.session));
        }
    }
}

impl<S> Live<S> {
    /// When it has expired, if nobody uses it until then.
    fn due_ns(&self, ttl_ns: u64, now_ns: u64) -> u64 {
        let used_ns = if self.calls > 0 { now_ns } else { self.used_ns };
        used_ns.saturating_add(ttl_ns.max(1))
    }
}

#[cfg(test)]
mod tests;
