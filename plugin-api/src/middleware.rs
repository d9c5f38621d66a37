mod after;
mod answered;
mod before;
mod hook;
mod outcome;
mod pass;

pub use after::After;
pub use answered::Answered;
pub use before::Before;

pub(crate) use hook::{Hook, erase};
pub(crate) use pass::PASS;
