//! What an operator may say of one plugin besides start and stop.

use super::{Change, ControlError, steps};
use crate::{Code, Considered, Enable, Loader, Reason, State, context::level_of, inventory::Mode};
use jackfield_abi::Level;
use jackfield_manifest::PluginId;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
    time::Instant,
};

impl Loader {
    /// Forgets a plugin's failures; whether there was something to forget. One that was given up
    /// or could not be started again is started now, as far as it can be; one that is started again
    /// later still is, and its delays grow from the beginning; one that nobody starts again counts as
    /// stopped.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn reset_failed(&self, id: &str) -> Result<bool, ControlError> {
        let id = self.known(id)?;
        let shared = &self.core.crew.shared;
        if shared.supervisor.reset(&shared.registry, &id) {
            return Ok(true);
        }
        let status = self.status(id.as_str());
        let failed = status.filter(|status| status.state == State::Failed);
        Ok(failed.is_some_and(|failed| {
            failed.restart.is_some() || self.settle(&id, &[State::Failed], State::Stopped)
        }))
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
        let slot = {
            let running = self.core.crew.running();
            let found = running
                .iter()
                .find(|running| running.vetted.manifest.id == id);
            // The room is not taken along: whoever holds it beyond the plugin's drop keeps its
            // library, as if the plugin did.
            found.map(|found| {
                found.instance.room.set_level(level);
                Arc::clone(&found.instance.slot)
            })
        };
        if let Some(entered) = slot.as_ref().and_then(|slot| slot.enter()) {
            entered.set_log_level(Level(level_of(level)));
        }
        Ok(())
    }

    /// What [`enable_plugin`](Loader::enable_plugin) and a start after it would do now.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::LeftOut`].
    pub fn would_enable(&self, id: &str) -> Result<Change, ControlError> {
        let (mut inventory, running) = (self.core.inventory(), self.core.running_ids());
        let before = inventory.set_enabled(id, Some(true));
        let proposal = self.core.propose(&mut inventory, &Mode::Dry);
        inventory.set_enabled(id, before);
        let coming = steps::coming(&proposal, id, &running)?;
        Ok(Change {
            stop: Vec::new(),
            start: steps::ids(&proposal, &coming),
        })
    }

    /// From now on the plugin is enabled: it can be started. Starts nothing.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn enable_plugin(&self, id: &str) -> Result<(), ControlError> {
        let mut inventory = self.core.inventory();
        let found = self.core.propose(&mut inventory, &Mode::Dry).plugins;
        let is_own = |plugin: &&Considered| plugin.manifest.id.as_str() == id;
        let Some(plugin) = found.iter().find(is_own) else {
            return Err(ControlError::Unknown(id.to_owned()));
        };
        inventory.set_enabled(id, Some(true));
        drop(inventory);
        self.settle(&plugin.manifest.id, &[State::Disabled], State::Stopped);
        Ok(())
    }

    /// From now on the plugin is disabled: it is stopped, and before it those that require it, and
    /// cannot be started.
    ///
    /// # Errors
    ///
    /// As [`stop_plugin`](Loader::stop_plugin), and then it is disabled all the same; unless it is
    /// unknown, or settings do not count: [`ControlError::AllEnabled`].
    pub fn disable_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        let mut inventory = self.core.inventory();
        if inventory.options().enable == Enable::All {
            return Err(ControlError::AllEnabled(known));
        }
        inventory.set_enabled(id, Some(false));
        drop(inventory);
        let change = self.stop_plugin(id, deadline)?;
        let settled = [State::Stopped, State::Failed, State::Rejected];
        self.settle(&known, &settled, State::Disabled);
        Ok(change)
    }

    /// Moves a plugin that is in one of these states, and in the middle of nothing.
    fn settle(&self, id: &PluginId, from: &[State], to: State) -> bool {
        let Ok(_claim) = self
            .core
            .crew
            .claims
            .take(vec![id.clone()], BTreeSet::new(), "change")
        else {
            return false;
        };
        let registry = &self.core.crew.shared.registry;
        let moved = registry
            .state(id.as_str())
            .is_some_and(|state| from.contains(&state));
        if moved {
            registry.amend(id, |status| {
                status.root_cause = None;
                status.reasons = match to {
                    State::Disabled => vec![Reason::new(
                        Code::Disabled,
                        format!("not enabled: set enabled = true under [plugins.{id}]"),
                    )],
                    _ => Vec::new(),
                };
            });
            registry.transition(id, to, None);
        }
        moved
    }
}
