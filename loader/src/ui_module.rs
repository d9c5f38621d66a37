//! The JavaScript module that a plugin brings for its page.

use crate::{Candidate, Fault, Loader, Reason, Status, Trust, inspect};
use jackfield_manifest::ui::Module;
use std::path::{Path, PathBuf};

/// Why a module that a plugin has cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum UiModuleError {
    /// The file is none that can be trusted, or it is gone.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The library.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file holds something else by now, or cannot be read.
    #[error("{}: {fault}", path.display())]
    Unreadable {
        /// The library.
        path: PathBuf,
        /// Why.
        fault: Fault,
    },
}

impl Loader {
    /// The text of the JavaScript module that a plugin brings, if it brings one; whatever state it
    /// is in, for none of its code is run.
    ///
    /// It is read anew each time, from the store's copy or, where there is none since the plugin was
    /// not to be mapped, from the file in the plugins directory, and compared with the hash in the
    /// manifest. So it costs no memory while nobody asks, and is never another one than that of
    /// `status`.
    ///
    /// # Errors
    ///
    /// [`UiModuleError`] when neither file holds it any more.
    pub fn ui_module(&self, status: &Status) -> Result<Option<String>, UiModuleError> {
        let Some(module) = &status.manifest.ui_module else {
            return Ok(None);
        };
        let copy = status.hash.zip(status.path.file_name());
        let copy = copy.map(|(hash, name)| self.core.store.path(&hash, name));
        if let Some(Ok(text)) = copy.map(|copy| read(&copy, module, Trust::Lax)) {
            return Ok(Some(text));
        }
        let trust = self.core.inventory().options().trust;
        read(&status.path, module, trust).map(Some)
    }
}

/// The module in that library, where the library may be trusted.
fn read(path: &Path, module: &Module, trust: Trust) -> Result<String, UiModuleError> {
    let unfit = |reason: Reason| UiModuleError::Unfit {
        path: path.to_owned(),
        reason: reason.message,
    };
    let candidate = Candidate::at(path).map_err(|error| unfit(error.reason()))?;
    if let (Trust::Strict, Some(breach)) = (trust, candidate.breaches.first()) {
        return Err(unfit(breach.reason()));
    }
    let opened = inspect::open(&candidate);
    let text = opened.and_then(|(file, key)| inspect::module(&file, key.size, module));
    text.map_err(|fault| UiModuleError::Unreadable {
        path: path.to_owned(),
        fault,
    })
}
