//! JavaScript modules on their way to browsers.

use bytes::Bytes;
use jackfield_loader::{Loader, Status, UiModuleError};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Those that are being sent, by the SHA-256 of their text: each is in memory once, however many
/// clients read it and however slowly, and no longer than that.
#[derive(Default)]
pub(super) struct Modules(Mutex<HashMap<[u8; 32], Weak<str>>>);

/// A text that several answers have.
struct Shared(Arc<str>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Modules {
    /// The module of a plugin, if it brings one. May read a file, and wait for others that do.
    ///
    /// # Errors
    ///
    /// [`UiModuleError`] where it brings one that cannot be had.
    pub(super) fn get(
        &self,
        loader: &Loader,
        status: &Status,
    ) -> Result<Option<Bytes>, UiModuleError> {
        let Some(module) = status.manifest.ui_module else {
            return Ok(None);
        };
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = sent.get(&module.sha256).and_then(Weak::upgrade) {
            return Ok(Some(Bytes::from_owner(Shared(text))));
        }
        let Some(text) = loader.ui_module(status)? else {
            return Ok(None);
        };
        let text: Arc<str> = text.into();
        sent.retain(|_, other| other.strong_count() > 0);
        sent.insert(module.sha256, Arc::downgrade(&text));
        Ok(Some(Bytes::from_owner(Shared(text))))
    }
}
