//! What happens, as a stream of server-sent events: `GET /events`.
//!
//! An event is written down once, in a ring that all readers share (`hub`); a reader is a place in it
//! (`reader`). What comes at once is one block, and goes out in one piece. `feed` brings in what
//! plugins notify of and what changes among them.
//!
//! The format is that of the HTML standard, section 9.2, "Server-sent events".

mod feed;
mod hub;
mod reader;

pub(super) use feed::{Feed, FeedError};
pub(super) use hub::Hub;
pub(super) use reader::{Filter, Reader};
