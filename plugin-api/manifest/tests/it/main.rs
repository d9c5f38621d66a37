//! One integration binary; the first line of each module is the question that it answers.
#![allow(unreachable_pub, reason = "a binary of several modules")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod corpus;
mod document;
mod embedded;
mod flat;
mod hostile;
mod schema;
mod source;
mod topic;
mod ui;
mod ui_module;
