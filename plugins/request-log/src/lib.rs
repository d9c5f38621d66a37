//! Writes a line for each request to the host's log: which it was, what became of it, how long that took,
//! and who asked.
//!
//! ```text
//! INFO request-log: GET /sysinfo/cpu 200 in 1.4 ms, token ci
//! ```
//!
//! The same stands in the record's fields: `request_id`, `method`, `path`, `status`, `duration_ms`,
//! `bytes` (of the answer's body; `None` for one that is empty or comes in parts), `who`. Queries are not
//! written, since there may be secrets in them. What fails (500 and more), and what is slow, is a warning.
//!
//! Where the plugin itself fails, requests go on without it (fail-open).
//!
//! Worth copying: what a client says goes into a log only without line breaks, and no longer than it may be
//! (`entry.rs`).
#![forbid(unsafe_code)]

mod entry;

use entry::{Entry, Rules};
use plugin_api::{After, Answered, Extensions, prelude::*};
use std::time::Duration;

/// What stands under `[plugins.request-log.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    level: String,
    slow_ms: u64,
    skip: Vec<String>,
}

struct RequestLog {
    rules: Rules,
}

impl Plugin for RequestLog {
    type Config = Config;

    fn initialize(_context: Context, config: Config) -> Result<Self> {
        Ok(Self {
            rules: Rules {
                level: config.level.parse()?,
                slow: Duration::from_millis(config.slow_ms),
                skip: config.skip,
            },
        })
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.after(quick(Self::after));
        routes.fail_open();
    }
}

impl RequestLog {
    fn after(&self, extensions: Extensions, answered: Answered, request: Request<'_>) -> After {
        let elapsed = extensions.get("elapsed-us");
        let elapsed = elapsed.and_then(|micros| micros.parse().ok());
        // One that comes in parts has no body here, as one that is empty.
        let bytes = Some(request.body().len() as u64).filter(|bytes| *bytes > 0);
        self.rules.write(&Entry {
            request_id: extensions.request_id().unwrap_or_default(),
            method: request.method(),
            path: request.path(),
            status: answered.status(),
            duration: elapsed.map(Duration::from_micros),
            bytes,
            who: &who(&extensions),
        });
        After::keep()
    }
}

/// Who asks: another plugin, or who the token says, or an address.
fn who(extensions: &Extensions) -> String {
    let named = |name| extensions.get(name).filter(|value| !value.is_empty());
    if let Some(plugin) = extensions.caller() {
        return format!("plugin {plugin}");
    }
    match (named("token"), named("client")) {
        (Some(token), _) => format!("token {token}"),
        (None, Some(address)) => address.to_owned(),
        (None, None) => "nobody".to_owned(),
    }
}

plugin_api::export_plugin!(RequestLog);

#[cfg(test)]
mod tests;
