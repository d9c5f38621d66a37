//! What an operator says of one plugin while it is known to a loader.

use super::{Change, ControlError, steps};
use crate::{
    Code, Considered, Loader, Reason, State, context::level_of, crew::Running, inventory::Mode,
};
use jackfield_manifest::PluginId;
use std::{collections::BTreeSet, sync::atomic::Ordering, time::Instant};

impl Loader {
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
    /// As [`stop_plugin`](Loader::stop_plugin); it is disabled all the same, unless it is unknown.
    pub fn disable_plugin(&self, id: &str, deadline: Instant) -> Result<Change, ControlError> {
        let known = self.known(id)?;
        self.core.inventory().set_enabled(id, Some(false));
        let change = self.stop_plugin(id, deadline)?;
        let settled = [State::Stopped, State::Failed, State::Rejected];
        self.settle(&known, &settled, State::Disabled);
        Ok(change)
    }

    /// Forgets that a plugin failed. Gives back whether it had.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`].
    pub fn reset_failed(&self, id: &str) -> Result<bool, ControlError> {
        let id = self.known(id)?;
        Ok(self.settle(&id, &[State::Failed], State::Stopped))
    }

    /// Sets the most verbose level that a running plugin hands on. Calls the plugin, which may take
    /// its time.
    ///
    /// # Errors
    ///
    /// [`ControlError::Unknown`], [`ControlError::NotRunning`].
    pub fn set_log_level(&self, id: &str, level: log::LevelFilter) -> Result<(), ControlError> {
        let id = self.known(id)?;
        let is_own = |running: &&Running| running.vetted.manifest.id == id;
        if let Some(running) = self.core.crew.running().iter().find(is_own) {
            let room = &running.instance.room;
            room.level.store(level_of(level), Ordering::Relaxed);
        }
        let set = self
            .plugin(id.as_str())
            .and_then(|plugin| plugin.set_log_level(level).ok());
        set.ok_or_else(|| ControlError::NotRunning {
            state: self.status(id.as_str()).map_or(State::Stopped, |s| s.state),
            id,
            cause: None,
        })
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
