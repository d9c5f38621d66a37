//! What the supervisor has done, each on a thread that may be held up by a plugin.

use super::{
    health::{self, Told},
    state::{Action, Ask, Failure},
};
use crate::{
    HealthStatus, State,
    control::steps,
    inside::What,
    loader::core::Core,
    stop::{self, Ends},
};
use jackfield_manifest::PluginId;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// For how long it is waited until a plugin that has failed can be taken down: longer than any
/// deadline of whoever holds it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// Has it done, on a thread of its own where a plugin may hold it up.
pub(super) fn act(core: &Arc<Core>, action: Action) {
    let crew = &core.crew;
    let shared = &crew.shared;
    match action {
        Action::Ask(_) | Action::Fail(_) | Action::Revive(_) | Action::Look(_) => {
            hand_on(core, action);
        }
        Action::Tell(id, told) => tell(core, &id, *told),
        Action::Abandon => crew.count_abandoned(),
        Action::Show(id, recovery) => shared.supervisor.show(&shared.registry, &id, recovery),
        Action::Watch => {
            let (now, insides) = (Instant::now(), &shared.insides);
            core.look_inside(now);
            insides.tell(now, shared.supervisor.timing.inside_for);
        }
    }
}

/// Has it done on a thread of its own. Where none can be made it is put back.
fn hand_on(core: &Arc<Core>, action: Action) {
    let crew = &core.crew;
    let hands = match action {
        Action::Ask(_) => &crew.askers,
        _ => &crew.hands,
    };
    let (own, same) = (Arc::clone(core), action.clone());
    if let Err(error) = hands.run(Box::new(move || carry_out(&own, same))) {
        log::error!("cannot start a thread, a plugin is not looked after for now: {error}");
        let supervisor = &crew.shared.supervisor;
        let later = Instant::now() + supervisor.timing.watch;
        supervisor.lock().put_back(action, later);
    }
}

fn carry_out(core: &Arc<Core>, action: Action) {
    match action {
        Action::Ask(ask) => ask_all(core, ask),
        Action::Fail(failure) => core.take_failed(&failure),
        Action::Revive(ids) => core.revive(&ids),
        Action::Look(files) => {
            for (id, file) in files {
                if let Some(file) = file.look() {
                    core.changed(&id, file);
                }
            }
            core.crew.shared.supervisor.lock().is_looking = false;
        }
        // These hold nobody up.
        Action::Tell(..) | Action::Abandon | Action::Show(..) | Action::Watch => {}
    }
}

/// Asks a plugin for its health, and then the next that waits.
fn ask_all(core: &Arc<Core>, first: Ask) {
    let mut next = Some(first);
    while let Some(ask) = next {
        next = answer(core, &ask);
    }
}

/// Asks a plugin; gives the next question.
fn answer(core: &Arc<Core>, ask: &Ask) -> Option<Ask> {
    let began = Instant::now();
    let answer = ask.slot.enter().map(|entered| {
        let insides = &core.crew.shared.insides;
        let _inside = insides.enter(&ask.name, What::Health);
        entered.health()
    });
    let took = began.elapsed();
    let outcome = match answer {
        Some(answer) => health::judge(answer),
        None => Err("it is being stopped".to_owned()),
    };
    let own = &core.crew.shared.supervisor;
    let mut state = own.lock();
    let (was_overdue, told) = state.answered(ask.number, outcome, took, &own.timing);
    let next = state.next_question(Instant::now());
    let is_urgent = state.is_urgent(next.as_ref());
    drop(state);
    if is_urgent {
        own.changed.notify_one();
    }
    if was_overdue {
        core.crew.uncount_abandoned();
    }
    if let Some((id, told)) = told {
        tell(core, &id, *told);
    }
    next
}

/// Writes down what came of a question, and logs a verdict that is another than before.
fn tell(core: &Core, id: &PluginId, told: Told) {
    let Told { report, before, .. } = told;
    let verdict = report.verdict;
    if let Some(before) = before {
        let is_news = before.is_some() || verdict != HealthStatus::Healthy;
        let level = match verdict {
            HealthStatus::Healthy => log::Level::Info,
            HealthStatus::Degraded | HealthStatus::Unhealthy => log::Level::Warn,
        };
        if is_news && log::log_enabled!(level) {
            let from = before.map_or(String::new(), |before| format!("{before} -> "));
            let why = match &*report.message {
                "" => String::new(),
                message => format!(": {}", message.escape_debug()),
            };
            log::log!(level, "{id}: {from}{verdict}{why}");
        }
    }
    let registry = &core.crew.shared.registry;
    registry.amend(id, |status| {
        if status.state == State::Running {
            status.health = Some(report);
        }
    });
}

impl Core {
    /// Takes down a plugin that has failed while it ran, and before it those that require it.
    fn take_failed(&self, failure: &Failure) {
        let Failure {
            id,
            sequence,
            cause,
        } = failure;
        let (crew, shared) = (&self.crew, &self.crew.shared);
        let until = Instant::now() + PATIENCE;
        let runs = || {
            let running = crew.running();
            let is_it = |other: &crate::crew::Running| other.sequence == *sequence;
            running
                .iter()
                .any(is_it)
                .then(|| steps::leaving(&running, id))
        };
        while let Some(leaving) = runs() {
            let busy = match crew.claims.take(leaving.clone(), BTreeSet::new(), "stop") {
                Ok(claim) if runs().as_ref() == Some(&leaving) => {
                    log::error!("{id}: {cause}");
                    let mut ends = Ends::new();
                    for other in leaving.iter().filter(|other| *other != id) {
                        let why = format!("requires {id}, which has failed");
                        ends.insert(other.clone(), (State::Stopped, why));
                    }
                    ends.insert(id.clone(), (State::Failed, cause.clone()));
                    let limit = stop::time_for(crew, &leaving);
                    stop::some(crew, &leaving, limit, ends);
                    shared.supervisor.lock().record(id).failing = None;
                    // Where everything is being stopped, nothing is started again.
                    if !crew.claims.is_called_off(claim.term()) {
                        for other in leaving.iter().filter(|other| *other != id) {
                            shared.supervisor.awaits(&shared.registry, other, id);
                        }
                        shared.supervisor.failed(&shared.registry, id);
                    }
                    drop(claim);
                    return;
                }
                Ok(_) => continue,
                Err(busy) => busy,
            };
            if crew.claims.wait(&busy, until).is_err() {
                break;
            }
        }
        shared.supervisor.lock().record(id).failing = None;
    }
}
