//! Stopping plugins: exactly the reverse of the order in which they came to run.

use crate::{
    AlreadyStopping, Vetted,
    crew::{Crew, Running},
    ffi::Unload,
    inside::What,
    instance::Instance,
    registry::State,
    schedule::{self, Job, Watch, Work},
};
use jackfield_manifest::PluginId;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What each step of each plugin gets, however late it is.
const LEAST: Duration = Duration::from_millis(20);

/// What came of stopping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopReport {
    /// Who stopped, in that order, and whether their libraries are gone.
    pub stopped: Vec<(PluginId, Unload)>,
    /// Who did not stop as it should, and why.
    pub failed: Vec<(PluginId, String)>,
    /// Why nothing was stopped: somebody else was stopping everything.
    pub refused: Option<AlreadyStopping>,
}

impl StopReport {
    /// Whether nothing is left to be stopped.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.refused.is_none()
    }
}

/// Where plugins end instead of at `stopped`, and why.
pub(crate) type Ends = BTreeMap<PluginId, (State, String)>;

/// Stops everything that runs, within `limit` altogether; each plugin has its own deadline within
/// that.
pub(crate) fn stop(crew: &Arc<Crew>, limit: Duration) -> StopReport {
    let running = std::mem::take(&mut *crew.running());
    stop_all(crew, running, limit, Ends::new())
}

/// Enough time for all of these to be stopped, each within its deadline.
pub(crate) fn time_for(crew: &Crew, ids: &[PluginId]) -> Duration {
    let running = crew.running();
    let own = running
        .iter()
        .filter(|running| ids.contains(&running.vetted.manifest.id));
    // For what is under way, for `stop`, and for its drop.
    own.map(|running| running.vetted.deadlines.stop * 3).sum()
}

/// The same for some of them.
pub(crate) fn some(crew: &Arc<Crew>, ids: &[PluginId], limit: Duration, ends: Ends) -> StopReport {
    let is_one = |running: &mut Running| ids.contains(&running.vetted.manifest.id);
    let running = crew.running().extract_if(.., is_one).collect();
    stop_all(crew, running, limit, ends)
}

fn stop_all(
    crew: &Arc<Crew>,
    mut running: Vec<Running>,
    limit: Duration,
    ends: Ends,
) -> StopReport {
    running.sort_unstable_by_key(|running| Reverse(running.sequence));
    let jobs: Vec<Job> = (0..running.len())
        .map(|index| Job {
            waits_for: index.checked_sub(1).into_iter().collect(),
            priority: 0,
            alone: false,
        })
        .collect();
    let work = Arc::new(TakeDown {
        crew: Arc::clone(crew),
        leaving: running.into_iter().map(Leaving::from).collect(),
        until: Instant::now() + limit,
        ends,
        report: Mutex::default(),
    });
    schedule::run(
        &jobs,
        1,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &crew.hands,
        Some(work.give_up()),
    );
    work.not_reached(limit);
    std::mem::take(&mut *work.report())
}

/// A plugin on its way out.
struct Leaving {
    vetted: Arc<Vetted>,
    requires: Vec<PluginId>,
    sequence: u64,
    /// `None` once it is being dropped.
    instance: Mutex<Option<Instance>>,
}

impl From<Running> for Leaving {
    fn from(running: Running) -> Self {
        Self {
            vetted: running.vetted,
            requires: running.requires,
            sequence: running.sequence,
            instance: Mutex::new(Some(running.instance)),
        }
    }
}

impl Leaving {
    fn id(&self) -> &PluginId {
        &self.vetted.manifest.id
    }

    fn instance(&self) -> MutexGuard<'_, Option<Instance>> {
        self.instance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on.
    fn stays(&self) -> Option<Running> {
        Some(Running {
            instance: self.instance().take()?,
            vetted: Arc::clone(&self.vetted),
            requires: self.requires.clone(),
            sequence: self.sequence,
        })
    }
}

struct TakeDown {
    crew: Arc<Crew>,
    leaving: Vec<Leaving>,
    /// When all have to be done.
    until: Instant,
    ends: Ends,
    report: Mutex<StopReport>,
}

impl TakeDown {
    fn report(&self) -> MutexGuard<'_, StopReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it is of no use to wait on: each plugin that is reached has had its least time thrice.
    fn give_up(&self) -> Instant {
        let all = u32::try_from(self.leaving.len()).unwrap_or(u32::MAX);
        self.until + LEAST.saturating_mul(all).saturating_mul(3) + Duration::from_secs(1)
    }

    /// Those that no thread came to: there is none left, and while constructors hang none can be
    /// made.
    fn not_reached(&self, limit: Duration) {
        let left: Vec<&Leaving> = {
            let report = self.report();
            let reached = |id| {
                report.stopped.iter().any(|(stopped, _)| stopped == id)
                    || report.failed.iter().any(|(failed, _)| failed == id)
            };
            let left = self.leaving.iter().filter(|leaving| !reached(leaving.id()));
            left.collect()
        };
        for leaving in left {
            let seconds = limit.as_secs_f64();
            self.failed(
                leaving.id(),
                format!("not stopped: no thread came to it within {seconds} s"),
            );
            // Its drop is plugin code as well, so it stays.
            self.crew.running().extend(leaving.stays());
        }
    }

    /// A plugin's own limit, or what is left for all; never less than [`LEAST`], so that each is called.
    fn limit(&self, own: Duration) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        // In whole milliseconds: it stands in messages.
        let left = Duration::from_millis(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        own.min(left).max(LEAST)
    }

    fn failed(&self, id: &PluginId, cause: String) {
        let cause = match self.ends.get(id) {
            Some((State::Failed, before)) => format!("{before}; then {cause}"),
            _ => cause,
        };
        self.report().failed.push((id.clone(), cause.clone()));
        self.crew
            .shared
            .registry
            .transition(id, State::Failed, Some(cause));
    }
}

impl Work for TakeDown {
    fn run(&self, job: usize, watch: &Watch<'_>) {
        let leaving = &self.leaving[job];
        let Some(instance) = leaving.instance().clone() else {
            return;
        };
        let (vetted, id) = (&leaving.vetted, leaving.id());
        let registry = &self.crew.shared.registry;
        registry.transition(id, State::Stopping, None);
        self.crew.shared.supervisor.leaves(id);
        let limit = self.limit(vetted.deadlines.stop);
        let unfinished = instance.quiesce(&self.crew.shared, limit).err();
        watch.step("stop", self.limit(vetted.deadlines.stop));
        let insides = &self.crew.shared.insides;
        let name = id.as_str().into();
        let inside = insides.enter(&name, What::Step("stop"));
        let stopped = instance.stop();
        drop(inside);
        let abandoned = watch.abandoned();
        // The plugin's drop may hang as well.
        watch.step("drop", self.limit(vetted.deadlines.stop));
        *leaving.instance() = None;
        let inside = insides.enter(&name, What::Step("drop"));
        let unload = match &unfinished {
            None => instance.unload(),
            Some(what) => {
                drop(instance);
                Unload::Pinned(what.clone())
            }
        };
        drop(inside);
        // Late or not, the library is gone now, or is not.
        let abandoned = watch.abandoned() || abandoned;
        self.crew.note_unload(id, &unload);
        if abandoned {
            return;
        }
        match stopped
            .err()
            .map(|error| format!("stop: {error}"))
            .or(unfinished)
        {
            Some(cause) => self.failed(id, cause),
            None => {
                let end = self.ends.get(id).cloned();
                let (state, cause) = end.map_or((State::Stopped, None), |(state, cause)| {
                    (state, Some(cause))
                });
                registry.transition(id, state, cause);
                self.report().stopped.push((id.clone(), unload));
            }
        }
    }

    fn overdue(&self, job: usize, step: &'static str, limit: Duration) {
        let id = self.leaving[job].id();
        self.crew.abandon(id);
        let pinned = Unload::Pinned(format!("a thread is still inside its {step}"));
        self.crew.note_unload(id, &pinned);
        self.failed(
            id,
            format!("{step} did not return within {} s", limit.as_secs_f64()),
        );
    }

    fn came_back(&self, job: usize) {
        self.crew.came_back(self.leaving[job].id());
    }
}
