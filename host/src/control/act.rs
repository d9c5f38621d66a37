//! What is done about one plugin, and told of it.

use super::{Code, Desk, Refusal, enable};
use jackfield_loader::{Change, ControlError, Loader, State};
use jackfield_manifest::PluginId;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How long a change may take, whoever waits for it. Each step of a plugin has a deadline of its
/// own; this is for those that wait for one another.
const LIMIT: Duration = Duration::from_secs(600);

/// What is to be done about a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Stop,
    Restart,
    Enable,
    Disable,
}

impl Verb {
    /// As it stands in a request.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The plugin.
    pub(crate) id: String,
    /// Nothing was changed.
    pub(crate) dry_run: bool,
    /// It was not waited for: `stop` and `start` are what is being done.
    pub(crate) pending: bool,
    /// Who was stopped, in that order.
    pub(crate) stop: Vec<String>,
    /// Who was started, in an order that the dependencies allow.
    pub(crate) start: Vec<String>,
    /// Where the plugin stands now.
    pub(crate) state: Option<State>,
    /// What became of the configuration file, for `enable` and `disable`.
    pub(crate) file: Option<enable::Written>,
}

impl Done {
    /// Nobody was stopped or started for it.
    pub(super) fn nobody(desk: &Desk, id: &str) -> Self {
        Self::new(desk, id, &Change::default())
    }

    fn new(desk: &Desk, id: &str, change: &Change) -> Self {
        let names = |ids: &[PluginId]| ids.iter().map(ToString::to_string).collect();
        Self {
            id: id.to_owned(),
            dry_run: false,
            pending: false,
            stop: names(&change.stop),
            start: names(&change.start),
            state: desk.loader.status(id).map(|status| status.state),
            file: None,
        }
    }
}

/// What would be done, as things are.
pub(crate) fn would(desk: &Desk, verb: Verb, id: &str) -> Result<Done, Refusal> {
    let loader = &*desk.loader;
    let change = match verb {
        Verb::Start => loader.would_start(id),
        Verb::Stop | Verb::Disable => loader.would_stop(id),
        Verb::Restart => loader.would_restart(id),
        Verb::Enable => loader.would_enable(id),
    };
    let file = match verb {
        // It may be enabled though it cannot start yet.
        Verb::Enable if is_known(&change) => Some(enable::would_write(desk, id, true)?),
        Verb::Disable if is_known(&change) => Some(enable::would_write(desk, id, false)?),
        _ => None,
    };
    // Nothing was written.
    let change = change.map_err(|error| refuse(loader, &error, None))?;
    Ok(Done {
        file,
        dry_run: true,
        ..Done::new(desk, id, &change)
    })
}

fn is_known(change: &Result<Change, ControlError>) -> bool {
    !matches!(change, Err(ControlError::Unknown(_)))
}

/// Does it.
pub(crate) fn act(desk: &Desk, verb: Verb, id: &str) -> Result<Done, Refusal> {
    let (loader, deadline) = (&*desk.loader, Instant::now() + LIMIT);
    let mut file = None;
    let change = match verb {
        Verb::Start => loader.start_plugin(id, deadline),
        Verb::Stop => loader.stop_plugin(id, deadline),
        Verb::Restart => loader.restart_plugin(id, deadline),
        Verb::Enable | Verb::Disable => {
            // Before a file is changed for a plugin that there is not.
            let known = loader.would_enable(id);
            if !is_known(&known) {
                let error = ControlError::Unknown(id.to_owned());
                return Err(refuse(loader, &error, None));
            }
            let on = verb == Verb::Enable;
            file = Some(enable::write(desk, id, on)?);
            match on {
                true => loader
                    .enable_plugin(id)
                    .and_then(|()| loader.start_plugin(id, deadline)),
                false => loader.disable_plugin(id, deadline),
            }
        }
    };
    let change = change.map_err(|error| refuse(loader, &error, file.as_ref()))?;
    let done = Done {
        file,
        ..Done::new(desk, id, &change)
    };
    desk.note(&done);
    Ok(done)
}

/// An error of the loader's as a client is told of it.
pub(super) fn refuse(
    loader: &Loader,
    error: &ControlError,
    file: Option<&enable::Written>,
) -> Refusal {
    let code = match error {
        ControlError::Unknown(id) => {
            let plugins = loader.plugins();
            return Refusal::unknown(id, plugins.iter().map(|status| status.id.as_str()));
        }
        ControlError::LeftOut { .. } => Code::LeftOut,
        ControlError::AllEnabled(_) => Code::Configuration,
        ControlError::Busy(_) => Code::Busy,
        ControlError::NotRunning { .. } => Code::NotRunning,
        ControlError::NotStopped { .. } => Code::NotStopped,
    };
    Refusal::new(
        code,
        match file {
            None => error.to_string(),
            Some(file) => format!("{file}, but {error}"),
        },
    )
}
