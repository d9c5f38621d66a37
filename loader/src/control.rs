//! One plugin started, stopped or restarted while the others go on.
//!
//! What a change touches is decided first, claimed as a whole, and then done; so two changes of one
//! plugin come one after the other, and changes of plugins that have nothing to do with each other
//! go on side by side.

mod orders;
mod restart;
pub(crate) mod steps;

use crate::{
    Loader, State,
    claims::Busy,
    inventory::Mode,
    stop::{self, StopReport},
};
use jackfield_manifest::PluginId;
use std::{collections::BTreeSet, time::Instant};

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
    /// It cannot be disabled, since this loader starts everything whatever the settings say.
    #[error("`{0}` cannot be disabled: everything is enabled here, whatever the settings say")]
    AllEnabled(PluginId),
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
            stop: steps::leaving(&self.core.crew.running(), &id),
            start: Vec::new(),
        })
    }

    /// Stops one plugin: before it those that require it, in the reverse of the order in which they
    /// came to run. Does nothing where it does not run. Until `deadline` it waits for whoever holds
    /// one of them; then each has the time that it has for its `stop`.
    ///
    /// # Errors
    ///
    /// [`ControlError`]; of those that had to be stopped, some may be.
    pub fn stop_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let id = self.known(id)?;
        let (claim, leaving) = loop {
            let leaving = steps::leaving(&self.core.crew.running(), &id);
            let claimed = leaving.iter().chain([&id]).cloned().collect();
            match self.core.crew.claims.take(claimed, BTreeSet::new(), "stop") {
                // Meanwhile another may have come that requires it.
                Ok(claim) if steps::leaving(&self.core.crew.running(), &id) == leaving => {
                    break (claim, leaving);
                }
                Ok(_) => {}
                Err(busy) => self.core.crew.claims.wait(&busy, deadline)?,
            }
        };
        let crew = &self.core.crew;
        let report = self.take_down(&leaving);
        // Where everything is being stopped, nobody comes back.
        let others = match crew.claims.is_called_off(claim.term()) {
            true => &[][..],
            false => &leaving,
        };
        let supervisor = &crew.shared.supervisor;
        supervisor.ordered_to_stop(&crew.shared.registry, &id, others);
        drop(claim);
        all_stopped(report)?;
        Ok(Change {
            stop: leaving,
            start: Vec::new(),
        })
    }

    /// What [`start_plugin`](Loader::start_plugin) would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::LeftOut`].
    pub fn would_start(&self, id: &str) -> Result<Change, ControlError> {
        let (mut inventory, running) = (self.core.inventory(), self.core.running_ids());
        let proposal = self.core.propose(&mut inventory, &Mode::Dry);
        let coming = steps::coming(&proposal, id, &running)?;
        Ok(Change {
            stop: Vec::new(),
            start: steps::ids(&proposal, &coming),
        })
    }

    /// Starts one plugin from what lies in the plugins directories now, and before it what it
    /// requires. Does nothing where it runs. Of two that start it at the same time, one does, and
    /// both are told what came of it. Until `deadline` it waits for whoever holds one of them.
    ///
    /// # Errors
    ///
    /// [`ControlError`]; what it requires may run then.
    pub fn start_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        loop {
            let mut inventory = self.core.inventory();
            let running = self.core.running_ids();
            if running.iter().any(|other| other.as_str() == id) {
                return Ok(Change::default());
            }
            let proposal = self
                .core
                .propose(&mut inventory, &Mode::Real(&self.core.store));
            let coming = steps::coming(&proposal, id, &running)?;
            let start = steps::ids(&proposal, &coming);
            let uses = steps::uses(&proposal, &coming);
            match self.core.crew.claims.take(start.clone(), uses, "start") {
                // Meanwhile one that it requires may have gone.
                Ok(_) if self.core.running_ids() != running => {}
                Ok(claim) => {
                    drop(inventory);
                    let up = self.core.bring_up(&proposal, &coming, &claim);
                    drop(claim);
                    self.came_to_run(id, &up)?;
                    let stop = Vec::new();
                    return Ok(Change { stop, start });
                }
                Err(busy) => {
                    drop(inventory);
                    self.core.crew.claims.wait(&busy, deadline)?;
                    if busy.id.as_str() == id && busy.comes_up() {
                        return self
                            .came_to_run(id, &BTreeSet::new())
                            .map(|()| Change::default());
                    }
                }
            }
        }
    }

    fn known(&self, id: &str) -> Result<PluginId, ControlError> {
        self.status(id)
            .map(|status| status.id)
            .ok_or_else(|| ControlError::Unknown(id.to_owned()))
    }

    /// Stops those that still run, in this order, each within its own time: however long somebody
    /// waited for its turn, what is well has the time to end well.
    fn take_down(&self, ids: &[PluginId]) -> StopReport {
        let crew = &self.core.crew;
        stop::some(crew, ids, stop::time_for(crew, ids), stop::Ends::new())
    }

    /// Whether it runs, or did when it was started, whatever came after that.
    fn came_to_run(&self, id: &str, up: &BTreeSet<PluginId>) -> Result<(), ControlError> {
        if up.iter().any(|up| up.as_str() == id) {
            return Ok(());
        }
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

/// The first of those that did not stop as they should, as an error.
fn all_stopped(report: StopReport) -> Result<(), ControlError> {
    match report.failed.into_iter().next() {
        Some((id, cause)) => Err(ControlError::NotStopped { id, cause }),
        None => Ok(()),
    }
}
