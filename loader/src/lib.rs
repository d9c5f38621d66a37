//! A shared library on disk becomes a running plugin.
//!
//! [`Loader`] walks the whole way; [`Inventory`] goes as far as one can without running anything.
//! One step, one file, in reading order:
//!
//! | step | module | runs plugin code? |
//! |---|---|---|
//! | found | `discover`, `trust` | no |
//! | read | `inspect`, `store` | no |
//! | judged | `vet`, `config`, `quarantine` | no |
//! | ordered | `resolve` | no |
//! | mapped | `loaded` | yes: constructors |
//! | created, started | `instance`, driven by `start` | yes |
//! | stopped, gone | `instance`, driven by `stop` | yes |
//!
//! `inventory` and `proposal` tie the first four together, `crew` and `schedule` the others.

mod platform;

mod discover;
mod hash;
mod key;
mod trust;

mod inspect;
mod store;

mod index;
mod scan;

mod config;
mod quarantine;
mod reason;
mod vet;
mod vetted;

mod resolve;

mod inventory;
mod options;
mod proposal;

mod ffi;

mod bus;
mod context;
mod executor;
mod tasks;

mod crew;
mod instance;
mod journal;
mod loaded;
mod registry;
mod request;
mod schedule;
mod start;
mod stop;

mod loader;

pub use bus::{BusError, Event, MAX_PAYLOAD_LEN, MAX_SUBSCRIPTIONS, MAX_TOPIC_LEN, QUEUE_LEN};
pub use config::{ConfigError, Violation};
pub use discover::{Candidate, Discovery, SkippedDir, Unfit, discover};
pub use executor::{BoxFuture, Executor, Threads};
pub use ffi::{ModuleError, OpenError, Stuck, Unload};
pub use hash::{ContentHash, HashError};
pub use index::{Entry, Index, Summary};
pub use inspect::{Beginning, Depth, Fault, Inspection, NoteState, What, inspect};
pub use inventory::{Found, Inventory, Survey};
pub use journal::Phase;
pub use key::FileKey;
pub use loaded::{CallError, MapError};
pub use loader::{Counters, Loader, OpenLoaderError};
pub use options::{Enable, Options};
pub use platform::FileKind;
pub use proposal::{Considered, Proposal};
pub use quarantine::{Quarantine, QuarantineError, Record};
pub use reason::{Code, Reason, Rejected};
pub use registry::{EVENTS_LEN, Events, State, Status, Transition};
pub use request::{Answer, Handle, Header, Health, HealthStatus, Request, RequestError};
pub use resolve::{
    Degraded, Link, Need, Node, Outcome, Plan, Rejection, Standing, Step, Wait, Warning,
    WarningKind, Why, nearest, resolve, why,
};
pub use scan::{Listed, Scan, scan};
pub use stop::StopReport;
pub use store::{Refused, Store, StoreError, Stored, Swept};
pub use trust::{Breach, Trust};
pub use vet::{HostFacts, Settings, VetError};
pub use vetted::Vetted;
