//! What a command changes without asking a running host is in the audit log too.

use crate::{
    config::Config,
    error::chain,
    gateway::access::{Entry, Outcome, add},
    output::warn,
};

/// Notes that it was done: of a plugin, with more for people, and never a value of a configuration.
/// That it cannot be written down keeps nobody from knowing. Where there is no state directory, no
/// host has ever been.
pub(crate) fn note(config: &Config, action: &str, plugin: Option<&str>, detail: Option<&str>) {
    if !config.state.is_dir() {
        return;
    }
    let entry = Entry::new("command line", action).from(Some(&caller()));
    let entry = entry.on(plugin).with(Outcome::Done, detail);
    if let Err(error) = add(&config.state, &entry) {
        warn(&format!("not in the audit log: {}", chain(&error)));
    }
}

#[cfg(unix)]
fn caller() -> String {
    let user = rustix::process::getuid().as_raw();
    format!("process {} of user {user}", std::process::id())
}

#[cfg(not(unix))]
fn caller() -> String {
    format!("process {}", std::process::id())
}
