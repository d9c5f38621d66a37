//! The host's own services, found as those of plugins are:
//!
//! ```no_run
//! # use plugin_api::{host::Clock, Context, Lease, Result};
//! # fn initialize(context: &Context) -> Result<()> {
//! let clock: Lease<Clock> = context.require("^1")?;
//! println!("{}", clock.now_ns());
//! # Ok(())
//! # }
//! ```
//!
//! with `requires = [{ service = "clock", range = "^1" }]` in `plugin.toml`. Each object is bound to
//! the plugin that asked for it. They are always there; a range that the host does not have keeps the
//! plugin from starting, with a reason.

mod bus;
mod clock;
mod config;
mod storage;
mod topology;

pub use crate::ffi::{BusService, Clock, ConfigService, StorageService, Topology};
pub use config::HostFacts;
pub use topology::{Change, Edge, Neighbour, Provided};
