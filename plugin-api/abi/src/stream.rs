use crate::Failure;
use abi_stable::{
    sabi_trait,
    std_types::{RBox, ROption, RResult, RVec},
};
use async_ffi::BorrowingFfiFuture;

/// Bytes that arrive one part after another.
#[sabi_trait]
pub trait ByteStream: Send + Sync {
    /// The next part, or `RNone` at the end. `[any thread; one call at a time]`
    ///
    /// The caller owns the part and frees it through the vector's own allocator. After `RNone` or
    /// an error the stream gives `RNone`. Dropping the future loses at most the part that it waited
    /// for; dropping the stream ends it.
    #[sabi(last_prefix_field)]
    fn next(&self) -> BorrowingFfiFuture<'_, RResult<ROption<RVec<u8>>, Failure>>;
}

/// A [`ByteStream`] that owns what it reads from.
pub type ByteStreamObject = ByteStream_TO<'static, RBox<()>>;
