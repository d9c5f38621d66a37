//! What the integration tests and benchmarks share.

pub mod made;
