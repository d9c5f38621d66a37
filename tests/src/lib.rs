//! What the integration tests and benchmarks share.
