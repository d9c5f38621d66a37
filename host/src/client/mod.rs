//! `jackfield` as a client of a host that serves HTTP: `reach` (what the command line says of where and
//! as whom), `place` (where the running host says that it listens), `session` (one host, asked),
//! `events` (what it tells as it happens), `error`.

mod error;
mod events;
mod place;
mod reach;
mod session;

pub(crate) use error::HttpError;
pub(crate) use events::{Events, Told};
pub(crate) use place::Place;
pub(crate) use reach::{Reach, VARIABLE_TOKEN};
pub(crate) use session::{Asked, Session};
