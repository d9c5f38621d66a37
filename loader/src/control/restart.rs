//! One plugin stopped and started again, with those that require it.

use super::{Change, ControlError, all_stopped, steps};
use crate::{
    Loader, Proposal,
    claims::Claim,
    inventory::{Inventory, Mode},
    stop::StopReport,
};
use jackfield_manifest::PluginId;
use std::{collections::BTreeSet, time::Instant};

impl Loader {
    /// What [`restart_plugin`](Loader::restart_plugin) would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::LeftOut`].
    pub fn would_restart(&self, id: &str) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        let (change, ..) = self.restart(&mut self.core.inventory(), &known, &Mode::Dry)?;
        Ok(change)
    }

    /// Stops one plugin and those that require it, and starts it from what lies in the plugins
    /// directories now, with those of them that ran. Until `deadline` it waits for whoever holds one
    /// of them.
    ///
    /// # Errors
    ///
    /// [`ControlError`]. Where what lies there now cannot be started, nothing is stopped. Where one
    /// does not stop as it should, that is the error, and the others are started all the same; so is
    /// that one, at once or, where somebody is inside it still, as after any failure.
    pub fn restart_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        loop {
            let mut inventory = self.core.inventory();
            let mode = Mode::Real(&self.core.store);
            let (change, proposal, coming) = self.restart(&mut inventory, &known, &mode)?;
            let Change { stop, start } = change;
            let all: BTreeSet<_> = stop.iter().chain(&start).cloned().collect();
            let uses = steps::uses(&proposal, &coming);
            match self
                .core
                .crew
                .claims
                .take(all.into_iter().collect(), uses, "restart")
            {
                Ok(claim) => {
                    drop(inventory);
                    let report = self.take_down(&stop);
                    let up = self.bring_back(&proposal, &coming, &report, &claim);
                    drop(claim);
                    all_stopped(report)?;
                    self.came_to_run(id, &up)?;
                    return Ok(Change { stop, start });
                }
                Err(busy) => {
                    drop(inventory);
                    self.core.crew.claims.wait(&busy, deadline)?;
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
        let stop = steps::leaving(&self.core.crew.running(), id);
        let mut running = self.core.running_ids();
        running.retain(|id| !stop.contains(id));
        let proposal = self.core.propose(inventory, mode);
        let mut coming = steps::coming(&proposal, id.as_str(), &running)?;
        steps::coming_back(&proposal, &stop, &running, &mut coming);
        let start = steps::ids(&proposal, &coming);
        Ok((Change { stop, start }, proposal, coming))
    }

    /// Starts those steps of the plan. One that did not stop as it should, and has somebody inside,
    /// cannot be started before they have left: it is left to the supervisor, as are those that
    /// require it.
    fn bring_back(
        &self,
        proposal: &Proposal,
        coming: &BTreeSet<usize>,
        report: &StopReport,
        claim: &Claim<'_>,
    ) -> BTreeSet<PluginId> {
        let shared = &self.core.crew.shared;
        let supervisor = &shared.supervisor;
        let failed = report.failed.iter().map(|(id, _)| id);
        let held: BTreeSet<&PluginId> = failed.filter(|id| supervisor.is_occupied(id)).collect();
        if held.is_empty() {
            return self.core.bring_up(proposal, coming, claim);
        }
        let mut wanted: BTreeSet<PluginId> = steps::ids(proposal, coming).into_iter().collect();
        wanted.retain(|id| !held.contains(id));
        let (steps, lacking) = steps::reviving(proposal, &wanted, &self.core.running_ids());
        let up = self.core.bring_up(proposal, &steps, claim);
        if !self.core.crew.claims.is_called_off(claim.term()) {
            for (id, other) in &lacking {
                supervisor.awaits(&shared.registry, id, other);
            }
            for id in held {
                supervisor.failed(&shared.registry, id);
            }
        }
        up
    }
}
