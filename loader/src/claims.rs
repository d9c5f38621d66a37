//! Who is being started or stopped, and by what: at most one transition of a plugin at a time.

use jackfield_manifest::PluginId;
use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The plugins in the middle of a transition.
#[derive(Default)]
pub(crate) struct Claims {
    held: Mutex<BTreeMap<PluginId, Held>>,
    released: Condvar,
}

#[derive(Clone, Copy)]
struct Held {
    what: &'static str,
    since: Instant,
}

/// Somebody else holds a plugin, and does not let go in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is in the middle of a {what}, for {} ms by now: try again later", held.as_millis())]
pub struct Busy {
    /// Who is held.
    pub id: PluginId,
    /// By what: `start`, `stop`, `restart`.
    pub what: &'static str,
    /// For how long, when the waiting ended.
    pub held: Duration,
}

/// The right to change the state of some plugins, until it is dropped.
pub(crate) struct Claim<'c> {
    claims: &'c Claims,
    ids: Vec<PluginId>,
}

impl Claims {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PluginId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims all of them, or none, and says who is in the way.
    pub(crate) fn take(&self, ids: Vec<PluginId>, what: &'static str) -> Result<Claim<'_>, Busy> {
        let mut held = self.lock();
        if let Some(busy) = ids.iter().find_map(|id| in_the_way(&held, id)) {
            return Err(busy);
        }
        let since = Instant::now();
        held.extend(ids.iter().map(|id| (id.clone(), Held { what, since })));
        Ok(Claim { claims: self, ids })
    }

    /// Waits until whoever was in the way let go of that plugin; an error when the deadline comes
    /// first.
    pub(crate) fn wait(&self, busy: &Busy, deadline: Instant) -> Result<(), Busy> {
        let mut held = self.lock();
        while let Some(still) = in_the_way(&held, &busy.id) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(still);
            };
            let waited = self.released.wait_timeout(held, left);
            held = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

fn in_the_way(held: &BTreeMap<PluginId, Held>, id: &PluginId) -> Option<Busy> {
    held.get(id).map(|by| Busy {
        id: id.clone(),
        what: by.what,
        held: by.since.elapsed(),
    })
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut held = self.claims.lock();
        for id in &self.ids {
            held.remove(id);
        }
        drop(held);
        self.claims.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, thread};

    fn ids(names: &[&str]) -> Vec<PluginId> {
        names.iter().map(|id| PluginId::new(id).unwrap()).collect()
    }

    #[test]
    fn all_or_none_are_claimed() {
        let claims = Claims::default();
        let first = claims.take(ids(&["a", "b"]), "stop").unwrap();
        let busy = claims.take(ids(&["c", "b"]), "start").err().unwrap();
        assert_eq!((busy.id.as_str(), busy.what), ("b", "stop"));
        drop(claims.take(ids(&["c"]), "start").unwrap());
        drop(first);
        assert!(claims.take(ids(&["a", "b", "c"]), "start").is_ok());
    }

    #[test]
    fn who_waits_goes_on_when_the_other_lets_go() {
        let claims = Claims::default();
        let first = claims.take(ids(&["a"]), "stop").unwrap();
        let busy = claims.take(ids(&["a"]), "start").err().unwrap();
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                sender.send(()).unwrap();
                claims
                    .wait(&busy, Instant::now() + Duration::from_secs(60))
                    .unwrap();
                drop(claims.take(ids(&["a"]), "start").unwrap());
            });
            receiver.recv().unwrap();
            drop(first);
        });
    }

    #[test]
    fn who_waits_too_long_is_told_for_what() {
        let claims = Claims::default();
        let _first = claims.take(ids(&["a"]), "restart").unwrap();
        let busy = claims.take(ids(&["a"]), "start").err().unwrap();
        let error = claims.wait(&busy, Instant::now()).unwrap_err();
        let held = error.held.as_millis();
        assert_eq!(
            error.to_string(),
            format!("`a` is in the middle of a restart, for {held} ms by now: try again later")
        );
    }
}
