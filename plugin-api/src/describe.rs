mod operation;
pub(crate) mod schema;

pub use operation::{Operation, Place};
