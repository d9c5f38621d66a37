//! What a Jackfield plugin is written with: plain Rust, `serde`, `async fn`, no `unsafe`.
//!
//! A plugin is a `cdylib` with a `plugin.toml` beside its `Cargo.toml`, a type that implements
//! [`Plugin`], and one line, [`export_plugin!`]. Its dependencies are this crate and, for the derives,
//! `serde` with its feature `derive`:
//!
//! ```
//! # // A doc test is no package, so it has no `plugin.toml` beside its `Cargo.toml`.
//! # macro_rules! export_plugin {
//! #     ($plugin:ty) => { plugin_api::export_plugin!($plugin, "src/doc.toml"); };
//! # }
//! use plugin_api::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Config { greeting: String }
//!
//! struct Greeter { greeting: String }
//!
//! impl Plugin for Greeter {
//!     type Config = Config;
//!     fn initialize(_context: Context, config: Config) -> Result<Self> {
//!         Ok(Self { greeting: config.greeting })
//!     }
//!     fn routes(routes: &mut Routes<Self>) {
//!         routes.get("/greet/{name}", Self::greet);
//!     }
//! }
//!
//! impl Greeter {
//!     async fn greet(&self, request: Request<'_>) -> Result<Response> {
//!         Ok(Response::text(format!("{}, {}!", self.greeting, request.param("name")?)))
//!     }
//! }
//!
//! export_plugin!(Greeter);
//! ```
//!
//! `docs/authors.md` is the guide.
//!
//! | type | for |
//! |---|---|
//! | [`Plugin`] | what an author implements |
//! | [`Context`] | all that a plugin can ask of its host: events, tasks, timers, files, other plugins |
//! | [`Routes`], [`quick`], [`blocking`] | what it answers, and on which thread |
//! | [`Path`], [`Query`], [`Json`], [`BodyStream`], … | what a handler takes: any [`FromRequest`], and the [`Request`] itself |
//! | [`Json`], [`Response`], [`Error`], … | what a handler gives: any [`IntoResponse`] |
//! | [`Session`] | what it keeps for one client |
//! | [`Before`], [`After`] | what it does to requests for others |
//! | [`Storage`] | keys and values that it keeps between runs |
//! | [`Service`], [`Lease`] | typed objects that plugins share, called like functions |
//! | [`host`] | services of the host's own: clock, configuration, bus, storage, topology |
//! | [`Event`], [`Health`] | what it hears, and how it does |

mod body_stream;
mod bus;
mod config;
mod context;
mod describe;
mod embed;
mod error;
mod event;
mod exported;
mod extract;
mod ffi;
mod handler;
mod health;
pub mod host;
mod menu;
mod middleware;
mod outgoing;
mod plugin;
mod reply;
mod request;
mod response;
mod routes;
mod schedule;
mod service;
mod session;
mod storage;
mod within;

pub use body_stream::BodyStream;
pub use bus::Subscribe;
pub use config::NoConfig;
pub use context::{Context, Interval, Task};
pub use describe::{Operation, Place};
pub use error::{Error, Result};
pub use event::{Event, Retained, Subscription};
pub use extract::{Bytes, Extensions, FromOptional, FromRequest, Headers, Json, Path, Query};
pub use ffi::Lease;
pub use futures_core::Stream;
pub use handler::{Handler, blocking, quick};
pub use health::{Health, HealthStatus};
pub use menu::{MenuItem, MenuSection};
pub use middleware::{After, Answered, Before};
pub use outgoing::OutgoingRequest;
pub use plugin::Plugin;
pub use reply::IntoResponse;
pub use request::Request;
pub use response::Response;
pub use routes::Routes;
pub use service::{Service, guarded};
pub use session::{NoArguments, Session, SessionContext, SessionId};
pub use storage::{Entry, Scan, Storage, Transaction};

pub use jackfield_macros::export_plugin;

/// The `log` crate: its macros, used in a plugin, write to the host's log.
pub use log;
/// The `schemars` crate, for what typed routes take and give.
pub use schemars;
/// The `serde` crate, for configuration and bodies.
pub use serde;
/// The `serde_json` crate, for bodies and events.
pub use serde_json;

/// Everything that most plugins use.
pub mod prelude {
    pub use crate::{
        Context, Error, Event, Health, Json, NoConfig, OutgoingRequest, Path, Plugin, Query,
        Request, Response, Result, Routes, Session, SessionContext, Subscribe, blocking,
        export_plugin, log, quick,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

/// What [`export_plugin!`] expands to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        embed::{Note, padded_len},
        exported::Exported,
        ffi::{LibHeader, Meta, header},
    };
}

/// What `jackfield-testkit` leads a plugin with. Not for use by hand.
#[doc(hidden)]
pub mod __testkit {
    pub use crate::{
        embed::text,
        exported::Exported,
        ffi::testkit::{answer, create, error, health, hook, lease, offer, response, take_stream},
    };
}
