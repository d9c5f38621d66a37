//! The host's side of the boundary: the only module with `unsafe`, and the only one that names
//! `libloading`.
//!
//! Three invariants carry it:
//!
//! 1. *Code outlives what points into it.* Whatever holds a pointer into a library (its object, a
//!    future or a response of it, a waker of it) also holds a [`Lease`] or an entry into a
//!    [`Slot`], and drops it after the pointer.
//! 2. *A library is closed by [`Library::close`] only*, on a thread of the host, when nothing else
//!    holds it; dropping the last lease elsewhere leaves it mapped.
//! 3. *The layout was compared before the first call* ([`Module::open`]), or the verdict of that
//!    comparison is known for the same bytes and the same host.
#![expect(
    unsafe_code,
    reason = "loading a library and calling into it is what this module is for"
)]

mod answering;
mod guard;
mod leased;
mod library;
mod mirror;
mod module;
mod slot;
mod streamed;
mod turnstile;

pub(crate) use answering::begin_answer;
pub(crate) use guard::guard;
pub(crate) use leased::Leased;
pub(crate) use library::{Lease, Library};
pub use library::{OpenError, Unload};
pub(crate) use mirror::Mirror;
pub use module::ModuleError;
pub(crate) use module::{LayoutVerdict, Module, Root};
pub(crate) use slot::{Entered, Kept, Slot, next_part};
use streamed::streamed;
pub use turnstile::Stuck;
pub(crate) use turnstile::Turn;
