//! The live view: what the running host tells every second (`feed`) becomes rows (`rows`); `app`
//! holds what is looked at and knows the keys, `draw` puts it on the screen, `screen` has the
//! terminal.

mod app;
mod draw;
mod feed;
mod rows;
mod screen;

pub(crate) use rows::{Sort, rows};
pub(crate) use screen::show;

#[cfg(test)]
mod tests;
