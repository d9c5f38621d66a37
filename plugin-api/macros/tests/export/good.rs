#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
//! A whole plugin, with its manifest beside it.

use plugin_api::prelude::*;

struct Greeter;

impl Plugin for Greeter {
    type Config = NoConfig;

    fn initialize(_context: Context, _config: NoConfig) -> Result<Self> {
        Ok(Self)
    }
}

export_plugin!(Greeter, "./good.toml");

fn main() {}
