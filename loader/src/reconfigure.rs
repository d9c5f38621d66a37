//! Another configuration for a plugin that runs.

use crate::{
    CallError, ConfigError, State, Vetted, config, context::not_serving, crew::Crew, ffi::Slot,
    inside::What,
};
use jackfield_abi::{Failure, FailureCode};
use jackfield_manifest::PluginId;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What came of a new configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconfigured {
    /// The plugin goes by it.
    Now,
    /// The plugin will go by it once it is started again.
    AtNextStart,
}

/// Why a plugin goes on with its old configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReconfigureError {
    /// There is nobody to give it to.
    #[error("{message}")]
    NotRunning {
        /// Which plugin.
        id: String,
        /// Where it stands; `None` where there is no such plugin.
        state: Option<State>,
        /// That in words.
        message: String,
    },
    /// It does not fit the schema.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The plugin does not want it.
    #[error("the plugin refused the configuration: {0}")]
    Refused(String),
    /// The plugin panicked over it.
    #[error("the plugin panicked over the configuration: {0}")]
    Panicked(String),
    /// The one before is not done.
    #[error("the plugin was busy with another configuration for {} s", .0.as_secs_f64())]
    Busy(Duration),
    /// The plugin did not answer. It may still take it.
    #[error("the plugin did not say within {} s whether it takes the configuration", .0.as_secs_f64())]
    Deadline(Duration),
    /// There is no thread to ask it on.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// The configuration that one plugin goes by.
pub(crate) struct Current {
    now: Mutex<Version>,
    is_taken: Mutex<bool>,
    freed: Condvar,
}

struct Version {
    /// JSON.
    text: String,
    /// Counts from 1.
    revision: u64,
}

impl Current {
    pub(crate) fn new(text: String) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(Version { text, revision: 1 }),
            is_taken: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    pub(crate) fn text(&self) -> String {
        lock(&self.now).text.clone()
    }

    /// How many configurations there were, this one included.
    pub(crate) fn revision(&self) -> u64 {
        lock(&self.now).revision
    }

    pub(crate) fn replace(&self, text: &str) {
        let mut now = lock(&self.now);
        text.clone_into(&mut now.text);
        now.revision += 1;
    }

    /// The right to change it; `None` when others have it until then.
    fn turn(self: &Arc<Self>, deadline: Instant) -> Option<Turn> {
        let mut is_taken = lock(&self.is_taken);
        while *is_taken {
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.freed.wait_timeout(is_taken, left);
            is_taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_taken = true;
        Some(Turn(Arc::clone(self)))
    }
}

struct Turn(Arc<Current>);

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.0.is_taken) = false;
        self.0.freed.notify_one();
    }
}

/// Configurations that were taken since all plugins were started last: with them a plugin is
/// started again.
#[derive(Default)]
pub(crate) struct Given(Mutex<BTreeMap<PluginId, Taken>>);

struct Taken {
    /// As it was given: secrets that stand elsewhere still do.
    given: Map<String, Value>,
    /// Checked and complete.
    text: String,
}

impl Given {
    /// What a plugin that is created now goes by.
    pub(crate) fn current(&self, id: &PluginId, vetted: &str) -> Arc<Current> {
        let given = lock(&self.0);
        let text = given.get(id).map_or(vetted, |taken| &taken.text);
        Current::new(text.to_owned())
    }

    /// What the plugin took since.
    pub(crate) fn given(&self, id: &PluginId) -> Option<Map<String, Value>> {
        lock(&self.0).get(id).map(|taken| taken.given.clone())
    }

    /// The plugin goes by what the host's configuration says, from its next start.
    pub(crate) fn forget(&self, id: &PluginId) {
        lock(&self.0).remove(id);
    }

    /// All of them; none is left.
    pub(crate) fn take(&self) -> BTreeMap<PluginId, Map<String, Value>> {
        let taken = std::mem::take(&mut *lock(&self.0));
        taken
            .into_iter()
            .map(|(id, taken)| (id, taken.given))
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn reconfigure(
    crew: &Arc<Crew>,
    id: &str,
    given: &Map<String, Value>,
) -> Result<Reconfigured, ReconfigureError> {
    let plugin = find(crew, id)?;
    let schema = plugin.vetted.manifest.config_schema.as_deref();
    let text = config::check(schema, given)?;
    let limit = plugin.vetted.deadlines.start;
    let turn = plugin.current.turn(Instant::now() + limit);
    let turn = turn.ok_or(ReconfigureError::Busy(limit))?;
    let answer = Arc::new(Waiting::default());
    let own_id = plugin.vetted.manifest.id.clone();
    let (own, taken) = (
        Arc::clone(&answer),
        Taken {
            given: given.clone(),
            text,
        },
    );
    let crew_of_task = Arc::clone(crew);
    let task = move || {
        let outcome = plugin.ask(&crew_of_task, taken, turn);
        if let Some(late) = own.give(outcome) {
            crew_of_task.came_back(&plugin.vetted.manifest.id);
            plugin.say_late(&late);
        }
    };
    crew.hands
        .run(Box::new(task))
        .map_err(ReconfigureError::Thread)?;
    let outcome = answer.wait(Instant::now() + limit, || crew.abandon(&own_id));
    outcome.unwrap_or(Err(ReconfigureError::Deadline(limit)))
}

/// What is needed of a running plugin. Nothing here keeps its library from being unloaded.
struct Plugin {
    vetted: Arc<Vetted>,
    slot: Arc<Slot>,
    current: Arc<Current>,
}

fn find(crew: &Crew, id: &str) -> Result<Plugin, ReconfigureError> {
    let running = crew.running();
    let found = running
        .iter()
        .find(|running| running.vetted.manifest.id.as_str() == id);
    match found {
        Some(found) => Ok(Plugin {
            vetted: Arc::clone(&found.vetted),
            slot: Arc::clone(&found.instance.slot),
            current: Arc::clone(&found.instance.room.config),
        }),
        None => {
            drop(running);
            Err(absent(crew, id))
        }
    }
}

fn absent(crew: &Crew, id: &str) -> ReconfigureError {
    let state = crew.shared.registry.state(id);
    ReconfigureError::NotRunning {
        id: id.to_owned(),
        state,
        message: not_serving(id, state).message.into(),
    }
}

impl Plugin {
    fn ask(&self, crew: &Crew, taken: Taken, turn: Turn) -> Result<Reconfigured, ReconfigureError> {
        let id = &self.vetted.manifest.id;
        let Some(entered) = self.slot.enter() else {
            return Err(absent(crew, id.as_str()));
        };
        let inside = crew
            .shared
            .insides
            .enter(&id.as_str().into(), What::Reconfigure);
        let answer = entered.reconfigure(&taken.text);
        drop(inside);
        let outcome = outcome(answer)?;
        if outcome == Reconfigured::Now {
            self.current.replace(&taken.text);
        }
        lock(&crew.reconfigured.0).insert(id.clone(), taken);
        // Only now may the next one ask.
        drop(turn);
        Ok(outcome)
    }

    fn say_late(&self, outcome: &Result<Reconfigured, ReconfigureError>) {
        let id = &self.vetted.manifest.id;
        match outcome {
            Ok(_) => log::warn!("{id}: took its configuration after the deadline"),
            Err(error) => log::warn!("{id}: after the deadline: {error}"),
        }
    }
}

fn outcome(answer: Result<(), Failure>) -> Result<Reconfigured, ReconfigureError> {
    match answer {
        Ok(()) => Ok(Reconfigured::Now),
        Err(failure) if failure.code == FailureCode::UNSUPPORTED => Ok(Reconfigured::AtNextStart),
        Err(failure) => Err(match CallError::of(&failure) {
            CallError::Failed(text) => ReconfigureError::Refused(text),
            CallError::Panicked(text) => ReconfigureError::Panicked(text),
        }),
    }
}

type Answer = Result<Reconfigured, ReconfigureError>;

/// Where the answer comes, for as long as somebody waits for it.
#[derive(Default)]
struct Waiting {
    /// The answer, and whether nobody waits for it any more.
    state: Mutex<(Option<Answer>, bool)>,
    came: Condvar,
}

impl Waiting {
    /// Gives it back where nobody waits.
    fn give(&self, answer: Answer) -> Option<Answer> {
        let mut state = lock(&self.state);
        if state.1 {
            return Some(answer);
        }
        state.0 = Some(answer);
        self.came.notify_one();
        None
    }

    /// The answer, or, once, what is to be done because none came.
    fn wait(&self, deadline: Instant, give_up: impl FnOnce()) -> Option<Answer> {
        let mut state = lock(&self.state);
        loop {
            if let Some(answer) = state.0.take() {
                return Some(answer);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                state.1 = true;
                give_up();
                return None;
            };
            let waited = self.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
