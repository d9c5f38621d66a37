//! The steps of a plugin's life, in its worker.

use super::{
    PROTOCOL,
    inside::{BUILD, refused, reply},
    outside::Outside,
    speech::{Condition, Hello, Outcome, PluginCall, Ready, Refusal},
    wire::Wire,
};
use crate::{
    Executor, FileKey, Isolation, Sessions, Timing, Vetted,
    bus::{Inbox, Publisher},
    context::{Own, Room, Shared},
    ffi::{Entered, Turn},
    inspect::{Depth, inspect_file},
    instance::Instance,
    loaded::Loaded,
    reconfigure::Current,
    registry::Registry,
    services::{Facts, Seat, Services},
    storage::Space,
    supervise::Supervisor,
};
use jackfield_abi::{
    Failure, FailureCode, HostObject, abi_stable::type_level::downcasting::TD_Opaque,
};
use jackfield_manifest::OnPanic;
use std::{
    fs::File,
    io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

/// How long what is inside may take to end, once the host has waited for it.
const LAST: Duration = Duration::from_secs(1);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the plugin stands.
#[derive(Default)]
enum State {
    #[default]
    Nothing,
    Mapped(Box<Mapped>),
    Created(Instance, Arc<Shared>),
    Stopped,
}

struct Mapped {
    loaded: Loaded,
    vetted: Vetted,
    shared: Arc<Shared>,
}

/// What is done with the plugin, one step after another.
pub(super) struct Steps {
    wire: Arc<Wire>,
    executor: Arc<dyn Executor>,
    state: Mutex<State>,
    /// Where it is called.
    plugin: OnceLock<Instance>,
}

impl Steps {
    pub(super) fn new(wire: &Arc<Wire>, executor: &Arc<dyn Executor>) -> Self {
        Self {
            wire: Arc::clone(wire),
            executor: Arc::clone(executor),
            state: Mutex::default(),
            plugin: OnceLock::new(),
        }
    }

    /// The plugin, once it is there.
    pub(super) fn plugin(&self) -> Option<&Instance> {
        self.plugin.get()
    }

    /// Whether it was stopped as it should be.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(*lock(&self.state), State::Stopped)
    }

    /// Does what the host wants, and says what came of it. It runs the plugin's code.
    pub(super) fn carry_out(&self, number: u64, call: &PluginCall<'_>) {
        let wire = &self.wire;
        match call {
            PluginCall::Hello(hello) => match self.map(hello) {
                Ok(()) => reply(wire, number, Ok(ready(hello))),
                Err(error) => reply(wire, number, refused::<()>(error)),
            },
            PluginCall::Create {
                config,
                settings,
                level,
            } => reply(wire, number, self.create(config, settings, *level)),
            PluginCall::Start => reply(wire, number, self.inside(|entered| entered.start())),
            PluginCall::Stop => reply(wire, number, self.stop()),
            PluginCall::Health => {
                let health = self.inside(|entered| entered.health());
                reply(wire, number, health.map(|health| Condition::new(&health)));
            }
            PluginCall::Describe(what) => {
                reply(wire, number, self.inside(|entered| entered.describe(what)));
            }
            PluginCall::Reconfigure(config) => reply(wire, number, self.reconfigure(config)),
            PluginCall::Event(event) => {
                let event = event.event();
                reply(wire, number, self.inside(|entered| entered.event(&event)));
            }
            PluginCall::Handle(_) | PluginCall::Next(_) => {}
        }
    }

    /// Calls the plugin.
    fn inside<T>(&self, body: impl FnOnce(&Entered<'_>) -> Result<T, Failure>) -> Outcome<T> {
        let Some(instance) = self.plugin.get() else {
            return refused("it is not there yet");
        };
        let entered = instance.slot.enter().ok_or_else(away)?;
        body(&entered).map_err(Refusal::from)
    }

    fn reconfigure(&self, config: &str) -> Outcome<()> {
        self.inside(|entered| entered.reconfigure(config))?;
        if let Some(instance) = self.plugin.get() {
            instance.room.config.replace(config);
        }
        Ok(())
    }

    fn map(&self, hello: &Hello<'_>) -> Result<(), String> {
        let vetted = vetted(hello)?;
        let turn = Turn::wait(&vetted.manifest.id, vetted.deadlines.initialize);
        let turn = turn.map_err(|stuck| stuck.to_string())?;
        let loaded = Loaded::map(&vetted, turn).map_err(|(error, _)| error.to_string())?;
        let facts = Facts::of(hello.edge, hello.facts);
        let shared = Arc::new(Shared {
            registry: Registry::default(),
            bus: Arc::default(),
            services: Services::default(),
            facts,
            supervisor: Supervisor::new(Timing::default()),
            insides: Arc::default(),
            executor: Arc::clone(&self.executor),
            levels: Mutex::default(),
        });
        let mapped = Mapped {
            loaded,
            vetted,
            shared,
        };
        *lock(&self.state) = State::Mapped(Box::new(mapped));
        Ok(())
    }

    fn create(&self, config: &str, settings: &str, level: u32) -> Outcome<()> {
        let state = mem::take(&mut *lock(&self.state));
        let State::Mapped(mapped) = state else {
            return refused("it was created before");
        };
        let Mapped {
            loaded,
            vetted,
            shared,
        } = *mapped;
        let id = vetted.manifest.id.clone();
        let inbox = Inbox::plugin(id.as_str(), &shared.executor);
        let own = Own {
            data_dir: PathBuf::new(),
            space: Space::new(PathBuf::new(), 0),
            seat: Seat::new(&vetted),
            publisher: Publisher::plugin(id.as_str(), Arc::clone(&inbox), None),
            inbox,
            // The host decides what becomes of it.
            on_panic: OnPanic::Continue,
            sessions: vetted.sessions,
        };
        let config = Current::new(config.to_owned());
        let lease = loaded.lease.clone();
        let room = Room::new(id, config, own, &lease, Arc::clone(&shared));
        drop(lease);
        room.level.store(level, Relaxed);
        let outside = Outside::new(&room, &self.wire, settings);
        let host = HostObject::from_value(outside, TD_Opaque);
        let slot = loaded.create_with(host).map_err(Refusal::from)?;
        let instance = Instance::new(Arc::new(slot), room);
        instance.room.lives_in(&instance.slot);
        let _ = self.plugin.set(instance.clone());
        *lock(&self.state) = State::Created(instance, shared);
        Ok(())
    }

    fn stop(&self) -> Outcome<()> {
        let state = mem::replace(&mut *lock(&self.state), State::Stopped);
        let State::Created(instance, shared) = state else {
            return refused("it is not there");
        };
        // The host has waited for what is inside: no longer than it takes to say so.
        let unfinished = instance.quiesce(&shared, LAST);
        if let Err(what) = unfinished {
            log::warn!(target: instance.room.id.as_str(), "stopped although {what}");
        }
        instance.slot.enter_closed().stop().map_err(Refusal::from)
    }
}

pub(super) fn away() -> Refusal {
    Refusal::new(FailureCode::UNAVAILABLE, "it is being stopped, or was")
}

fn ready<'a>(hello: &Hello<'a>) -> Ready<'a> {
    Ready {
        protocol: PROTOCOL,
        build: BUILD,
        cookie: hello.cookie,
        hash: hello.hash,
    }
}

/// What the host has found good, as far as it matters here.
fn vetted(hello: &Hello<'_>) -> Result<Vetted, String> {
    if hello.protocol != PROTOCOL {
        return Err(format!(
            "the host speaks protocol {}, expected {PROTOCOL}",
            hello.protocol
        ));
    }
    if hello.build != BUILD {
        return Err(format!(
            "the host is of build {}, expected {BUILD}",
            hello.build
        ));
    }
    let path = Path::new(hello.library);
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let inspection = inspect_file(&file, size, Depth::Headers);
    let manifest = inspection.manifest.ok_or("its library has no manifest")?;
    if manifest.id.as_str() != hello.id {
        return Err(format!(
            "its library is {}, expected {}",
            manifest.id, hello.id
        ));
    }
    let hash = hello
        .hash
        .parse()
        .map_err(|_| "its content is no hash".to_owned())?;
    Ok(Vetted {
        path: path.to_owned(),
        stored: path.to_owned(),
        source: FileKey::default(),
        hash,
        config: String::new(),
        priority: manifest.priority,
        deadlines: manifest.deadlines,
        supervision: manifest.supervision,
        storage_limit: 0,
        sessions: Sessions::default(),
        granted: None,
        layout_known: hello.layout_known,
        isolation: Isolation::None,
        manifest,
    })
}
