//! What a plugin says of itself: `plugin.toml`, and the note that carries it inside the library.

mod id;
mod model;
pub mod note;
mod parse;

pub use id::{IdError, MAX_ID_LEN, PluginId, RESERVED, ServiceId};
pub use model::{Build, Deadlines, Kind, Manifest, Panic, Provision, Requirement, Target};
pub use note::NoteError;
pub use parse::{ManifestError, Warning};
