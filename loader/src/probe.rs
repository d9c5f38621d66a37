//! One plugin led by hand, outside of the order in which a loader leads it: for whoever looks how a
//! plugin takes what a host that does its work never does to it.

use crate::{
    CallError, ControlError, Isolation, Loader, MapError, Unload, Vetted, control::steps,
    crew::Crew, ffi::Turn, instance::Instance, inventory::Mode, loaded::Loaded,
};
use std::{sync::Arc, time::Instant};

/// A plugin that may be created as often as one likes, one at a time, and with any configuration.
/// Made by [`Loader::probe`].
pub struct Probe {
    crew: Arc<Crew>,
    vetted: Arc<Vetted>,
}

/// A plugin that a [`Probe`] created. To be [stopped](Probed::stop).
pub struct Probed {
    crew: Arc<Crew>,
    instance: Instance,
}

/// Why a probe has no plugin.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Its library cannot be used.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Its `initialize` failed; its library is unmapped again, or is not.
    #[error("{0}")]
    Create(CallError, Unload),
}

impl Loader {
    /// A plugin that this loader could start, and does not run now. What it requires has to run
    /// before it is created.
    ///
    /// # Errors
    ///
    /// When there is none, or it could not be started.
    pub fn probe(&self, id: &str) -> Result<Probe, ControlError> {
        let mut inventory = self.core.inventory();
        let proposal = self
            .core
            .propose(&mut inventory, &Mode::Real(&self.core.store));
        drop(inventory);
        Ok(Probe {
            crew: Arc::clone(&self.core.crew),
            vetted: steps::vetted(&proposal, id)?,
        })
    }
}

impl Probe {
    fn load(&self, vetted: &Vetted) -> Result<Loaded, MapError> {
        if vetted.isolation == Isolation::Process {
            return self.crew.isolate(vetted);
        }
        let turn = Turn::wait(&vetted.manifest.id, vetted.deadlines.initialize)?;
        Loaded::map(vetted, turn).map_err(|(error, _)| error)
    }

    /// Its configuration as it would be given: a JSON object.
    pub fn config(&self) -> &str {
        &self.vetted.config
    }

    /// Maps the library and creates the plugin with that configuration, checked by nobody. Without
    /// the loader's deadlines.
    ///
    /// # Errors
    ///
    /// [`ProbeError`]; nothing of it is left then but what is said to be.
    pub fn create(&self, config: &str) -> Result<Probed, ProbeError> {
        let vetted = Vetted {
            config: config.to_owned(),
            ..(*self.vetted).clone()
        };
        let loaded = self.load(&vetted)?;
        let room = self.crew.room(&vetted, &loaded.lease);
        match loaded.create(room) {
            Ok(instance) => Ok(Probed {
                crew: Arc::clone(&self.crew),
                instance,
            }),
            Err((loaded, room, error)) => {
                let unload = self.crew.discard(loaded, &room, vetted.deadlines.stop);
                Err(ProbeError::Create(error, unload))
            }
        }
    }
}

impl Probed {
    /// Its `start` runs.
    ///
    /// # Errors
    ///
    /// Those of its `start`.
    pub fn start(&self) -> Result<(), CallError> {
        self.instance.start()
    }

    /// Stops it, whether it was started or not, and unloads its library.
    ///
    /// # Errors
    ///
    /// Those of its `stop`.
    pub fn stop(self, deadline: Instant) -> (Result<(), CallError>, Unload) {
        let limit = deadline.saturating_duration_since(Instant::now());
        let quiet = self.instance.quiesce(&self.crew.shared, limit);
        let stopped = self.instance.stop();
        let unload = match quiet {
            Ok(()) => self.instance.unload(),
            Err(what) => Unload::Pinned(what),
        };
        (stopped, unload)
    }
}
