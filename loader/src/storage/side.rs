use super::Space;
use crate::context::answer;
use jackfield_abi::{
    Failure, ROption, RResult, RSlice, RVec, StorageEntry, StorageItem, StorageObject,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// A plugin's storage as the plugin sees it. It holds the room that the space is in, so that a plugin
/// which keeps it beyond its own drop counts as one that keeps its context.
struct Side<R>(Arc<R>);

/// The object that a plugin is given.
pub(crate) fn object<R: AsRef<Space> + Send + Sync + 'static>(room: &Arc<R>) -> StorageObject {
    StorageObject::from_value(Side(Arc::clone(room)), TD_Opaque)
}

impl AsRef<Space> for Space {
    fn as_ref(&self) -> &Space {
        self
    }
}

impl<R: AsRef<Space> + Send + Sync> jackfield_abi::Storage for Side<R> {
    fn get(&self, key: RSlice<'_, u8>) -> RResult<ROption<RVec<u8>>, Failure> {
        answer(|| {
            let value = self.0.as_ref().as_ref().get(key.as_slice())?;
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
            Ok(self.0.as_ref().as_ref().scan(prefix, after, limit)?.into())
        })
    }

    fn commit(
        &self,
        expected: RSlice<'_, StorageItem<'_>>,
        writes: RSlice<'_, StorageItem<'_>>,
    ) -> RResult<bool, Failure> {
        answer(|| {
            let (expected, writes) = (expected.as_slice(), writes.as_slice());
            Ok(self.0.as_ref().as_ref().commit(expected, writes)?)
        })
    }
}
