//! One plugin started, stopped or restarted while the others go on.
//!
//! What a change touches is decided first, claimed as a whole, and then done; so two changes of one
//! plugin come one after the other, and changes of plugins that have nothing to do with each other
//! go on side by side.

mod settings;
pub(crate) mod steps;

use crate::{
    Loader, Proposal, Quarantine, State,
    claims::Busy,
    inventory::{Inventory, Mode},
    loader::status,
    start,
    stop::{self, StopReport},
};
use jackfield_manifest::PluginId;
use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
    time::Instant,
};

/// What a change of one plugin touches, in the order in which it is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Change {
    /// Who is stopped.
    pub stop: Vec<PluginId>,
    /// Who is started.
    pub start: Vec<PluginId>,
}

/// Why a plugin was not started, stopped or restarted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No file has that id.
    #[error("there is no plugin `{0}`")]
    Unknown(String),
    /// It cannot be started as things are; nothing was changed.
    #[error("`{id}` cannot be started: {reason}")]
    LeftOut {
        /// Who.
        id: PluginId,
        /// The first of its reasons, with the root cause where that is another's.
        reason: String,
    },
    /// Somebody else holds it, or one that it has to do with.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It was tried, and does not run.
    #[error("`{id}` is {state}{}", cause.as_ref().map_or_else(String::new, |c| format!(": {c}")))]
    NotRunning {
        /// Who.
        id: PluginId,
        /// Where it stands instead.
        state: State,
        /// Why.
        cause: Option<String>,
    },
    /// It did not stop as it should.
    #[error("`{id}` did not stop: {cause}")]
    NotStopped {
        /// Who: the plugin, or one that requires it.
        id: PluginId,
        /// Why.
        cause: String,
    },
}

impl Loader {
    /// What [`stop_plugin`](Loader::stop_plugin) would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn would_stop(&self, id: &str) -> Result<Change, ControlError> {
        let id = self.known(id)?;
        Ok(Change {
            stop: steps::leaving(&self.crew.running(), &id),
            start: Vec::new(),
        })
    }

    /// Stops one plugin: before it those that require it, in the reverse of the order in which they
    /// came to run. Does nothing where it does not run.
    ///
    /// # Errors
    ///
    /// [`ControlError`]; of those that had to be stopped, some may be.
    pub fn stop_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let id = self.known(id)?;
        let (claim, leaving) = loop {
            let leaving = steps::leaving(&self.crew.running(), &id);
            let claimed = leaving.iter().chain([&id]).cloned().collect();
            match self.crew.claims.take(claimed, "stop") {
                // Meanwhile another may have come that requires it.
                Ok(claim) if steps::leaving(&self.crew.running(), &id) == leaving => {
                    break (claim, leaving);
                }
                Ok(_) => {}
                Err(busy) => self.crew.claims.wait(&busy, deadline)?,
            }
        };
        let stop = self.take_down(leaving, deadline)?;
        drop(claim);
        Ok(Change {
            stop,
            start: Vec::new(),
        })
    }

    /// What [`start_plugin`](Loader::start_plugin) would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::LeftOut`].
    pub fn would_start(&self, id: &str) -> Result<Change, ControlError> {
        let (mut inventory, running) = (self.inventory(), self.running_ids());
        let proposal = self.propose(&mut inventory, &Mode::Dry);
        let coming = steps::coming(&proposal, id, &running)?;
        Ok(Change {
            stop: Vec::new(),
            start: steps::ids(&proposal, &coming),
        })
    }

    /// Starts one plugin from what lies in the plugins directories now, and before it what it
    /// requires. Does nothing where it runs. Of two that start it at the same time, one does, and
    /// both are told what came of it.
    ///
    /// # Errors
    ///
    /// [`ControlError`]; what it requires may run then.
    pub fn start_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        loop {
            let mut inventory = self.inventory();
            let running = self.running_ids();
            if running.iter().any(|other| other.as_str() == id) {
                return Ok(Change::default());
            }
            let proposal = self.propose(&mut inventory, &Mode::Real(&self.store));
            let coming = steps::coming(&proposal, id, &running)?;
            let start = steps::ids(&proposal, &coming);
            match self.crew.claims.take(start.clone(), "start") {
                Ok(claim) => {
                    drop(inventory);
                    self.bring_up(&proposal, &coming);
                    drop(claim);
                    self.came_to_run(id)?;
                    let stop = Vec::new();
                    return Ok(Change { stop, start });
                }
                Err(busy) => {
                    drop(inventory);
                    self.crew.claims.wait(&busy, deadline)?;
                    if busy.id.as_str() == id && busy.what != "stop" {
                        return self.came_to_run(id).map(|()| Change::default());
                    }
                }
            }
        }
    }

    /// What [`restart_plugin`](Loader::restart_plugin) would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::LeftOut`].
    pub fn would_restart(&self, id: &str) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        let (change, ..) = self.restart(&mut self.inventory(), &known, &Mode::Dry)?;
        Ok(change)
    }

    /// Stops one plugin and those that require it, and starts it from what lies in the plugins
    /// directories now, with those of them that ran.
    ///
    /// # Errors
    ///
    /// [`ControlError`]. Where what lies there now cannot be started, nothing is stopped.
    pub fn restart_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        loop {
            let mut inventory = self.inventory();
            let mode = Mode::Real(&self.store);
            let (change, proposal, coming) = self.restart(&mut inventory, &known, &mode)?;
            let Change { stop, start } = change;
            let all: BTreeSet<_> = stop.iter().chain(&start).cloned().collect();
            match self.crew.claims.take(all.into_iter().collect(), "restart") {
                Ok(claim) => {
                    drop(inventory);
                    let stop = self.take_down(stop, deadline)?;
                    self.bring_up(&proposal, &coming);
                    drop(claim);
                    self.came_to_run(id)?;
                    return Ok(Change { stop, start });
                }
                Err(busy) => {
                    drop(inventory);
                    self.crew.claims.wait(&busy, deadline)?;
                }
            }
        }
    }

    /// What a restart touches, and the steps of the plan that it takes.
    fn restart(
        &self,
        inventory: &mut Inventory,
        id: &PluginId,
        mode: &Mode<'_>,
    ) -> Result<(Change, Proposal, BTreeSet<usize>), ControlError> {
        let stop = steps::leaving(&self.crew.running(), id);
        let mut running = self.running_ids();
        running.retain(|id| !stop.contains(id));
        let proposal = self.propose(inventory, mode);
        let mut coming = steps::coming(&proposal, id.as_str(), &running)?;
        steps::coming_back(&proposal, &stop, &running, &mut coming);
        let start = steps::ids(&proposal, &coming);
        Ok((Change { stop, start }, proposal, coming))
    }

    fn known(&self, id: &str) -> Result<PluginId, ControlError> {
        self.status(id)
            .map(|status| status.id)
            .ok_or_else(|| ControlError::Unknown(id.to_owned()))
    }

    pub(crate) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        self.inventory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn propose(&self, inventory: &mut Inventory, mode: &Mode<'_>) -> Proposal {
        inventory.reconfigure(self.crew.reconfigured.take());
        let quarantine: MutexGuard<'_, Quarantine> = self
            .crew
            .quarantine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Proposal::make(inventory, &quarantine, mode)
    }

    fn running_ids(&self) -> BTreeSet<PluginId> {
        let running = self.crew.running();
        running
            .iter()
            .map(|running| running.vetted.manifest.id.clone())
            .collect()
    }

    /// Stops those that still run, in this order.
    fn take_down(
        &self,
        ids: Vec<PluginId>,
        deadline: Instant,
    ) -> Result<Vec<PluginId>, ControlError> {
        let limit = deadline.saturating_duration_since(Instant::now());
        let StopReport { failed, .. } = stop::some(&self.crew, &ids, limit);
        match failed.into_iter().next() {
            Some((id, cause)) => Err(ControlError::NotStopped { id, cause }),
            None => Ok(ids),
        }
    }

    /// Starts those steps of the plan.
    fn bring_up(&self, proposal: &Proposal, coming: &BTreeSet<usize>) {
        let registry = &self.crew.shared.registry;
        for &step in coming {
            let plugin = &proposal.plugins[proposal.plan.start[step].node];
            registry.insert(status(plugin, &[], None));
        }
        for degraded in &proposal.plan.degraded {
            let is_coming = |&step: &usize| proposal.plan.start[step].node == degraded.node;
            if coming.iter().any(is_coming) {
                let id = &proposal.plugins[degraded.node].manifest.id;
                registry.amend(id, |status| status.degraded.push(degraded.message.clone()));
            }
        }
        let threads = self.inventory().options().threads.get();
        start::start(&self.crew, steps::planned(proposal, coming), threads);
        drop(self.note_fits());
    }

    fn came_to_run(&self, id: &str) -> Result<(), ControlError> {
        let status = self
            .status(id)
            .ok_or_else(|| ControlError::Unknown(id.to_owned()))?;
        if status.state == State::Running {
            return Ok(());
        }
        Err(ControlError::NotRunning {
            id: status.id,
            state: status.state,
            cause: status
                .cause
                .or_else(|| status.reasons.first().map(|reason| reason.message.clone())),
        })
    }
}
