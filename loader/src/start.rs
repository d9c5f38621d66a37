//! Bringing plugins up: mapped, created, started; each as soon as what it needs runs.

mod settle;

use crate::{
    Isolation, Phase, Reason, Vetted,
    claims::Term,
    context::Room,
    crew::{Crew, Running},
    ffi::{Turn, Unload},
    inside::{self, What},
    instance::Instance,
    journal::Entry,
    loaded::{Loaded, MapError},
    registry::State,
    resolve::{Need, Wait},
    schedule::{self, Job, Watch, Work},
};
use jackfield_manifest::PluginId;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// One plugin that is to be started.
pub(crate) struct Planned {
    pub(crate) vetted: Arc<Vetted>,
    /// What it waits for; `step` is the place in the list of all that are to be started.
    pub(crate) waits: Vec<Wait>,
    /// What it requires and runs already.
    pub(crate) met: Vec<PluginId>,
    /// It may have ended the host before, so nothing else is inside while it comes up.
    pub(crate) alone: bool,
}

/// Starts everything, and returns when each runs, has failed or was abandoned: then those that came
/// to run. Each is let go of by the claim of this term as soon as nothing that requires it is on its
/// way up.
pub(crate) fn start(
    crew: &Arc<Crew>,
    planned: Vec<Planned>,
    threads: usize,
    term: Term,
) -> BTreeSet<PluginId> {
    let jobs: Vec<Job> = planned.iter().map(job).collect();
    let attempts = planned.into_iter().map(Attempt::new).collect();
    let work = Arc::new(BringUp {
        crew: Arc::clone(crew),
        attempts,
        open: Mutex::new(open(&jobs)),
        term,
    });
    let jobs_of_work = Arc::clone(&work) as Arc<dyn Work>;
    schedule::run(&jobs, threads, &jobs_of_work, &crew.hands, None);
    work.not_reached();
    work.came_to_run()
}

fn job(planned: &Planned) -> Job {
    Job {
        waits_for: planned
            .waits
            .iter()
            .map(|wait| wait.step as usize)
            .collect(),
        priority: planned.vetted.priority,
        alone: planned.alone,
    }
}

/// For each job, how much keeps it claimed: itself, and those that wait for it.
fn open(jobs: &[Job]) -> Vec<usize> {
    let mut open = vec![1; jobs.len()];
    for other in jobs.iter().flat_map(|job| &job.waits_for) {
        open[*other] += 1;
    }
    open
}

struct Attempt {
    planned: Planned,
    /// In the journal while plugin code runs. Taken away when the attempt is abandoned, so that
    /// nobody is blamed for what comes later.
    entry: Mutex<Option<Entry>>,
    /// `None` until it is decided; then whether it runs, or why not and the root cause.
    outcome: Mutex<Option<Result<(), Failed>>>,
}

#[derive(Clone)]
struct Failed {
    root_cause: String,
}

/// What a plugin requires and does not run.
struct Missing {
    id: PluginId,
    reason: Reason,
    root_cause: String,
}

impl Attempt {
    fn new(planned: Planned) -> Self {
        Self {
            planned,
            entry: Mutex::default(),
            outcome: Mutex::default(),
        }
    }

    fn entry(&self) -> MutexGuard<'_, Option<Entry>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outcome(&self) -> MutexGuard<'_, Option<Result<(), Failed>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct BringUp {
    crew: Arc<Crew>,
    attempts: Vec<Attempt>,
    /// How much keeps each of them claimed.
    open: Mutex<Vec<usize>>,
    term: Term,
}

/// The attempt was abandoned while it was inside the plugin.
struct Abandoned;

/// How long a step is waited for. A worker is ended when its time is over, and then it is told of that.
fn patience(vetted: &Vetted, limit: Duration) -> Duration {
    match vetted.isolation {
        Isolation::None => limit,
        Isolation::Process => limit + Duration::from_secs(5),
    }
}

impl Work for BringUp {
    fn run(&self, job: usize, watch: &Watch<'_>) {
        let attempt = &self.attempts[job];
        if self.is_called_off() {
            self.call_off(attempt);
            return self.settled(job);
        }
        match self.judge(&attempt.planned) {
            Err(missing) => self.leave_out(attempt, missing),
            Ok(degraded) => {
                let id = &attempt.planned.vetted.manifest.id;
                if !degraded.is_empty() {
                    self.crew
                        .shared
                        .registry
                        .amend(id, |status| status.degraded.extend(degraded));
                }
                let shared = &self.crew.shared;
                let vetted = &attempt.planned.vetted;
                shared.supervisor.begins(&shared.registry, vetted);
                *attempt.entry() = Some(self.crew.journal.slot());
                // What is abandoned was decided by the watchdog.
                let _ = self.bring_up(attempt, watch);
                *attempt.entry() = None;
            }
        }
        if attempt.outcome().is_some() && !watch.abandoned() {
            self.settled(job);
        }
    }

    fn overdue(&self, job: usize, step: &'static str, limit: Duration) {
        let attempt = &self.attempts[job];
        self.crew.abandon(&attempt.planned.vetted.manifest.id);
        *attempt.entry() = None;
        let pinned = Unload::Pinned(format!("a thread is still inside its {step}"));
        self.crew
            .note_unload(&attempt.planned.vetted.manifest.id, &pinned);
        self.fail(
            attempt,
            format!("{step} did not return within {} s", limit.as_secs_f64()),
        );
        self.settled(job);
    }

    fn came_back(&self, job: usize) {
        let id = &self.attempts[job].planned.vetted.manifest.id;
        self.crew.came_back(id);
    }
}

impl BringUp {
    /// The walk from a file in the store to a running plugin.
    fn bring_up(&self, attempt: &Attempt, watch: &Watch<'_>) -> Result<(), Abandoned> {
        let loaded = self.map(attempt, watch)?;
        self.acquit(attempt, Phase::Map);
        let Some(loaded) = loaded else {
            return Ok(());
        };
        if self.is_called_off() {
            let unload = loaded.unmap();
            let id = &attempt.planned.vetted.manifest.id;
            self.crew.note_unload(id, &unload);
            self.call_off(attempt);
            return Ok(());
        }
        let created = self.create(attempt, watch, loaded)?;
        self.acquit(attempt, Phase::Initialize);
        let Some(instance) = created else {
            return Ok(());
        };
        if self.is_called_off() {
            return self.turn_back(attempt, watch, instance);
        }
        let started = self.start(attempt, watch, instance)?;
        self.acquit(attempt, Phase::Start);
        let Some(instance) = started else {
            return Ok(());
        };
        if self.is_called_off() {
            return self.turn_back(attempt, watch, instance);
        }
        let vetted = &attempt.planned.vetted;
        instance.open(&self.crew.shared);
        let sequence = self.enter(attempt, State::Running);
        self.crew.running().push(Running {
            vetted: Arc::clone(vetted),
            instance: instance.clone(),
            requires: self.required(&attempt.planned),
            sequence,
        });
        let supervisor = &self.crew.shared.supervisor;
        supervisor.runs(&vetted.manifest.id, sequence, &instance);
        *attempt.outcome() = Some(Ok(()));
        Ok(())
    }

    /// Whoever meets a requirement of it.
    fn required(&self, planned: &Planned) -> Vec<PluginId> {
        let waits = planned
            .waits
            .iter()
            .filter(|wait| matches!(wait.need, Need::Required { .. }));
        let ids = waits.map(|wait| &self.attempts[wait.step as usize].planned.vetted.manifest.id);
        ids.chain(&planned.met).cloned().collect()
    }

    fn map(&self, attempt: &Attempt, watch: &Watch<'_>) -> Result<Option<Loaded>, Abandoned> {
        let vetted = &attempt.planned.vetted;
        if vetted.isolation == Isolation::Process {
            return self.isolate(attempt, watch);
        }
        let limit = vetted.deadlines.initialize;
        let turn = match Turn::wait(&vetted.manifest.id, limit) {
            Ok(turn) => turn,
            Err(stuck) => {
                self.refuse(attempt, &stuck.into());
                return Ok(None);
            }
        };
        self.mark(attempt, Phase::Map);
        // The lock is that of the system's loader: nobody else could map meanwhile.
        watch.step_that_holds_all("constructors", limit);
        let inside = self.inside(attempt, "constructors");
        let mapped = Loaded::map(vetted, turn);
        drop(inside);
        if watch.abandoned() {
            let unload = match mapped {
                Ok(loaded) => Some(loaded.unmap()),
                Err((_, unload)) => unload,
            };
            if let Some(unload) = unload {
                self.crew.note_unload(&vetted.manifest.id, &unload);
            }
            return Err(Abandoned);
        }
        match mapped {
            Ok(loaded) => {
                if !vetted.layout_known {
                    self.crew.note_fit(vetted.source);
                }
                self.enter(attempt, State::Loaded);
                Ok(Some(loaded))
            }
            Err((error, unload)) => {
                if let Some(unload) = unload {
                    self.crew.note_unload(&vetted.manifest.id, &unload);
                }
                self.refuse(attempt, &error);
                Ok(None)
            }
        }
    }

    /// As [`map`](Self::map), in a process of its own. That one has its deadline itself: it can be ended.
    fn isolate(&self, attempt: &Attempt, watch: &Watch<'_>) -> Result<Option<Loaded>, Abandoned> {
        let vetted = &attempt.planned.vetted;
        watch.step(
            "start of its worker",
            patience(vetted, vetted.deadlines.initialize),
        );
        let isolated = self.crew.isolate(vetted);
        if watch.abandoned() {
            return Err(Abandoned);
        }
        match isolated {
            Ok(loaded) => {
                self.enter(attempt, State::Loaded);
                Ok(Some(loaded))
            }
            Err(error) => {
                self.refuse(attempt, &error);
                Ok(None)
            }
        }
    }

    fn create(
        &self,
        attempt: &Attempt,
        watch: &Watch<'_>,
        loaded: Loaded,
    ) -> Result<Option<Instance>, Abandoned> {
        let vetted = &attempt.planned.vetted;
        self.enter(attempt, State::Initializing);
        self.mark(attempt, Phase::Initialize);
        let room = self.crew.room(vetted, &loaded.lease);
        watch.step("initialize", patience(vetted, vetted.deadlines.initialize));
        let inside = self.inside(attempt, "initialize");
        let created = loaded.create(room);
        drop(inside);
        let abandoned = watch.abandoned();
        match created {
            Ok(instance) if abandoned => {
                self.crew.take_down(instance, vetted.deadlines.stop);
                Err(Abandoned)
            }
            Ok(instance) => {
                self.enter(attempt, State::Initialized);
                Ok(Some(instance))
            }
            Err((loaded, room, error)) => {
                if !abandoned {
                    let limit = vetted.deadlines.stop.saturating_mul(2);
                    watch.step("unloading after a failed initialize", limit);
                }
                self.clean_up(loaded, &room, vetted.deadlines.stop);
                if abandoned || watch.abandoned() {
                    return Err(Abandoned);
                }
                self.fail(attempt, format!("initialize: {error}"));
                Ok(None)
            }
        }
    }

    fn start(
        &self,
        attempt: &Attempt,
        watch: &Watch<'_>,
        instance: Instance,
    ) -> Result<Option<Instance>, Abandoned> {
        let vetted = &attempt.planned.vetted;
        let deadlines = vetted.deadlines;
        self.enter(attempt, State::Starting);
        self.mark(attempt, Phase::Start);
        watch.step("start", patience(vetted, deadlines.start));
        let inside = self.inside(attempt, "start");
        let started = instance.start();
        drop(inside);
        if watch.abandoned() {
            self.crew.take_down(instance, deadlines.stop);
            return Err(Abandoned);
        }
        let Err(error) = started else {
            return Ok(Some(instance));
        };
        let step = "stop after a failed start";
        self.take_down(attempt, watch, instance, step, deadlines.stop)?;
        self.fail(attempt, format!("start: {error}"));
        Ok(None)
    }

    /// What `start` had half set up.
    fn take_down(
        &self,
        attempt: &Attempt,
        watch: &Watch<'_>,
        instance: Instance,
        step: &'static str,
        limit: Duration,
    ) -> Result<(), Abandoned> {
        // The limit is for waiting, and again for the plugin's own code.
        watch.step(step, limit.saturating_mul(2));
        let _inside = self.inside(attempt, step);
        self.crew.take_down(instance, limit);
        if watch.abandoned() {
            Err(Abandoned)
        } else {
            Ok(())
        }
    }

    /// What a failed `initialize` left behind: tasks and subscriptions, and the library.
    fn clean_up(&self, loaded: Loaded, room: &Arc<Room>, limit: Duration) {
        let unload = self.crew.discard(loaded, room, limit);
        self.crew.note_unload(&room.id, &unload);
    }

    fn mark(&self, attempt: &Attempt, step: Phase) {
        // What happens in a worker does not end this process.
        if attempt.planned.vetted.isolation == Isolation::Process {
            return;
        }
        if let Some(entry) = &*attempt.entry() {
            self.crew.mark(entry, &attempt.planned.vetted, step);
        }
    }

    fn inside(&self, attempt: &Attempt, step: &'static str) -> inside::Entry {
        let id = attempt.planned.vetted.manifest.id.as_str();
        let insides = &self.crew.shared.insides;
        insides.enter(&id.into(), What::Step(step))
    }

    /// The number of the transition.
    fn enter(&self, attempt: &Attempt, state: State) -> u64 {
        let id = &attempt.planned.vetted.manifest.id;
        self.crew.shared.registry.transition(id, state, None)
    }

    fn fail(&self, attempt: &Attempt, cause: String) {
        let vetted = &attempt.planned.vetted;
        let root_cause = format!("{}: {cause}", vetted.manifest.id);
        *attempt.outcome() = Some(Err(Failed { root_cause }));
        let (shared, id) = (&self.crew.shared, &vetted.manifest.id);
        shared.registry.transition(id, State::Failed, Some(cause));
        // Where everything is being stopped, nothing is started again.
        if !self.is_called_off() {
            shared.supervisor.failed(&shared.registry, id);
        }
    }

    fn refuse(&self, attempt: &Attempt, error: &MapError) {
        let vetted: &Vetted = &attempt.planned.vetted;
        let Some(code) = error.code() else {
            return self.fail(attempt, error.to_string());
        };
        let text = error.to_string();
        let registry = &self.crew.shared.registry;
        registry.amend(&vetted.manifest.id, |status| {
            status.reasons = vec![Reason::new(code, text.clone())];
        });
        let root_cause = format!("{}: {text}", vetted.manifest.id);
        *attempt.outcome() = Some(Err(Failed { root_cause }));
        registry.transition(&vetted.manifest.id, State::Rejected, Some(text));
    }

    /// A suspect that was inside this step alone has come out of it, and the process lives.
    fn acquit(&self, attempt: &Attempt, step: Phase) {
        let vetted: &Vetted = &attempt.planned.vetted;
        if !attempt.planned.alone {
            return;
        }
        let mut quarantine = self
            .crew
            .quarantine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = quarantine.acquit(&vetted.hash, step) {
            let id = &vetted.manifest.id;
            log::warn!(
                "{id}: came out of its {} alone, but that cannot be noted: {error}",
                step.as_str()
            );
        }
    }
}
