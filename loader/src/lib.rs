//! A shared library on disk becomes a running plugin.

mod bus;
mod config;
mod context;
mod crew;
mod executor;
mod ffi;
mod hash;
mod instance;
mod journal;
mod loaded;
mod quarantine;
mod reason;
mod registry;
mod request;
mod resolve;
mod schedule;
mod start;
mod stop;
mod tasks;
mod vet;
mod vetted;

pub use bus::{BusError, Event, MAX_PAYLOAD_LEN, MAX_SUBSCRIPTIONS, MAX_TOPIC_LEN, QUEUE_LEN};
pub use config::{ConfigError, Violation};
pub use executor::{BoxFuture, Executor, Threads};
pub use ffi::{ModuleError, OpenError, Unload};
pub use hash::{ContentHash, HashError};
pub use journal::Phase;
pub use loaded::{CallError, MapError};
pub use quarantine::{Quarantine, QuarantineError, Record};
pub use reason::{Code, Reason, Rejected};
pub use registry::{EVENTS_LEN, Events, State, Status, Transition};
pub use request::{Answer, Handle, Header, Health, HealthStatus, Request, RequestError};
pub use resolve::{
    Degraded, Link, Need, Node, Outcome, Plan, Rejection, Standing, Step, Wait, Warning,
    WarningKind, Why, nearest, resolve, why,
};
pub use stop::StopReport;
pub use vet::{HostFacts, Settings, VetError};
pub use vetted::Vetted;
