//! Starting plugins again that are to run and do not.

use super::{Recovery, act::PATIENCE, record::Known};
use crate::{control::steps, inventory::Mode, loader::core::Core, registry::Registry};
use jackfield_manifest::PluginId;
use std::{collections::BTreeSet, time::Instant};

impl Core {
    /// Starts plugins again that are to run and do not, as far as what they require runs, or is
    /// started with them.
    pub(super) fn revive(&self, ids: &BTreeSet<PluginId>) {
        self.try_to_revive(ids);
        let supervisor = &self.crew.shared.supervisor;
        let (now, watch) = (Instant::now(), supervisor.timing.watch);
        supervisor.lock().revived(ids, now, watch);
        supervisor.changed.notify_one();
    }

    fn try_to_revive(&self, ids: &BTreeSet<PluginId>) {
        let (crew, shared) = (&self.crew, &self.crew.shared);
        let mut wanted = ids.clone();
        loop {
            let mut inventory = self.inventory();
            let running = self.running_ids();
            wanted.retain(|id| shared.supervisor.is_to_run(id));
            if wanted.is_empty() || shared.supervisor.is_closed() {
                return;
            }
            let proposal = self.propose(&mut inventory, &Mode::Real(&self.store));
            for id in &wanted {
                if let Some(reason) = steps::reason(&proposal, id) {
                    shared.supervisor.left_out(&shared.registry, id, reason);
                }
            }
            let (coming, lacking) = steps::reviving(&proposal, &wanted, &running);
            for (id, other) in &lacking {
                shared.supervisor.postpone(&shared.registry, id, other);
            }
            // One that came to run before that was written down did not find them waiting.
            if self.running_ids() != running {
                continue;
            }
            if coming.is_empty() {
                return;
            }
            let start = steps::ids(&proposal, &coming);
            let uses = steps::uses(&proposal, &coming);
            match crew.claims.take(start.clone(), uses, "start") {
                // Meanwhile somebody may have given other orders.
                Ok(_) if self.running_ids() != running => {}
                Ok(_) if !start.iter().all(|id| shared.supervisor.is_to_run(id)) => {}
                Ok(claim) => {
                    drop(inventory);
                    shared.supervisor.restarts(&start);
                    self.bring_up(&proposal, &coming, &claim);
                    return;
                }
                Err(busy) => {
                    drop(inventory);
                    // One that others start is left to them; when it runs, whoever waits for it comes.
                    // One that is still being stopped is waited for: perhaps by who failed just now.
                    if busy.comes_up() && wanted.len() > 1 && wanted.remove(&busy.id) {
                        continue;
                    }
                    if crew.claims.wait(&busy, Instant::now() + PATIENCE).is_err() {
                        return;
                    }
                }
            }
        }
    }

    pub(super) fn changed(&self, id: &PluginId, file: Known) {
        let own = &self.crew.shared.supervisor;
        if own.lock().changed(id, file, Instant::now()) {
            log::info!("{id}: its file has changed: it is started again");
            own.changed.notify_one();
        }
    }
}

impl super::Supervisor {
    /// Whether it does not run, and is to be started again by itself, now.
    fn is_to_run(&self, id: &PluginId) -> bool {
        self.lock().record(id).is_to_run(Instant::now())
    }

    /// It is not started again before that one runs, which it requires.
    fn postpone(&self, registry: &Registry, id: &PluginId, other: &PluginId) {
        let mut state = self.lock();
        if state.record(id).is_to_run(Instant::now()) {
            let recovery = state.awaits(id, other);
            // Whoever comes to run from now on is to find it.
            state.record(id).is_reviving = false;
            registry.amend(id, |status| status.restart = recovery);
        }
    }

    /// Counts that they are started again.
    fn restarts(&self, ids: &[PluginId]) {
        let mut state = self.lock();
        for id in ids {
            state.record(id).restarts += 1;
        }
    }

    /// It is not in the plan: it is tried again when another has come to run, or its file is another.
    fn left_out(&self, registry: &Registry, id: &PluginId, reason: String) {
        let recovery = Recovery::LeftOut { reason };
        let mut is_news = false;
        let mut state = self.lock();
        if state.record(id).is_to_run(Instant::now()) {
            state.leave_out(id);
            registry.amend(id, |status| {
                is_news = status.restart.as_ref() != Some(&recovery);
                status.restart = Some(recovery.clone());
            });
        }
        drop(state);
        if is_news {
            log::warn!("{id}: {recovery}");
        }
    }
}
