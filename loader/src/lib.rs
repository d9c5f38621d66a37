//! A shared library on disk becomes a running plugin.

mod discover;
mod hash;
mod index;
mod inspect;
mod key;
mod platform;
mod reason;
mod scan;
mod store;
mod trust;

pub use discover::{Candidate, Discovery, SkippedDir, Unfit, discover};
pub use hash::{ContentHash, HashError};
pub use index::{Entry, Index};
pub use inspect::{Beginning, Depth, Fault, Inspection, NoteState, What, inspect};
pub use key::FileKey;
pub use platform::FileKind;
pub use reason::{Code, Reason, Rejected};
pub use scan::{Listed, Scan, scan};
pub use store::{Refused, Store, StoreError, Stored, Swept};
pub use trust::{Breach, Trust};
