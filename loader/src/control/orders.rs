//! What an operator may say of one plugin besides start and stop.

use super::ControlError;
use crate::{Enable, Loader, context::level_of};
use jackfield_abi::Level;
use std::sync::PoisonError;

impl Loader {
    /// Forgets a plugin's failures. One that was given up is started again now; whether it was.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn reset_failed(&self, id: &str) -> Result<bool, ControlError> {
        let id = self.known(id)?;
        let shared = &self.core.crew.shared;
        Ok(shared.supervisor.reset(&shared.registry, &id))
    }

    /// Sets the most verbose level that a plugin hands on, from now on and whenever it is started by
    /// this loader. What of that reaches anybody is up to the program's own logger.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn set_log_level(&self, id: &str, level: log::LevelFilter) -> Result<(), ControlError> {
        let id = self.known(id)?;
        let shared = &self.core.crew.shared;
        shared
            .levels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), level);
        let running = {
            let running = self.core.crew.running();
            let found = running
                .iter()
                .find(|running| running.vetted.manifest.id == id);
            found.map(|found| found.instance.clone())
        };
        if let Some(instance) = running {
            instance.room.set_level(level);
            if let Some(entered) = instance.slot.enter() {
                entered.set_log_level(Level(level_of(level)));
            }
        }
        Ok(())
    }

    /// From now on the plugin may be started; it is not started by this. Written down nowhere: that
    /// is for whoever keeps the configuration.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn enable_plugin(&self, id: &str) -> Result<(), ControlError> {
        let id = self.known(id)?;
        self.core.inventory().enable(id.as_str(), true);
        Ok(())
    }

    /// From now on the plugin is not started any more, and not by itself either. Where it runs, it
    /// runs on until it is stopped. Written down nowhere.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`]; [`ControlError::AllEnabled`] where settings do not count.
    pub fn disable_plugin(&self, id: &str) -> Result<(), ControlError> {
        let id = self.known(id)?;
        let mut inventory = self.core.inventory();
        if inventory.options().enable == Enable::All {
            return Err(ControlError::AllEnabled(id));
        }
        inventory.enable(id.as_str(), false);
        drop(inventory);
        let shared = &self.core.crew.shared;
        shared
            .supervisor
            .ordered_to_stop(&shared.registry, &id, &[]);
        Ok(())
    }
}
