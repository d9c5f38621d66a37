//! Puts plugins into a program of your own:
//! `cargo run -p jackfield-loader --example embed -- PLUGINS_DIR STATE_DIR`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use jackfield_loader::{Loader, Options};
use std::{env, error::Error, time::Duration};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let (Some(plugins), Some(state)) = (arguments.next(), arguments.next()) else {
        return Err("usage: embed PLUGINS_DIR STATE_DIR".into());
    };
    let loader = Loader::open(Options::new(plugins, state))?;
    loader.start();
    for plugin in loader.plugins() {
        let why = plugin
            .cause
            .or(plugin.reasons.first().map(|reason| reason.message.clone()));
        println!(
            "{} {}: {} {}",
            plugin.id,
            plugin.version,
            plugin.state,
            why.unwrap_or_default()
        );
        if let Some(handle) = loader.plugin(plugin.id.as_str()) {
            println!("  health: {}", handle.health()?.message);
        }
    }
    for (id, unload) in loader.stop(Duration::from_secs(10)).stopped {
        println!("{id} stopped, {unload}");
    }
    Ok(())
}
