//! Who is being started or stopped, and by what: at most one transition of a plugin at a time.

use jackfield_manifest::PluginId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[cfg(test)]
mod tests;

/// The plugins in the middle of a transition.
#[derive(Default)]
pub(crate) struct Claims {
    table: Mutex<Table>,
    released: Condvar,
}

#[derive(Default)]
struct Table {
    held: BTreeMap<PluginId, Held>,
    /// Those that may not be stopped meanwhile, because others that require them are being started.
    used: BTreeMap<PluginId, Vec<Held>>,
    /// Everything that is not held by others.
    all: Option<Held>,
    last: u64,
    /// How often everything was seized: what was claimed before is called off.
    seizures: u64,
}

#[derive(Clone, Copy)]
struct Held {
    what: &'static str,
    since: Instant,
    /// Tells one claim from the next.
    token: u64,
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
    /// Only its use was asked for, which another's use of it does not keep anybody from.
    to_use: bool,
}

impl Busy {
    /// Whether whoever holds it leads it to running. What else is done to it leaves that to be done.
    pub(crate) fn comes_up(&self) -> bool {
        matches!(self.what, "start" | "restart")
    }
}

/// Somebody else is stopping everything, and was not done in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "everything is being stopped already, for {} ms by now: wait until that is done",
    held.as_millis()
)]
pub struct AlreadyStopping {
    /// For how long, when the waiting ended.
    pub held: Duration,
}

/// The right to change the state of some plugins, until it is dropped.
pub(crate) struct Claim<'c> {
    claims: &'c Claims,
    term: Term,
}

/// What is left of a claim for those who do what it was made for.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    token: u64,
    seizures: u64,
}

/// The right to change the state of all plugins that nobody else holds.
pub(crate) struct Seized<'c>(Claim<'c>);

impl Claims {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims all of them, or none, and says who is in the way. What the others use is not stopped
    /// meanwhile.
    pub(crate) fn take(
        &self,
        ids: Vec<PluginId>,
        uses: BTreeSet<PluginId>,
        what: &'static str,
    ) -> Result<Claim<'_>, Busy> {
        let mut table = self.lock();
        let own = ids.iter().find_map(|id| table.in_the_way(id));
        let used = || uses.iter().find_map(|id| table.is_kept_from_use(id));
        if let Some(busy) = own.or_else(used) {
            return Err(busy);
        }
        let held = table.next(what);
        table.held.extend(ids.into_iter().map(|id| (id, held)));
        for id in uses {
            table.used.entry(id).or_default().push(held);
        }
        Ok(self.claim(&table, held))
    }

    /// Whether somebody is leading it to running.
    pub(crate) fn comes_up(&self, id: &PluginId) -> bool {
        let table = self.lock();
        let held = table.held.get(id);
        held.is_some_and(|held| held.busy(id).comes_up())
    }

    /// Waits until whoever was in the way is not any more; an error when the deadline comes first.
    pub(crate) fn wait(&self, busy: &Busy, deadline: Instant) -> Result<(), Busy> {
        let mut table = self.lock();
        while let Some(still) = table.still(busy) {
            table = self.changed(table, deadline).map_err(|_| still)?;
        }
        Ok(())
    }

    /// From now on nobody else claims anything. Those who hold something go on; when somebody else
    /// has seized everything, waits for that.
    pub(crate) fn seize(
        &self,
        what: &'static str,
        deadline: Instant,
    ) -> Result<Seized<'_>, AlreadyStopping> {
        let mut table = self.lock();
        table.seizures += 1;
        while let Some(other) = table.all {
            let held = |_| AlreadyStopping {
                held: other.since.elapsed(),
            };
            table = self.changed(table, deadline).map_err(held)?;
        }
        let held = table.next(what);
        table.all = Some(held);
        Ok(Seized(self.claim(&table, held)))
    }

    /// Waits for a change; gives the lock back as an error when the deadline comes first.
    fn changed<'t>(
        &self,
        table: MutexGuard<'t, Table>,
        deadline: Instant,
    ) -> Result<MutexGuard<'t, Table>, MutexGuard<'t, Table>> {
        let Some(left) = deadline.checked_duration_since(Instant::now()) else {
            return Err(table);
        };
        let waited = self.released.wait_timeout(table, left);
        Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn claim(&self, table: &Table, held: Held) -> Claim<'_> {
        let term = Term {
            token: held.token,
            seizures: table.seizures,
        };
        Claim { claims: self, term }
    }

    /// Whether everything was seized since that claim was made.
    pub(crate) fn is_called_off(&self, term: Term) -> bool {
        self.lock().seizures != term.seizures
    }

    /// Lets go of one of a claim's plugins before the others.
    pub(crate) fn release(&self, term: Term, id: &PluginId) {
        let mut table = self.lock();
        let own = |held: &Held| held.token == term.token;
        if table.held.get(id).is_some_and(own) {
            table.held.remove(id);
            drop(table);
            self.released.notify_all();
        }
    }
}

impl Held {
    fn busy(self, id: &PluginId) -> Busy {
        Busy {
            id: id.clone(),
            what: self.what,
            held: self.since.elapsed(),
            to_use: false,
        }
    }
}

impl Table {
    fn next(&mut self, what: &'static str) -> Held {
        self.last += 1;
        Held {
            what,
            since: Instant::now(),
            token: self.last,
        }
    }

    fn held(&self, id: &PluginId) -> Option<&Held> {
        self.held.get(id).or(self.all.as_ref())
    }

    /// Who keeps this plugin from being used.
    fn is_kept_from_use(&self, id: &PluginId) -> Option<Busy> {
        let busy = self.held(id)?.busy(id);
        Some(Busy {
            to_use: true,
            ..busy
        })
    }

    /// Who keeps this plugin from being changed.
    fn in_the_way(&self, id: &PluginId) -> Option<Busy> {
        let used = || self.used.get(id)?.first();
        self.held(id).or_else(used).map(|held| held.busy(id))
    }

    /// Who keeps the plugin from what was asked for then.
    fn still(&self, busy: &Busy) -> Option<Busy> {
        if busy.to_use {
            self.is_kept_from_use(&busy.id)
        } else {
            self.in_the_way(&busy.id)
        }
    }
}

impl Claim<'_> {
    pub(crate) fn term(&self) -> Term {
        self.term
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut table = self.claims.lock();
        let others = |held: &Held| held.token != self.term.token;
        table.held.retain(|_, held| others(held));
        table.used.retain(|_, users| {
            users.retain(others);
            !users.is_empty()
        });
        table.all = table.all.filter(others);
        drop(table);
        self.claims.released.notify_all();
    }
}

impl Seized<'_> {
    /// Waits until nobody else holds anything, or the deadline comes: then says who does.
    pub(crate) fn wait(&self, deadline: Instant) -> Vec<Busy> {
        let claims = self.0.claims;
        let mut table = claims.lock();
        while !table.held.is_empty() {
            match claims.changed(table, deadline) {
                Ok(changed) => table = changed,
                Err(table) => {
                    let held = table.held.iter();
                    return held.map(|(id, held)| held.busy(id)).collect();
                }
            }
        }
        Vec::new()
    }
}
