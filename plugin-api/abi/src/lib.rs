//! The boundary between a Jackfield host and its plugins, and nothing else.
//!
//! Every type here is `repr(C)` and derives [`abi_stable::StableAbi`], so that two sides built
//! apart, by different compilers, at different times, can compare their layouts before they trust
//! each other. Plugin authors do not use this crate: they use `jackfield-plugin-api`, which turns
//! it into plain Rust.
//!
//! | item | crosses | grows by |
//! |---|---|---|
//! | [`PluginModule`] | what a library exports: who it is, and `create` | it does not |
//! | [`Plugin`] / [`PluginObject`] | host calls plugin | methods with a default body |
//! | [`Host`] / [`HostObject`] | plugin calls host | methods with a default body |
//! | [`Storage`] / [`StorageObject`] | plugin reads and writes its own keys | methods with a default body |
//! | [`StorageItem`], [`StorageEntry`] | keys and values | they do not |
//! | [`Request`] / [`Response`] | the message-shaped door | named extensions |
//! | [`Call`] | a request under way: its reply, and room for a future | it does not |
//! | [`ServiceOffer`], [`ServiceLease`] | a typed service, from its provider to its user | methods with a default body |
//! | [`Config`], [`Bus`], [`Clock`], [`Topology`] | services of the host's own; [`Storage`] is one too | methods with a default body |
//! | [`SubscribeOptions`] | how a plugin subscribes | flags |
//! | [`Event`], [`RetainedEvent`], [`LogRecord`], [`PanicReport`], [`Health`], [`Failure`] | small and frozen | they do not |
//!
//! The crate's version is the ABI version ([`ABI_VERSION`]). Within one major version nothing is
//! ever changed or removed; see `docs/abi.md`.
#![expect(
    unsafe_code,
    reason = "this crate is the boundary: StableAbi and sabi_trait expand to it"
)]
#![expect(non_local_definitions, reason = "sabi_trait 0.11 expands to them")]
#![expect(
    clippy::mem_forget,
    reason = "sabi_trait 0.11 expands to it, as its panic guard"
)]

mod bus;
mod call;
mod clock;
mod config;
mod event;
mod failure;
mod health;
mod host;
pub mod layout;
mod lease;
mod module;
mod offer;
mod plugin;
mod record;
mod request;
mod storage;
mod stream;
mod subscribe;
mod topology;
mod version;

pub use abi_stable;
pub use abi_stable::std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec};
pub use async_ffi;
pub use async_ffi::{BorrowingFfiFuture, ContextExt, FfiContext, FfiFuture};

pub use bus::{Bus, Bus_CTO, Bus_TO, BusObject};
pub use call::{Answer, CALL_ROOM, Call, CallMut};
pub use clock::{Clock, Clock_CTO, Clock_TO, ClockObject};
pub use config::{Config, Config_CTO, Config_TO, ConfigObject};
pub use event::Event;
pub use failure::{Failure, FailureCode};
pub use health::{Health, HealthStatus};
pub use host::{Host, Host_CTO, Host_TO, HostObject};
pub use lease::{ServiceLease, ServiceLease_CTO, ServiceLease_TO, ServiceLeaseObject};
pub use module::{Identity, PluginModule, PluginModuleRef, ROOT_MODULE_SYMBOL};
pub use offer::{ServiceOffer, ServiceOffer_CTO, ServiceOffer_TO, ServiceOfferObject};
pub use plugin::{Plugin, Plugin_CTO, Plugin_TO, PluginObject};
pub use record::{Field, Level, LogRecord, PanicReport};
pub use request::{Header, Reply, Request, Response};
pub use storage::{
    MAX_COMMIT_LEN, MAX_KEY_LEN, MAX_VALUE_LEN, Storage, Storage_CTO, Storage_TO, StorageEntry,
    StorageItem, StorageObject,
};
pub use stream::{ByteStream, ByteStream_CTO, ByteStream_TO, ByteStreamObject};
pub use subscribe::{
    PUBLISH_RETAIN, QueuePolicy, RetainedEvent, SUBSCRIBE_CAPACITY, SUBSCRIBE_QUICK,
    SUBSCRIBE_RETAINED, SubscribeOptions,
};
pub use topology::{Topology, Topology_CTO, Topology_TO, TopologyObject};
pub use version::{ABI_VERSION, AbiMismatch, abi_version, check_abi};
