//! The signals that end the host: the first asks, the second insists.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::Ending;
#[cfg(unix)]
pub(crate) use unix::Ending;
