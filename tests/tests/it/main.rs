//! One integration binary; the first line of each module is the question that it answers.
#![allow(unreachable_pub, reason = "a binary of several modules")]

mod lifecycle;
mod note;
