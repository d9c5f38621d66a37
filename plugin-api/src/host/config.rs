use super::ConfigService;
use crate::{Error, Result, Service};
use serde::{Deserialize, de::DeserializeOwned};
use std::path::PathBuf;

impl Service for ConfigService {
    const ID: &'static str = "config";
    const VERSION: &'static str = "1.0.0";
}

/// What of the host is open to every plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct HostFacts {
    /// The host's name among others.
    pub edge: String,
    /// Its version.
    pub version: String,
    /// The version of the ABI that it speaks.
    pub abi: String,
    /// The target triple that it was built for.
    pub target: String,
    /// Its directories with plugins.
    pub plugins: Vec<PathBuf>,
}

impl ConfigService {
    /// The value at a JSON pointer in the configuration that this plugin goes by now, such as
    /// `/limits/most`; all of it for an empty pointer, `None` where there is none. Unlike what
    /// `initialize` was given it is as JSON has it, and what a
    /// [`reconfigure`](crate::Plugin::reconfigure) took since.
    ///
    /// # Errors
    ///
    /// For what is no pointer (400), and when the value is not the JSON of a `T`; the message does
    /// not repeat the value, which may be secret.
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>> {
        let value = self.0.get(pointer.into()).into_result();
        let Some(text) = value.map_err(Error::from_failure)?.into_option() else {
            return Ok(None);
        };
        let read = serde_json::from_str(&text);
        read.map(Some).map_err(|_| {
            let name = std::any::type_name::<T>();
            Error::new(format!("the configuration at `{pointer}` is no `{name}`"))
        })
    }

    /// How many configurations this plugin has gone by since it was created: 1 until one is taken
    /// while it runs.
    pub fn revision(&self) -> u64 {
        self.0.revision()
    }

    /// What of the host is open to every plugin.
    ///
    /// # Errors
    ///
    /// When the host tells of itself in another way.
    pub fn host(&self) -> Result<HostFacts> {
        Ok(serde_json::from_str(&self.0.host())?)
    }
}
