//! What a plugin says of itself: `plugin.toml`, and the note that carries it inside the library.
//!
//! A `plugin.toml` is read, checked and completed by `export_plugin!` (feature `source`), which puts
//! it into the library as the embedded text ([`Manifest::to_toml`]); a host finds that in the
//! library's bytes and reads it back with [`Manifest::parse`]. `docs/manifest.md` has every key and
//! the layout of the bytes.

mod id;
mod kind;
mod model;
pub mod note;

mod supervision;
mod tree;

mod read;

mod problem;

mod range;
mod topic;

pub mod ui;

pub mod keys;

mod check;
mod checked;
mod parse;
mod write;

#[cfg(feature = "source")]
pub mod source;

pub use check::MAX_LIST;
pub use id::{IdError, MAX_ID_LEN, PluginId, RESERVED, ServiceId};
pub use kind::Kind;
pub use model::{Build, Deadlines, Manifest, Panic, Permissions, Provision, Requirement, Target};
pub use note::NoteError;
pub use parse::MAX_LEN;
pub use problem::{Fault, ManifestError, Position, Problem, SyntaxError, Warning};
pub use range::Range;
pub use read::MAX_TOKENS;
#[doc(hidden)]
pub use read::readers_agree;
pub use supervision::{OnPanic, Restart, Supervision};
pub use topic::{MAX_TOPIC_LEN, PatternError, Reach, TopicError, TopicPattern, check_topic};
