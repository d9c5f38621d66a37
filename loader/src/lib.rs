//! A shared library on disk becomes a running plugin, and goes again.
//!
//! # Two ways in
//!
//! [`Loader`] walks the whole way. [`Inventory`] goes as far as one can without running anything:
//! what lies in the directories, what is wrong with it, and what would start.
//!
//! ```
//! use jackfield_loader::{Loader, Options, Request};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let (plugins, state) = (place.path().join("plugins"), place.path().join("state"));
//! // `plugins` holds libraries; `state` is the loader's own, and is made where it is not there.
//! let loader = Loader::open(Options::new(plugins, state))?;
//! loader.start();
//! for plugin in loader.plugins() {
//!     println!("{} {}: {}", plugin.id, plugin.version, plugin.state);
//! }
//! for file in loader.left_out() {
//!     println!("{}: {}", file.path.display(), file.reasons[0].message);
//! }
//! if let Some(greeter) = loader.plugin("greeter") {
//!     let request = Request::new("GET", "/greet/Ada");
//!     let answer = pollster::block_on(greeter.request(&request))?;
//!     println!("{} {}", answer.status(), String::from_utf8_lossy(answer.body()));
//! }
//! for (id, unload) in loader.stop(Duration::from_secs(10)).stopped {
//!     println!("{id} stopped, {unload}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` is that as a program.
//!
//! # The walk
//!
//! Each step is one file and one type and consumes its input, so that none can be left out or
//! repeated. In reading order:
//!
//! | step | what comes of it | module | runs plugin code? |
//! |---|---|---|---|
//! | found | [`Candidate`]: a regular file, its state, whether it can be trusted | `discover`, `trust` | no |
//! | read | [`Inspection`] of headers and note; then [`Stored`], the checked private copy | `inspect`, `store` | no |
//! | judged | [`Vetted`]: built for this host, configured, not quarantined | `vet`, `config`, `quarantine` | no |
//! | ordered | [`Plan`]: what starts and after what, and why the rest does not | `resolve` | no |
//! | mapped | a library whose layout and identity fit | `loaded`, `ffi` | yes: constructors |
//! | created, started | a plugin that serves: [`Handle`] | `instance`, driven by `start` | yes |
//! | stopped, gone | [`StopReport`], with [`Unload`] for each | `instance`, driven by `stop` | yes |
//!
//! `index` and `scan` spare a second start the reading. `inventory` and `proposal` tie the first
//! four steps together, `crew` and `schedule` the others; `context`, `bus`, `handing`, `publisher`,
//! `services`, `storage`, `tasks` and
//! `executor` are the host as a plugin sees it; `registry` tells where each plugin stands ([`Status`],
//! [`Transition`]); `supervise` looks after those that run ([`HealthReport`], [`Recovery`]), and
//! `inside` tells who is in them ([`Inside`]).
//!
//! # What it does not do
//!
//! It knows no HTTP, no configuration file, no signal and no asynchronous runtime: a program that
//! has one gives it as an [`Executor`]. It does not confine plugins: from *mapped* on, a plugin is
//! native code with all rights of the process.

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

mod backtrace;
mod bus;
mod chain;
mod context;
mod cron;
mod executor;
mod services;
mod storage;
mod tasks;
mod topology;
mod wake;
mod within;
#[cfg(unix)]
mod worker;

mod claims;
mod crew;
mod hands;
mod inside;
mod instance;
mod journal;
mod loaded;
mod reconfigure;
mod registry;
mod request;
mod schedule;
mod start;
mod stop;
mod supervise;
mod took;

mod control;
mod loader;
mod probe;
#[doc(hidden)]
pub mod testkit;
mod ui_module;

pub use bus::{
    Act, BusError, Denied, Event, HostPublisher, MAX_DEPTH, MAX_PAYLOAD_LEN, MAX_QUEUE_BYTES,
    MAX_QUEUE_LEN, MAX_RETAINED, MAX_RETAINED_BYTES, MAX_RETAINED_BYTES_OF_ONE,
    MAX_RETAINED_OF_ONE, MAX_SUBSCRIPTIONS, MAX_WAIT, Policy, QUEUE_LEN, SubscribeOptions,
    Subscribed, Subscriber, is_echoing,
};
pub use claims::{AlreadyStopping, Busy};
pub use config::{ConfigError, Secrets, Violation, check_config, complete_config};
pub use control::{Change, ControlError};
pub use discover::{Candidate, Discovery, SkippedDir, Unfit, discover};
pub use executor::{BoxFuture, Executor, Threads};
pub use ffi::{ModuleError, OpenError, Stuck, Unload};
pub use hash::{ContentHash, HashError};
pub use index::{Entry, Index, Summary};
pub use inside::Inside;
pub use inspect::{Beginning, Depth, Fault, Inspection, NoteState, What, inspect};
pub use inventory::{Found, Inventory, Survey};
pub use journal::Phase;
pub use key::FileKey;
pub use loaded::{CallError, MapError};
pub use loader::{Counters, Loader, OpenLoaderError};
pub use options::{Enable, Options};
pub use platform::FileKind;
pub use probe::{Probe, ProbeError, Probed};
pub use proposal::{Considered, Proposal};
pub use quarantine::{Quarantine, QuarantineError, Record};
pub use reason::{Code, Reason, Rejected};
pub use reconfigure::{ReconfigureError, Reconfigured};
pub use registry::{EVENTS_LEN, Events, State, Status, Transition};
pub use request::{
    Answer, AnswerBody, BrokenBody, Handle, Header, Health, HealthStatus, Part, Parts, Request,
    RequestError,
};
pub use resolve::{
    Degraded, Link, Need, Node, Outcome, Plan, Rejection, Standing, Step, Wait, Warning,
    WarningKind, Why, nearest, resolve, why,
};
pub use scan::{Listed, Scan, scan};
pub use services::{
    Candidate as ServiceCandidate, HOST_SERVICES, MAX_LEASES, ProvideError, RequireError,
    Unfit as ServiceUnfit,
};
pub use stop::StopReport;
pub use storage::{DEFAULT_STORAGE_LIMIT, StorageError};
pub use store::{Refused, Store, StoreError, Stored, Swept};
pub use supervise::{HealthReport, Recovery, Timing};
pub use trust::{Breach, Trust};
pub use ui_module::UiModuleError;
pub use vet::{HostFacts, Sessions, Settings, VetError};
pub use vetted::{Isolation, Vetted};
pub use within::{MAX_REQUEST_LIMIT, REQUEST_LIMIT};
#[cfg(unix)]
pub use worker::{WorkerError, run_if_worker};
