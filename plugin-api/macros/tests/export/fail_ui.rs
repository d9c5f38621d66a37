use plugin_api::prelude::*;

struct Greeter;

impl Plugin for Greeter {
    type Config = NoConfig;

    fn initialize(_context: Context, _config: NoConfig) -> Result<Self> {
        Ok(Self)
    }
}

export_plugin!(Greeter, "./fail_ui.toml");

fn main() {}
