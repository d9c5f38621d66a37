//! What starting and stopping share.

use crate::{
    FileKey, Phase, Vetted,
    bus::{Inbox, Permit, Publisher},
    claims::Claims,
    context::{Own, Room, Shared},
    ffi::{Lease, Unload},
    hands::Hands,
    instance::{self, Instance},
    journal::{Entry, Journal},
    loaded::{Loaded, MapError},
    quarantine::Quarantine,
    reconfigure::Given,
    services::Seat,
    storage::Space,
};
use jackfield_manifest::PluginId;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A plugin that runs.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) vetted: Arc<Vetted>,
    pub(crate) instance: Instance,
    /// Those without which it cannot run.
    pub(crate) requires: Vec<PluginId>,
    /// Of the transition with which it came to run.
    pub(crate) sequence: u64,
}

pub(crate) struct Crew {
    pub(crate) shared: Arc<Shared>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) quarantine: Mutex<Quarantine>,
    /// Each plugin's own files lie below it.
    pub(crate) data_dir: PathBuf,
    /// Each plugin's storage lies in it.
    storage_dir: PathBuf,
    /// On which plugins are started and stopped.
    pub(crate) hands: Hands,
    /// On which they are asked for their health.
    pub(crate) askers: Hands,
    /// Who is being started or stopped.
    pub(crate) claims: Claims,
    /// In no order: each has its number.
    running: Mutex<Vec<Running>>,
    pub(crate) reconfigured: Given,
    /// Files whose layout was found to fit, to be remembered.
    fits: Mutex<Vec<FileKey>>,
    abandoned: AtomicUsize,
}

impl Crew {
    pub(crate) fn new(
        shared: Arc<Shared>,
        journal: Journal,
        quarantine: Quarantine,
        state: &Path,
    ) -> Self {
        Self {
            shared,
            journal: Arc::new(journal),
            quarantine: Mutex::new(quarantine),
            data_dir: state.join("data"),
            storage_dir: state.join("storage"),
            hands: Hands::default(),
            askers: Hands::default(),
            claims: Claims::default(),
            running: Mutex::default(),
            reconfigured: Given::default(),
            fits: Mutex::default(),
            abandoned: AtomicUsize::new(0),
        }
    }

    /// Those that run.
    pub(crate) fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_fits(&self) -> Vec<FileKey> {
        std::mem::take(&mut *self.fits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn note_fit(&self, file: FileKey) {
        self.fits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(file);
    }

    /// How many threads are left to themselves inside a plugin that did not return in time.
    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// One more is, inside that plugin.
    pub(crate) fn abandon(&self, id: &PluginId) {
        self.count_abandoned();
        self.shared.supervisor.abandoned(id, false);
    }

    pub(crate) fn came_back(&self, id: &PluginId) {
        self.uncount_abandoned();
        self.shared.supervisor.abandoned(id, true);
    }

    pub(crate) fn count_abandoned(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn uncount_abandoned(&self) {
        self.abandoned.fetch_sub(1, Ordering::Relaxed);
    }

    /// A worker with the plugin's library.
    ///
    /// # Errors
    ///
    /// [`MapError`]; no worker is left then.
    pub(crate) fn isolate(&self, vetted: &Vetted) -> Result<Loaded, MapError> {
        #[cfg(unix)]
        {
            let directory = self.data_dir.join(vetted.manifest.id.as_str());
            Loaded::isolate(vetted, &directory, &self.shared)
        }
        #[cfg(not(unix))]
        {
            let _ = vetted;
            Err(MapError::NoWorkers)
        }
    }

    /// The host's side for one plugin.
    pub(crate) fn room(&self, vetted: &Vetted, lease: &Lease) -> Arc<Room> {
        let (id, shared) = (vetted.manifest.id.clone(), Arc::clone(&self.shared));
        let inbox = Inbox::plugin(id.as_str(), &shared.executor);
        let permit = vetted.granted.as_ref().map(|granted| {
            let asked = vetted.manifest.permissions.clone();
            Permit::new(id.clone(), asked, granted.clone())
        });
        let path = self.storage_dir.join(format!("{id}.redb"));
        let own = Own {
            data_dir: self.data_dir.join(id.as_str()),
            space: Space::new(path, vetted.storage_limit),
            seat: Seat::new(vetted),
            publisher: Publisher::plugin(id.as_str(), Arc::clone(&inbox), permit),
            inbox,
            on_panic: vetted.supervision.on_panic,
            sessions: vetted.sessions,
        };
        let config = self.reconfigured.current(&id, &vetted.config);
        Room::new(id, config, own, lease, shared)
    }

    /// Notes which step the plugin goes into, for the case that it ends the process there.
    pub(crate) fn mark(&self, entry: &Entry, vetted: &Vetted, step: Phase) {
        if let Err(error) = entry.enter(&vetted.manifest.id, &vetted.hash, step) {
            let id = &vetted.manifest.id;
            log::warn!("{id}: if it ends this process now, the next start will not know: {error}");
        }
    }

    /// Stops and unloads what did not come to run. What it says of that is logged: why it does not
    /// run is what its status tells of.
    pub(crate) fn take_down(&self, instance: Instance, limit: Duration) {
        let id = instance.room.id.clone();
        let unfinished = instance.quiesce(&self.shared, limit);
        if let Err(error) = instance.stop() {
            log::warn!("{id}: stop: {error}");
        }
        let unload = match unfinished {
            Ok(()) => instance.unload(),
            Err(what) => {
                let (slot, tasks) = (Arc::downgrade(&instance.slot), &instance.room.tasks);
                self.shared.supervisor.leaves_behind(&id, slot, tasks);
                Unload::Pinned(what)
            }
        };
        self.note_unload(&id, &unload);
    }

    /// Takes back what a failed `initialize` left behind, tasks and subscriptions, and unloads the
    /// library.
    pub(crate) fn discard(&self, loaded: Loaded, room: &Arc<Room>, limit: Duration) -> Unload {
        let shared = &self.shared;
        shared.bus.detach(&room.inbox);
        room.tasks.close(&*shared.executor);
        room.seat.close(&shared.services);
        let Loaded { code, lease } = loaded;
        drop(code);
        let ended = room.tasks.wait(Instant::now() + limit);
        // Whatever stays inside: the next start opens it again.
        room.space.close();
        match ended {
            Ok(()) => instance::discard(lease, room),
            Err(names) => {
                let supervisor = &shared.supervisor;
                supervisor.leaves_behind(&room.id, Weak::new(), &room.tasks);
                Unload::Pinned(format!("its tasks have not ended: {}", names.join(", ")))
            }
        }
    }

    pub(crate) fn note_unload(&self, id: &PluginId, unload: &Unload) {
        log::debug!("{id}: library {unload}");
        self.shared
            .registry
            .amend(id, |status| status.unload = Some(unload.clone()));
    }
}
