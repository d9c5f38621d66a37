//! A plugin's configuration, shown and saved while the host runs.

use super::Desk;
use crate::{
    commands::{
        set::{SetError, check, manifest},
        show::learn,
    },
    config::{
        Config, ConfigError, Draft, Mask, Rewrite, WriteError, home, load, load_with, replace,
    },
};
use jackfield_loader::{ReconfigureError, Reconfigured, complete_config};
use jackfield_manifest::PluginId;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::sync::PoisonError;

/// A plugin's configuration as it may be shown.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// All of it, with the defaults filled in and the secrets masked.
    pub(crate) config: Json,
    /// `file` where a file or the environment says something of it, else `defaults`.
    pub(crate) source: &'static str,
    /// The file that it stands in, or would.
    pub(crate) path: Option<String>,
}

/// What came of saving one.
#[derive(Debug)]
pub(crate) struct Saved {
    /// As it is now.
    pub(crate) shown: Shown,
    /// When the plugin goes by it.
    pub(crate) note: &'static str,
}

/// Why a configuration is not shown or saved. Nothing has changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// The host's own is not good.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What is asked for cannot be, or the file cannot be written.
    #[error(transparent)]
    Set(#[from] SetError),
    /// The plugin does not take it. The file is as it was.
    #[error(transparent)]
    Refused(ReconfigureError),
    /// The plugin has not said whether it takes it. The file has it.
    #[error("it is saved, and {0}")]
    Late(ReconfigureError),
    /// The plugin does not take it, and the file could not be made what it was.
    #[error("{refused}; and the file keeps what was refused: {source}")]
    Stuck {
        /// What the plugin said.
        refused: ReconfigureError,
        /// Why the file is not what it was.
        source: WriteError,
    },
}

/// A plugin's configuration as a start would find it.
pub(crate) fn configuration(desk: &Desk, id: &str) -> Result<Shown, SaveError> {
    let config = load(&desk.common)?;
    let manifest = manifest(&config, id)?;
    Ok(shown(&config, id, manifest.config_schema.as_deref()))
}

fn shown(config: &Config, id: &str, schema: Option<&str>) -> Shown {
    let given = given(config, id);
    let complete = complete(schema, &given);
    let path = ["plugins", id, "config"];
    let is_said = !given.is_empty();
    let mut at = path.to_vec();
    let complete = Json::Object(complete.unwrap_or(given));
    Shown {
        config: learn(config).apply(&complete, &mut at),
        source: if is_said { "file" } else { "defaults" },
        path: home(config, &path).map(|path| path.to_string_lossy().into_owned()),
    }
}

fn given(config: &Config, id: &str) -> Map<String, Json> {
    let settings = config.settings.get(id);
    settings
        .map(|settings| settings.config.clone())
        .unwrap_or_default()
}

/// What is given with the defaults filled in, where that can be done.
pub(crate) fn complete(
    schema: Option<&str>,
    given: &Map<String, Json>,
) -> Option<Map<String, Json>> {
    let text = complete_config(schema, given).ok()?;
    serde_json::from_str(&text).ok()
}

/// Makes this the plugin's whole configuration: it is checked, written, and given to the plugin where
/// that runs. Where the plugin does not want it, the file gets back what it had.
pub(crate) fn save(desk: &Desk, id: &str, wanted: &Map<String, Json>) -> Result<Saved, SaveError> {
    let _alone = desk.editing.lock().unwrap_or_else(PoisonError::into_inner);
    let config = load(&desk.common)?;
    let manifest = manifest(&config, id)?;
    let schema = manifest.config_schema.as_deref();
    let given_now = given(&config, id);
    let complete_now = complete(schema, &given_now).unwrap_or_default();
    let wanted = without_defaults(wanted, &given_now, &complete_now);
    let mask = learn(&config);
    let (rewrite, after) = draft(desk, &config, id, &wanted, &mask)?;
    check(&manifest, id, &after)?;
    rewrite.write().map_err(SetError::from)?;
    let note = match hand_over(desk, id, &given(&after, id)) {
        Ok(note) => note,
        // It may take it still: what is in the file is what it goes by then, or from its next start.
        Err(late @ ReconfigureError::Deadline(_)) => return Err(SaveError::Late(late)),
        Err(refused) => return Err(undo(&rewrite, refused)),
    };
    Ok(Saved {
        shown: shown(&after, id, schema),
        note,
    })
}

fn draft(
    desk: &Desk,
    config: &Config,
    id: &str,
    wanted: &Map<String, Json>,
    mask: &Mask,
) -> Result<(Rewrite, Config), SaveError> {
    let failed = |error| SetError::Replace {
        id: id.to_owned(),
        error,
    };
    let rewrite = replace(config, id, wanted, mask).map_err(failed)?;
    let after = load_with(&desk.common, &rewrite.texts())?;
    Ok((rewrite, after))
}

/// What is as by default, and stands nowhere, is not written down: whoever sends back what was shown
/// does not fix today's defaults for ever.
fn without_defaults(
    wanted: &Map<String, Json>,
    given: &Map<String, Json>,
    complete: &Map<String, Json>,
) -> Map<String, Json> {
    let mut kept = Map::new();
    for (key, value) in wanted {
        let (here, all) = (given.get(key), complete.get(key));
        match (value, here, all) {
            (value, None, Some(default)) if value == default => {}
            (Json::Object(value), Some(Json::Object(here)), Some(Json::Object(all))) => {
                let inner = without_defaults(value, here, all);
                kept.insert(key.clone(), Json::Object(inner));
            }
            _ => {
                kept.insert(key.clone(), value.clone());
            }
        }
    }
    kept
}

/// Gives it to the plugin; says when that goes by it.
fn hand_over(
    desk: &Desk,
    id: &str,
    given: &Map<String, Json>,
) -> Result<&'static str, ReconfigureError> {
    match desk.loader.reconfigure(id, given) {
        Ok(Reconfigured::Now) => Ok("the plugin goes by it"),
        Ok(Reconfigured::AtNextStart) => Ok("the plugin goes by it once it is started again"),
        Err(error @ ReconfigureError::NotRunning { .. }) => {
            // It has read its configuration already.
            if PluginId::new(id).is_ok_and(|id| desk.loader.is_coming_up(&id)) {
                return Err(error);
            }
            desk.loader.set_config(id, given);
            Ok("the plugin goes by it once it is started")
        }
        Err(error) => Err(error),
    }
}

fn undo(rewrite: &Rewrite, refused: ReconfigureError) -> SaveError {
    for (path, before, ..) in rewrite.files() {
        let written = Draft::read(path).and_then(|draft| draft.write(before));
        if let Err(source) = written {
            return SaveError::Stuck { refused, source };
        }
    }
    SaveError::Refused(refused)
}

/// What stands of a plugin's configuration in the files now, checked.
pub(super) fn read_again(desk: &Desk, id: &str) -> Result<Map<String, Json>, SaveError> {
    let config = load(&desk.common)?;
    let manifest = manifest(&config, id)?;
    check(&manifest, id, &config)?;
    Ok(given(&config, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Json) -> Map<String, Json> {
        match value {
            Json::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn what_is_as_by_default_is_not_written_down() {
        let given = object(json!({ "a": 1, "inner": { "x": 1 } }));
        let complete = object(json!({ "a": 1, "b": 2, "inner": { "x": 1, "y": 2 }, "c": {} }));
        let kept = without_defaults(
            &object(json!({ "a": 1, "b": 2, "inner": { "x": 3, "y": 2 }, "c": {}, "d": 4 })),
            &given,
            &complete,
        );
        assert_eq!(
            Json::Object(kept),
            json!({ "a": 1, "inner": { "x": 3 }, "d": 4 })
        );
        let kept = without_defaults(&object(json!({ "b": 3 })), &given, &complete);
        assert_eq!(Json::Object(kept), json!({ "b": 3 }));
    }
}
