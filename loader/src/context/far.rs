use jackfield_abi::{BusObject, StorageObject};

/// Those of the host's own services that are not in a worker's process, but in the one that started it.
pub(crate) trait Far: Send + Sync {
    /// The bus.
    fn bus(&self) -> BusObject;

    /// What the topology shows.
    fn snapshot(&self) -> String;

    /// The plugin's own keys and values.
    fn storage(&self) -> StorageObject;
}
