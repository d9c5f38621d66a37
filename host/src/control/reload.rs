//! A plugin's configuration is read again while the host runs.

use super::{
    Code, Desk, Refusal, Verb, act,
    act::{Done, would},
    configuration::{SaveError, read_again},
};
use crate::error::chain;
use jackfield_loader::{ReconfigureError, Reconfigured};
use serde_json::{Value, json};

/// Reads it and gives it to the plugin, which is restarted where it cannot take it while it runs; one
/// that does not run has it at its start.
pub(crate) fn reload(desk: &Desk, id: &str, dry_run: bool) -> Result<Value, Refusal> {
    let config = read_again(desk, id).map_err(|error| refuse(&error))?;
    if dry_run {
        // Whether it takes it is known once it is asked.
        let mut would = json!(would(desk, Verb::Restart, id)?);
        would["note"] =
            json!("restarted only where it cannot take its configuration while it runs");
        return Ok(would);
    }
    let told = |note: &str| {
        let mut told = json!(Done::nobody(desk, id));
        told["note"] = json!(note);
        told
    };
    match desk.loader.reconfigure(id, &config) {
        Ok(Reconfigured::Now) => Ok(told("the plugin goes by its configuration as it is now")),
        Ok(Reconfigured::AtNextStart) => Ok(json!(act(desk, Verb::Restart, id)?)),
        Err(ReconfigureError::NotRunning { .. }) => {
            desk.loader.set_config(id, &config);
            Ok(told("the plugin goes by it once it is started"))
        }
        Err(error) => Err(Refusal::new(Code::Configuration, error.to_string())),
    }
}

fn refuse(error: &SaveError) -> Refusal {
    Refusal::new(Code::Configuration, chain(error))
}
