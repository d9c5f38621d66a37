//! The host's log: one line for each record, on standard error.

use env_logger::Env;

/// The variable whose filter wins over the configuration's.
const VARIABLE: &str = "RUST_LOG";

/// Begins to log.
pub(crate) fn begin(filter: &str) {
    let env = Env::default().filter_or(VARIABLE, filter);
    env_logger::Builder::from_env(env)
        .format_timestamp_millis()
        .init();
}
