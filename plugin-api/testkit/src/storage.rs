//! The plugin's storage: a host's own, and a test can have it fail.

use crate::stage::{Stage, lock};
use jackfield_abi::{
    Failure, ROption, RResult, RSlice, RVec, Storage, StorageEntry, StorageItem, StorageObject,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use jackfield_loader::StorageError;
use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
};

/// A way in which a plugin's storage fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageFault {
    /// The disk has no room: what writes fails (429), and what reads does not.
    Full,
    /// The file is damaged: everything fails (500).
    Damaged,
}

impl StorageFault {
    /// As a host says it.
    fn failure(self, path: PathBuf) -> Failure {
        let error = match self {
            Self::Full => StorageError::NoRoom {
                path,
                source: io::Error::from(ErrorKind::StorageFull),
            },
            Self::Damaged => StorageError::Damaged {
                path,
                found: "a damaged one (as the test says)".to_owned(),
            },
        };
        error.into()
    }
}

struct Faulty {
    stage: Arc<Stage>,
    inner: StorageObject,
}

/// What a plugin is given.
pub(crate) fn object(stage: &Arc<Stage>, inner: StorageObject) -> StorageObject {
    let stage = Arc::clone(stage);
    StorageObject::from_value(Faulty { stage, inner }, TD_Opaque)
}

impl Faulty {
    fn fault(&self, writes: bool) -> Result<(), Failure> {
        match *lock(&self.stage.fault) {
            Some(fault) if writes || fault == StorageFault::Damaged => {
                Err(fault.failure(self.stage.storage_path()))
            }
            _ => Ok(()),
        }
    }
}

impl Storage for Faulty {
    fn get(&self, key: RSlice<'_, u8>) -> RResult<ROption<RVec<u8>>, Failure> {
        match self.fault(false) {
            Ok(()) => self.inner.get(key),
            Err(failure) => RResult::RErr(failure),
        }
    }

    fn scan(
        &self,
        prefix: RSlice<'_, u8>,
        after: RSlice<'_, u8>,
        limit: u64,
    ) -> RResult<RVec<StorageEntry>, Failure> {
        match self.fault(false) {
            Ok(()) => self.inner.scan(prefix, after, limit),
            Err(failure) => RResult::RErr(failure),
        }
    }

    fn commit(
        &self,
        expected: RSlice<'_, StorageItem<'_>>,
        writes: RSlice<'_, StorageItem<'_>>,
    ) -> RResult<bool, Failure> {
        match self.fault(!writes.is_empty()) {
            Ok(()) => self.inner.commit(expected, writes),
            Err(failure) => RResult::RErr(failure),
        }
    }
}
