use crate::Failure;
use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, ROption, RResult, RSlice, RVec},
};

/// Bytes of the longest key; the shortest has one.
pub const MAX_KEY_LEN: usize = 1024;

/// Bytes of the longest value; the shortest has none.
pub const MAX_VALUE_LEN: usize = 1 << 20;

/// Conditions and writes that one [`Storage::commit`] takes, together.
pub const MAX_COMMIT_LEN: usize = 10_000;

/// A plugin's own keys and values, kept between runs.
///
/// Nothing in it outlasts a call, neither a lock nor a snapshot, so a plugin that dawdles between
/// two calls delays nobody: what is to happen all at once is one [`commit`](Storage::commit). Each
/// method reads or writes the disk, so it may take a while. A method never unwinds.
#[sabi_trait]
pub trait Storage: Send + Sync {
    /// The value of a key; `RNone` when it has none. The caller frees it, through its own allocator.
    /// Fails with `INVALID` for a key of 0 or more than [`MAX_KEY_LEN`] bytes, `UNAVAILABLE` once the
    /// plugin has stopped, `UNSUPPORTED` where the file is of a later version, and `ERROR` where it
    /// is damaged or cannot be read. `[any thread, initialized to stopping]`
    fn get(&self, key: RSlice<'_, u8>) -> RResult<ROption<RVec<u8>>, Failure>;

    /// Entries whose keys begin with `prefix` and come after `after`, in the order of their bytes, as
    /// one moment had them; an empty `after` is before every key. At most `limit`, and at most as
    /// many as the host likes to give at once, but one if there is any: only an empty answer is the
    /// end. Fails as [`get`](Storage::get) does, but not for a long `prefix` or `after`.
    /// `[any thread, initialized to stopping]`
    fn scan(
        &self,
        prefix: RSlice<'_, u8>,
        after: RSlice<'_, u8>,
        limit: u64,
    ) -> RResult<RVec<StorageEntry>, Failure>;

    /// Does all of `writes`, in their order, or nothing: false, and nothing done, unless each key of
    /// `expected` has exactly that value, or none. True when all is on the disk, and will be there
    /// after a crash. One commit after another, each is seen whole or not at all.
    ///
    /// Fails as [`get`](Storage::get) does; with `INVALID` also for a value of more than
    /// [`MAX_VALUE_LEN`] bytes, or more than [`MAX_COMMIT_LEN`] items; with `FULL`, and nothing done,
    /// where the plugin's limit would be exceeded or the disk has no room.
    /// `[any thread, initialized to stopping]`
    #[sabi(last_prefix_field)]
    fn commit(
        &self,
        expected: RSlice<'_, StorageItem<'_>>,
        writes: RSlice<'_, StorageItem<'_>>,
    ) -> RResult<bool, Failure>;
}

/// An owned [`Storage`].
pub type StorageObject = Storage_TO<'static, RBox<()>>;

/// A key and the value that it has to have, or is to get; `RNone` for no value. Lent for the call.
/// `[crosses by reference, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct StorageItem<'a> {
    /// 1 to [`MAX_KEY_LEN`] bytes.
    pub key: RSlice<'a, u8>,
    /// At most [`MAX_VALUE_LEN`] bytes.
    pub value: ROption<RSlice<'a, u8>>,
}

/// A key with its value, given away. `[crosses by value, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct StorageEntry {
    /// The key.
    pub key: RVec<u8>,
    /// Its value.
    pub value: RVec<u8>,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<StorageItem<'_>>() == 40);
    assert!(offset_of!(StorageItem<'_>, value) == 16);
    assert!(size_of::<StorageEntry>() == 64);
    assert!(offset_of!(StorageEntry, value) == 32);
};
