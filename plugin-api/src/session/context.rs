use super::SessionId;
use crate::{Context, Result};
use serde::Serialize;
use std::sync::Arc;

/// What a [`Session`](super::Session) is given when it is made: its id, its plugin, and the way to the
/// host. May be kept, and used from any thread.
pub struct SessionContext<P> {
    id: SessionId,
    plugin: Arc<P>,
    context: Context,
}

// It lies in each session, which is to have no more than 1 KiB of the SDK's.
const _: () = assert!(size_of::<SessionContext<()>>() <= 48);

impl<P> SessionContext<P> {
    pub(super) fn new(id: SessionId, plugin: &Arc<P>, context: &Context) -> Self {
        Self {
            id,
            plugin: Arc::clone(plugin),
            context: context.clone(),
        }
    }

    /// The session's id, which its client knows it by.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The plugin.
    pub fn plugin(&self) -> &Arc<P> {
        &self.plugin
    }

    /// The plugin's own context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Tells those who listen to the host of something, in this session's name.
    ///
    /// # Errors
    ///
    /// Those of [`Context::notify`].
    pub fn notify(&self, topic: &str, data: &impl Serialize) -> Result<()> {
        self.context.notify_as(Some(&self.id), topic, data)
    }
}

impl<P> Clone for SessionContext<P> {
    fn clone(&self) -> Self {
        Self::new(self.id, &self.plugin, &self.context)
    }
}
