//! Plugins on HTTP.
//!
//! In reading order: `open` (all of it, put together), `listen` (sockets, connections, their limits),
//! `front` (what all connections share) with `target` (whose a path is), `access` (who may), `service`
//! (each request's way), `mounts` (the plugins that can be called) with `description` (what they say
//! of their routes), `call` (one request to one of them) with `body` (what comes in, within limits),
//! `headers` and `reply` (what goes out), `chain` and `middleware` (who else sees it), `own` (the routes
//! that every plugin has), `api` (the host's own routes), `openapi` (what is told of all of these to
//! programs), `modules` (of JavaScript, on their way out), `events` (what happens, as a stream), `metrics`
//! (what is counted).

pub(crate) mod access;
mod activity;
mod api;
mod body;
mod call;
mod chain;
mod crowd;
mod description;
mod events;
mod front;
mod headers;
mod ids;
mod listen;
mod metrics;
mod middleware;
mod modules;
mod mounts;
mod open;
mod openapi;
mod own;
mod reply;
mod service;
mod streamed;
mod target;
mod upload;

pub(crate) use open::{Gateway, GatewayError};
