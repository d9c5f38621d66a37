//! Those that do not run and are to: when each is started again, and what puts an end to that.

use super::{Action, Due, State};
use crate::supervise::{
    Recovery, Timing,
    history::{self, Next},
    record::{Down, Known},
};
use jackfield_manifest::{PluginId, Restart};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

impl State {
    /// It has failed; what becomes of it.
    pub(in crate::supervise) fn failed(
        &mut self,
        id: &PluginId,
        now: Instant,
        timing: &Timing,
        random: u64,
    ) -> Option<Recovery> {
        self.cancel(id);
        let record = self.record(id);
        record.history.fails(now, timing);
        let policy = record.supervision.restart;
        match history::decide(&record.history, policy, timing, now, random) {
            Next::Stays => None,
            Next::GivesUp { starts } => {
                record.down = Some(Down::GaveUp);
                let within = timing.within;
                Some(Recovery::GaveUp { starts, within })
            }
            Next::Again { after, attempt } => {
                let at = now + after;
                self.schedule(id, at, attempt);
                let at = SystemTime::now() + after;
                Some(Recovery::Pending { attempt, at })
            }
        }
    }

    fn schedule(&mut self, id: &PluginId, at: Instant, attempt: u32) {
        self.record(id).down = Some(Down::Until { at, attempt });
        self.due.insert((at, Due::Restart(id.clone())));
    }

    /// It is started again when that one runs.
    pub(in crate::supervise) fn awaits(
        &mut self,
        id: &PluginId,
        other: &PluginId,
    ) -> Option<Recovery> {
        self.cancel(id);
        let record = self.record(id);
        if record.supervision.restart == Restart::Never {
            return None;
        }
        record.down = Some(Down::Awaits(other.clone()));
        Some(Recovery::Awaits { id: other.clone() })
    }

    /// It cannot be started as things are.
    pub(in crate::supervise) fn leave_out(&mut self, id: &PluginId) {
        self.cancel(id);
        let record = self.record(id);
        record.down = Some(Down::LeftOut);
        // Whoever comes to run from now on is to find it.
        record.is_reviving = false;
    }

    /// It was tried to start these again. One that was not come to, because others had to do with
    /// it, is tried again later.
    pub(in crate::supervise) fn revived(
        &mut self,
        ids: &BTreeSet<PluginId>,
        now: Instant,
        later: Duration,
    ) {
        for id in ids {
            let record = self.record(id);
            record.is_reviving = false;
            if let Some(Down::Until { at, attempt }) = record.down
                && !self.due.contains(&(at, Due::Restart(id.clone())))
            {
                self.schedule(id, now + later, attempt);
            }
        }
    }

    /// It is not started again by itself: somebody stopped it, or is starting it.
    pub(in crate::supervise) fn cancel(&mut self, id: &PluginId) {
        let Some(record) = self.records.get_mut(id) else {
            return;
        };
        if let Some(Down::Until { at, .. }) = record.down.take() {
            self.due.remove(&(at, Due::Restart(id.clone())));
        }
    }

    /// From now on as if it had never failed; whether it had been given up or left out, and is
    /// started now.
    pub(in crate::supervise) fn reset(&mut self, id: &PluginId, now: Instant) -> bool {
        let Some(record) = self.records.get_mut(id) else {
            return false;
        };
        record.history.forget();
        let is_started = matches!(record.down, Some(Down::GaveUp | Down::LeftOut));
        if is_started {
            self.schedule(id, now, 1);
        }
        is_started
    }

    /// Its file was changed; whether it is started because of that. One that cannot be started may
    /// lack no more than a permission; any other begins anew with another content.
    pub(in crate::supervise) fn changed(
        &mut self,
        id: &PluginId,
        file: Known,
        now: Instant,
    ) -> bool {
        let record = self.record(id);
        let before = record.file.replace(file);
        let has_other_content =
            before.map(|file| file.hash) != record.file.as_ref().map(|f| f.hash);
        let is_tried = match record.down {
            None | Some(Down::Awaits(_)) => false,
            Some(Down::LeftOut) => true,
            Some(Down::Until { .. } | Down::GaveUp) => has_other_content,
        };
        if !is_tried {
            return false;
        }
        if has_other_content {
            record.history.forget();
        }
        self.cancel(id);
        self.schedule(id, now, 1);
        true
    }

    /// Somebody has come to run, whom others may have lacked.
    pub(super) fn revive_those_that_wait(&mut self, now: Instant) {
        let waiting = self.records.iter_mut().filter(|(_, record)| {
            matches!(record.down, Some(Down::Awaits(_) | Down::LeftOut)) && !record.is_reviving
        });
        let (mut ids, mut held) = (BTreeSet::new(), Vec::new());
        for (id, record) in waiting {
            if record.is_empty() {
                ids.insert(id.clone());
            } else {
                held.push((id.clone(), record.history.failures().max(1)));
            }
        }
        for (id, attempt) in held {
            self.schedule(&id, now, attempt);
        }
        if !ids.is_empty() {
            self.actions.push(Action::Revive(ids));
        }
    }

    pub(super) fn is_to_start(&mut self, id: PluginId, now: Instant, timing: &Timing) {
        let Some(record) = self.records.get_mut(&id) else {
            return;
        };
        let Some(Down::Until { attempt, .. }) = record.down else {
            return;
        };
        if record.is_reviving || !record.is_empty() {
            // Looked at again, since whoever is inside does not say when they leave.
            let at = now + timing.watch;
            self.schedule(&id, at, attempt);
            self.actions
                .push(Action::Show(id, Recovery::Held { attempt }));
            return;
        }
        record.is_reviving = true;
        let mut ids = self.dependents(&id);
        ids.insert(id);
        self.actions.push(Action::Revive(ids));
    }

    /// Those that wait for that one, or for one that does, as far as nothing is inside them.
    fn dependents(&mut self, id: &PluginId) -> BTreeSet<PluginId> {
        let (mut found, mut open) = (BTreeSet::new(), vec![id.clone()]);
        while let Some(next) = open.pop() {
            for (other, record) in &mut self.records {
                let awaits = matches!(&record.down, Some(Down::Awaits(id)) if *id == next);
                if awaits && !record.is_reviving && record.is_empty() && found.insert(other.clone())
                {
                    open.push(other.clone());
                }
            }
        }
        found
    }

    /// Nothing is started again by itself any more; what would have been.
    pub(in crate::supervise) fn stand_down(&mut self) -> Vec<PluginId> {
        let down = self
            .records
            .iter()
            .filter(|(_, record)| record.down.is_some());
        let ids: Vec<PluginId> = down.map(|(id, _)| id.clone()).collect();
        for id in &ids {
            self.cancel(id);
        }
        ids
    }
}

#[cfg(test)]
mod tests;
