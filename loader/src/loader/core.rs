//! What the facade and the supervisor share, and what both do with it.

use crate::{
    Code, Inventory, Proposal, Quarantine, Reason, Rejected, State, Status, StopReport, Store,
    claims::{Busy, Claim},
    control::steps,
    crew::Crew,
    inventory::{Found, Mode},
    proposal::Considered,
    start, stop,
    supervise::Supervisor,
};
use jackfield_manifest::PluginId;
use rustc_hash::FxHashSet;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant, SystemTime},
};

/// For how long a start of everything waits for whoever holds a plugin: longer than any deadline.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// A loader without its lock on the state directory.
pub(crate) struct Core {
    /// Not held while plugin code runs.
    inventory: Mutex<Inventory>,
    pub(crate) store: Store,
    pub(crate) crew: Arc<Crew>,
    left_out: Mutex<Vec<Rejected>>,
    /// For the supervisor, which must not keep it alive.
    own: Weak<Self>,
}

impl Core {
    pub(crate) fn new(inventory: Inventory, store: Store, crew: Arc<Crew>) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            inventory: Mutex::new(inventory),
            store,
            crew,
            left_out: Mutex::default(),
        })
    }

    pub(crate) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        self.inventory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn left_out(&self) -> MutexGuard<'_, Vec<Rejected>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn propose(&self, inventory: &mut Inventory, mode: &Mode<'_>) -> Proposal {
        inventory.reconfigure(self.crew.reconfigured.take());
        let quarantine: MutexGuard<'_, Quarantine> = self
            .crew
            .quarantine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let proposal = Proposal::make(inventory, &quarantine, mode);
        drop(quarantine);
        self.forget_removed(&proposal);
        proposal
    }

    /// What was stopped or disabled, and has no file any more, is known no longer. What runs stays what
    /// it is; so does what failed or was left out, until somebody stops it.
    fn forget_removed(&self, proposal: &Proposal) {
        let found = proposal.plugins.iter().map(|plugin| &plugin.manifest.id);
        let found: FxHashSet<&PluginId> = found.collect();
        let is_there = |status: &Status| {
            let is_same = |unreadable: &Found| unreadable.path == status.path;
            found.contains(&status.id) || proposal.unreadable.iter().any(is_same)
        };
        let gone = self.crew.shared.registry.forget(|status| {
            let is_down = matches!(status.state, State::Stopped | State::Disabled);
            is_down && !is_there(status) && !self.crew.claims.comes_up(&status.id)
        });
        for id in gone {
            log::info!("{id}: its file is gone, and it does not run: it is known no longer");
        }
    }

    pub(crate) fn running_ids(&self) -> BTreeSet<PluginId> {
        let running = self.crew.running();
        running
            .iter()
            .map(|running| running.vetted.manifest.id.clone())
            .collect()
    }

    /// Looks how many calls are inside each plugin that runs.
    pub(crate) fn look_inside(&self, now: Instant) {
        let running = self.crew.running();
        let gates = running
            .iter()
            .map(|running| (&running.vetted.manifest.id, &*running.instance.slot));
        self.crew.shared.insides.look_at(now, gates);
    }

    /// Starts what is enabled and does not run.
    pub(crate) fn start(&self) -> Proposal {
        let (proposal, steps, claim) = self.claim_all();
        for warning in &proposal.warnings {
            log::warn!("{warning}");
        }
        self.enter(&proposal);
        let _ = self.come_up(&proposal, &steps, &claim);
        drop(claim);
        self.remember();
        proposal
    }

    fn claim_all(&self) -> (Proposal, BTreeSet<usize>, Claim<'_>) {
        loop {
            let mut inventory = self.inventory();
            let proposal = self.propose(&mut inventory, &Mode::Real(&self.store));
            let running = self.running_ids();
            let steps: BTreeSet<usize> = (0..proposal.plan.start.len())
                .filter(|&step| !running.contains(steps::whose(&proposal, step)))
                .collect();
            let (ids, uses) = (
                steps::ids(&proposal, &steps),
                steps::uses(&proposal, &steps),
            );
            let claimed = self.crew.claims.take(ids, uses, "start");
            drop(inventory);
            match claimed {
                // Meanwhile one that is required may have gone.
                Ok(_) if self.running_ids() != running => {}
                Ok(claim) => return (proposal, steps, claim),
                Err(busy) => {
                    // Whoever it is has deadlines of its own; then it is tried again.
                    let _ = self.crew.claims.wait(&busy, Instant::now() + PATIENCE);
                }
            }
        }
    }

    /// Starts those steps of the plan. The claim is let go of plugin by plugin.
    fn come_up(
        &self,
        proposal: &Proposal,
        steps: &BTreeSet<usize>,
        claim: &Claim<'_>,
    ) -> BTreeSet<PluginId> {
        if !steps.is_empty() {
            Supervisor::watch_over(&self.crew.shared, &self.own);
        }
        let threads = self.inventory().options().threads.get();
        let planned = steps::planned(proposal, steps);
        start::start(&self.crew, planned, threads, claim.term())
    }

    /// The same, for some of them while the others go on; those that came to run.
    pub(crate) fn bring_up(
        &self,
        proposal: &Proposal,
        coming: &BTreeSet<usize>,
        claim: &Claim<'_>,
    ) -> BTreeSet<PluginId> {
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
        let up = self.come_up(proposal, coming, claim);
        drop(self.note_fits());
        up
    }

    /// Stops everything within that time. What is under way is called off: it takes itself down
    /// when it comes back, and is waited for, but for no longer than half of the time before those
    /// that run are stopped.
    pub(crate) fn stop(&self, limit: Duration) -> StopReport {
        let until = Instant::now() + limit;
        let seized = match self.crew.claims.seize("stop", until) {
            Ok(seized) => seized,
            Err(already) => {
                return StopReport {
                    refused: Some(already),
                    ..StopReport::default()
                };
            }
        };
        // What is under way is not held up by this: it needs no claim to end.
        drop(seized.wait(Instant::now() + limit / 2));
        let shared = &self.crew.shared;
        shared.supervisor.stand_down(&shared.registry);
        let left = until.saturating_duration_since(Instant::now());
        let mut report = stop::stop(&self.crew, left);
        for busy in seized.wait(until) {
            if !report.failed.iter().any(|(id, _)| *id == busy.id) {
                let Busy { what, held, .. } = busy;
                let cause = format!("in the middle of a {what}, for {} ms", held.as_millis());
                report.failed.push((busy.id, cause));
            }
        }
        // Once more, for what began to fail before it was called off.
        shared.supervisor.stand_down(&shared.registry);
        drop(seized);
        report
    }

    /// Writes down what was found out of files and their layouts.
    pub(crate) fn note_fits(&self) -> MutexGuard<'_, Inventory> {
        let mut inventory = self.inventory();
        inventory.note_fits(&self.crew.take_fits());
        inventory.remember();
        inventory
    }

    /// The same, and removes copies that nobody needs any more.
    fn remember(&self) {
        let inventory = self.note_fits();
        if inventory.has_admitted() {
            let running = self.crew.running();
            let live: Vec<_> = running.iter().map(|running| running.vetted.hash).collect();
            drop(running);
            inventory.sweep(&self.store, &live);
        }
    }

    /// Puts everything that the proposal says into the registry.
    fn enter(&self, proposal: &Proposal) {
        let registry = &self.crew.shared.registry;
        let mut reasons: BTreeMap<usize, (&[Reason], Option<&str>)> = BTreeMap::new();
        for rejection in &proposal.plan.rejected {
            reasons.insert(
                rejection.node,
                (&rejection.reasons, rejection.root_cause.as_deref()),
            );
        }
        let mut entered = Vec::new();
        let mut left_out = Vec::new();
        for found in &proposal.unreadable {
            if let Some(reason) = found.reasons.first() {
                log::warn!("{}: not started: {}", found.path.display(), reason.message);
            }
            left_out.push(Rejected {
                path: found.path.clone(),
                id: None,
                version: None,
                reasons: found.reasons.clone(),
                root_cause: None,
            });
        }
        let plugins = proposal.plugins.iter().enumerate();
        // What speaks against each.
        let against: Vec<(&Considered, &[Reason], Option<&str>)> = plugins
            .map(|(node, plugin)| {
                let before = plugin.enabled && !plugin.reasons.is_empty();
                match reasons.get(&node) {
                    _ if before => (plugin, &plugin.reasons[..], None),
                    Some(&(reasons, root_cause)) => (plugin, reasons, root_cause),
                    None => (plugin, &[][..], None),
                }
            })
            .collect();
        for &(plugin, own, root_cause) in &against {
            let status = status(plugin, own, root_cause);
            if status.state != State::Vetted {
                left_out.push(rejected(&status));
            }
            if !own
                .iter()
                .any(|r| matches!(r.code, Code::Superseded | Code::DuplicateId))
            {
                entered.push(status);
            }
        }
        *self.left_out() = left_out;
        // Of several files with one id, the one that starts is what its status tells of.
        entered.sort_by_key(|status| status.state == State::Vetted);
        let running = self.running_ids();
        entered.retain(|status| !running.contains(&status.id));
        for status in entered {
            registry.insert(status);
        }
        // Not before: who hears of a plugin may ask for it.
        for (plugin, own, root_cause) in against {
            say(plugin, own, root_cause);
        }
        for degraded in &proposal.plan.degraded {
            let id = &proposal.plugins[degraded.node].manifest.id;
            registry.amend(id, |status| status.degraded.push(degraded.message.clone()));
        }
        for warning in &proposal.plan.warnings {
            log::warn!("{}", warning.message);
        }
    }
}

pub(crate) fn status(plugin: &Considered, reasons: &[Reason], root_cause: Option<&str>) -> Status {
    let state = match reasons.first().map(|reason| reason.code) {
        None => State::Vetted,
        Some(Code::Disabled) => State::Disabled,
        Some(Code::Quarantined) => State::Quarantined,
        Some(_) => State::Rejected,
    };
    Status {
        id: plugin.manifest.id.clone(),
        version: plugin.manifest.version.clone(),
        path: plugin.path.clone(),
        manifest: Arc::clone(&plugin.manifest),
        hash: plugin.hash,
        state,
        since: SystemTime::now(),
        reasons: reasons.to_vec(),
        root_cause: root_cause.map(str::to_owned),
        cause: None,
        degraded: Vec::new(),
        health: None,
        restarts: 0,
        restart: None,
        unload: None,
    }
}

fn rejected(status: &Status) -> Rejected {
    Rejected {
        path: status.path.clone(),
        id: Some(status.id.clone()),
        version: Some(status.version.clone()),
        reasons: status.reasons.clone(),
        root_cause: status.root_cause.clone(),
    }
}

/// One line for each plugin: that it was found, or that it does not start.
fn say(plugin: &Considered, reasons: &[Reason], root_cause: Option<&str>) {
    let (id, version) = (&plugin.manifest.id, &plugin.manifest.version);
    let path = plugin.path.display();
    let Some(reason) = reasons.first() else {
        log::info!("{id} {version}: found in {path}");
        return;
    };
    let level = match reason.code {
        Code::Disabled => log::Level::Debug,
        Code::Superseded => log::Level::Info,
        _ => log::Level::Warn,
    };
    let message = &reason.message;
    match root_cause {
        None => log::log!(level, "{id} {version} ({path}): not started: {message}"),
        Some(cause) => log::log!(
            level,
            "{id} {version} ({path}): not started: {message} (root cause: {cause})"
        ),
    }
}
