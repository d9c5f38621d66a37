//! What becomes of an attempt before it is inside the plugin, and once it is over.

use super::{Abandoned, Attempt, BringUp, Failed, Missing, Planned};
use crate::{
    Code, Reason,
    instance::Instance,
    registry::State,
    resolve::Need,
    schedule::{NO_THREAD, Watch},
};
use jackfield_manifest::PluginId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

impl BringUp {
    pub(super) fn came_to_run(&self) -> BTreeSet<PluginId> {
        let up = |attempt: &&Attempt| matches!(*attempt.outcome(), Some(Ok(())));
        let ids = self.attempts.iter().filter(up);
        ids.map(|attempt| attempt.planned.vetted.manifest.id.clone())
            .collect()
    }

    /// Those that no thread came to, because none could be made.
    pub(super) fn not_reached(&self) {
        let left = self.attempts.iter();
        for attempt in left.filter(|attempt| attempt.outcome().is_none()) {
            if self.is_called_off() {
                self.call_off(attempt);
                continue;
            }
            let shared = &self.crew.shared;
            let vetted = &attempt.planned.vetted;
            shared.supervisor.begins(&shared.registry, vetted);
            let seconds = NO_THREAD.as_secs_f64();
            self.fail(
                attempt,
                format!("no thread could be made for it within {seconds} s"),
            );
        }
    }

    /// Everything is being stopped since this began.
    pub(super) fn is_called_off(&self) -> bool {
        self.crew.claims.is_called_off(self.term)
    }

    pub(super) fn call_off(&self, attempt: &Attempt) {
        let root_cause = "everything is being stopped".to_owned();
        let id = &attempt.planned.vetted.manifest.id;
        let cause = format!("not started: {root_cause}");
        let registry = &self.crew.shared.registry;
        registry.transition(id, State::Stopped, Some(cause));
        *attempt.outcome() = Some(Err(Failed { root_cause }));
    }

    /// Takes an instance down whose start was called off.
    pub(super) fn turn_back(
        &self,
        attempt: &Attempt,
        watch: &Watch<'_>,
        instance: Instance,
    ) -> Result<(), Abandoned> {
        self.enter(attempt, State::Stopping);
        let limit = attempt.planned.vetted.deadlines.stop;
        self.take_down(attempt, watch, instance, "stop", limit)?;
        self.call_off(attempt);
        Ok(())
    }

    /// The job has ended: whoever is not waited for by others any more can be claimed again.
    pub(super) fn settled(&self, job: usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = self.attempts[job].planned.waits.iter();
        for step in waits.map(|wait| wait.step as usize).chain([job]) {
            open[step] -= 1;
            if open[step] == 0 {
                let id = &self.attempts[step].planned.vetted.manifest.id;
                self.crew.claims.release(self.term, id);
            }
        }
    }

    /// Whether what it requires runs; if so, what it has to do without.
    pub(super) fn judge(&self, planned: &Planned) -> Result<Vec<String>, Missing> {
        let mut met: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut degraded = Vec::new();
        for wait in &planned.waits {
            if let Need::Required { requirement } | Need::Optional { requirement } = wait.need {
                met.entry(requirement).or_default().push(wait.step as usize);
            }
        }
        for (requirement, providers) in met {
            let failures: Vec<(usize, Failed)> = providers
                .iter()
                .filter_map(|&step| Some((step, self.attempts[step].outcome().clone()?.err()?)))
                .collect();
            if failures.len() < providers.len() {
                continue;
            }
            let (step, failed) = &failures[0];
            let other = &self.attempts[*step].planned.vetted.manifest.id;
            let text = format!("requires {other}, which was not started");
            if planned.vetted.manifest.requires[requirement as usize].optional {
                degraded.push(format!("runs without {other}: {}", failed.root_cause));
            } else {
                return Err(Missing {
                    id: other.clone(),
                    reason: Reason::new(Code::DependencyFailed, text),
                    root_cause: failed.root_cause.clone(),
                });
            }
        }
        Ok(degraded)
    }

    pub(super) fn leave_out(&self, attempt: &Attempt, missing: Missing) {
        let Missing {
            id: other,
            reason,
            root_cause,
        } = missing;
        let id = &attempt.planned.vetted.manifest.id;
        let text = format!("{} (root cause: {root_cause})", reason.message);
        let registry = &self.crew.shared.registry;
        registry.amend(id, |status| {
            status.reasons = vec![reason];
            status.root_cause = Some(root_cause.clone());
        });
        registry.transition(id, State::Rejected, Some(text));
        if !self.is_called_off() {
            let supervisor = &self.crew.shared.supervisor;
            supervisor.lacks(registry, &attempt.planned.vetted, &other);
        }
        *attempt.outcome() = Some(Err(Failed { root_cause }));
    }
}
