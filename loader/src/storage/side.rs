use crate::context::{Room, answer};
use jackfield_abi::{
    Failure, ROption, RResult, RSlice, RVec, StorageEntry, StorageItem, StorageObject,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// A plugin's storage as the plugin sees it. It holds the room, so that a plugin which keeps it
/// beyond its own drop counts as one that keeps its context.
struct Side(Arc<Room>);

/// The object that a plugin is given.
pub(crate) fn object(room: &Arc<Room>) -> StorageObject {
    StorageObject::from_value(Side(Arc::clone(room)), TD_Opaque)
}

impl jackfield_abi::Storage for Side {
    fn get(&self, key: RSlice<'_, u8>) -> RResult<ROption<RVec<u8>>, Failure> {
        answer(|| {
            let value = self.0.space.get(key.as_slice())?;
            Ok(value.map(RVec::from).into())
        })
    }

    fn scan(
        &self,
        prefix: RSlice<'_, u8>,
        after: RSlice<'_, u8>,
        limit: u64,
    ) -> RResult<RVec<StorageEntry>, Failure> {
        answer(|| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let (prefix, after) = (prefix.as_slice(), after.as_slice());
            Ok(self.0.space.scan(prefix, after, limit)?.into())
        })
    }

    fn commit(
        &self,
        expected: RSlice<'_, StorageItem<'_>>,
        writes: RSlice<'_, StorageItem<'_>>,
    ) -> RResult<bool, Failure> {
        answer(|| {
            let (expected, writes) = (expected.as_slice(), writes.as_slice());
            Ok(self.0.space.commit(expected, writes)?)
        })
    }
}
