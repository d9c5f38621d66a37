//! What can be asked of this host, for programs: `GET /openapi.json`.
//!
//! The format is the OpenAPI Specification, version 3.1.1. A route of the host's own is declared
//! together with what is told of it (`declared`, `operation`), so that there is none that is not told.
//! What plugins say of theirs is read as what somebody else wrote (`plugin`, `definitions`). `document`
//! puts both together, and `kept` keeps that until a plugin comes or goes.

mod declared;
mod definitions;
mod document;
mod kept;
mod operation;
mod plugin;
pub(super) mod schema;

pub(super) use declared::Declared;
pub(super) use kept::Kept;
pub(super) use operation::Operation;
