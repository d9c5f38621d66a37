use crate::{Context, Error, Event, Health, MenuSection, Result, Routes};
use serde::de::DeserializeOwned;

/// A plugin. The host calls, in this order: [`initialize`](Plugin::initialize),
/// [`start`](Plugin::start), then everything else at any time and from any thread, then
/// [`stop`](Plugin::stop), then drop.
///
/// A panic in any of them is caught, reported with its place, and ends only the call that it
/// happened in.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// Its configuration: what stands under `[plugins.<id>.config]`, checked against the schema in
    /// `plugin.toml` and with the defaults filled in. [`NoConfig`](crate::NoConfig) for none.
    type Config: DeserializeOwned;

    /// Makes the plugin. What it needs of others is running by now.
    ///
    /// # Errors
    ///
    /// Anything: the plugin is then not started, and neither are those that require it.
    fn initialize(context: Context, config: Self::Config) -> Result<Self>;

    /// Begins its work.
    ///
    /// # Errors
    ///
    /// Anything: the plugin is then stopped, and those that require it are not started.
    fn start(&self) -> Result<()> {
        Ok(())
    }

    /// Ends its work; called once, also when `start` failed. Tasks that it spawned through the
    /// context are cancelled and waited for before this is called.
    ///
    /// # Errors
    ///
    /// Reported; the plugin is stopped all the same.
    fn stop(&self) -> Result<()> {
        Ok(())
    }

    /// Takes a new configuration while it runs; one at a time. Until it returns, and when it
    /// refuses, the old one holds.
    ///
    /// # Errors
    ///
    /// Anything: the new configuration is refused with that text, and nothing changes. Except
    /// [`Error::at_next_start`], which is what it gives unless it is written: the new one is good,
    /// and takes effect at the next start.
    fn reconfigure(&self, config: Self::Config) -> Result<()> {
        drop(config);
        Err(Error::at_next_start())
    }

    /// How it does. Polled by the host; healthy unless it says otherwise.
    fn health(&self) -> Health {
        Health::healthy()
    }

    /// Declares what it answers. Called once, before `initialize`.
    fn routes(routes: &mut Routes<Self>) {
        let _ = routes;
    }

    /// What it adds to the menu of what stands in front of the host. Asked for each time that the menu
    /// is shown; nothing unless it is written.
    ///
    /// # Errors
    ///
    /// Anything: the menu is then without what this plugin adds.
    fn menu(&self) -> Result<Vec<MenuSection>> {
        Ok(Vec::new())
    }

    /// An event of a topic that it subscribed to: in order, one at a time; may block. Those of a
    /// subscription that is [`quick`](crate::Subscribe::quick) come at once, beside any other, and it
    /// must not block.
    ///
    /// # Errors
    ///
    /// Logged with the topic; the next event comes all the same.
    fn event(&self, event: Event<'_>) -> Result<()> {
        let _ = event;
        Ok(())
    }
}
