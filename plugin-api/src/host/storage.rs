use super::StorageService;
use crate::{Lease, Service, Storage};

impl Service for StorageService {
    const ID: &'static str = "storage";
    const VERSION: &'static str = "1.0.0";
}

impl From<Lease<StorageService>> for Storage {
    /// The keys and values themselves: the same as
    /// [`Context::storage`](crate::Context::storage) gives.
    fn from(lease: Lease<StorageService>) -> Self {
        Self::leased(lease)
    }
}
