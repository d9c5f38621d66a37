//! The host's own services: found as those of plugins are, and each object bound to who asked for it.

mod bus;
mod clock;
mod config;
mod topology;

pub use bus::bus_of;

use super::{RequireError, error::Asked, seat::Counted};
use crate::{Options, context::Room, storage};
use jackfield_abi::{
    BusObject, ClockObject, ConfigObject, Failure, RStr, RVec, ServiceLease, ServiceLeaseObject,
    StorageObject, TopologyObject,
    abi_stable::{StableAbi, type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use semver::Version;
use serde_json::json;
use std::{ptr, sync::Arc};

/// The services that every host has, and in which version; no plugin can provide one of these ids.
pub static HOST_SERVICES: [(&str, Version); 5] = [
    ("bus", Version::new(1, 0, 0)),
    ("clock", Version::new(1, 0, 0)),
    ("config", Version::new(1, 0, 0)),
    ("storage", Version::new(1, 0, 0)),
    ("topology", Version::new(1, 0, 0)),
];

/// Whom a lease names as its provider. No plugin has this id: it is none.
const PROVIDER: &str = "";

/// The version in which the host itself has a service of that id.
pub(crate) fn own_version(id: &str) -> Option<&'static Version> {
    let found = HOST_SERVICES.iter().find(|(own, _)| *own == id);
    found.map(|(_, version)| version)
}

/// What every plugin is told of the host.
pub(crate) struct Facts {
    pub(crate) edge: String,
    /// As [`Config::host`](jackfield_abi::Config::host) gives it.
    pub(super) json: String,
}

impl Facts {
    /// As plugins are told of it.
    #[cfg(unix)]
    pub(crate) fn text(&self) -> &str {
        &self.json
    }

    /// What the host that started a worker is told of.
    #[cfg(unix)]
    pub(crate) fn of(edge: &str, json: &str) -> Self {
        Self {
            edge: edge.to_owned(),
            json: json.to_owned(),
        }
    }

    pub(crate) fn new(options: &Options) -> Self {
        let plugins = options.plugins.iter();
        let json = json!({
            "edge": options.edge,
            "version": env!("CARGO_PKG_VERSION"),
            "abi": jackfield_abi::abi_version(),
            "target": crate::HostFacts::current().target,
            "plugins": plugins.map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        });
        Self {
            edge: options.edge.clone(),
            json: json.to_string(),
        }
    }
}

/// One of the services, made for one plugin. Boxed, so that it has one place.
enum Object {
    Bus(Box<BusObject>),
    Clock(Box<ClockObject>),
    Config(Box<ConfigObject>),
    Storage(Box<StorageObject>),
    Topology(Box<TopologyObject>),
}

/// What there is to know of one of the services before it is made.
pub(super) struct Own {
    id: &'static str,
    layout: &'static TypeLayout,
    make: fn(&Arc<Room>) -> Object,
}

pub(super) fn find(service: &str) -> Option<Own> {
    let (id, _) = HOST_SERVICES.iter().find(|(id, _)| *id == service)?;
    let (layout, make): (_, fn(&Arc<Room>) -> Object) = match *id {
        "bus" => (<BusObject as StableAbi>::LAYOUT, |room| {
            Object::Bus(Box::new(match room.far() {
                Some(far) => far.bus(),
                None => bus::object(room),
            }))
        }),
        "clock" => (<ClockObject as StableAbi>::LAYOUT, |room| {
            Object::Clock(Box::new(clock::object(room)))
        }),
        "config" => (<ConfigObject as StableAbi>::LAYOUT, |room| {
            Object::Config(Box::new(config::object(room)))
        }),
        "storage" => (<StorageObject as StableAbi>::LAYOUT, |room| {
            Object::Storage(Box::new(match room.far() {
                Some(far) => far.storage(),
                None => storage::object(room),
            }))
        }),
        "topology" => (<TopologyObject as StableAbi>::LAYOUT, |room| {
            Object::Topology(Box::new(topology::object(room)))
        }),
        _ => return None,
    };
    Some(Own { id, layout, make })
}

/// A lease on a service of the host's own.
pub(super) fn require(
    room: &Arc<Room>,
    own: Own,
    asked: &Asked,
    layout: &'static TypeLayout,
    all: bool,
) -> Result<RVec<ServiceLeaseObject>, Failure> {
    let lease = lease(room, own, asked, layout);
    match lease {
        Ok(lease) => Ok(vec![ServiceLeaseObject::from_value(lease, TD_Opaque)].into()),
        // Whoever asks for all is told of none.
        Err(RequireError::HostVersion { .. }) if all => Ok(RVec::new()),
        Err(error) => Err(error.into_failure(&room.id)),
    }
}

fn lease(
    room: &Arc<Room>,
    own: Own,
    asked: &Asked,
    layout: &'static TypeLayout,
) -> Result<Held, RequireError> {
    let service = asked.service.clone();
    let version = own_version(own.id).expect("it is one of them");
    if !asked.takes(version) {
        let range = if asked.range.matches(version) {
            &asked.declared
        } else {
            &asked.range
        };
        return Err(RequireError::HostVersion {
            service,
            range: range.clone(),
            version: version.clone(),
        });
    }
    let verdicts = &room.shared.services.verdicts;
    if !verdicts.fit_own(room, layout, own.id, own.layout) {
        return Err(RequireError::HostLayout(service));
    }
    let counted = room.seat.leases.take().ok_or(RequireError::Full(service))?;
    Ok(Held {
        object: (own.make)(room),
        version: version.to_string(),
        _counted: counted,
    })
}

/// A service of the host's that a plugin holds. It is dropped by that plugin, and holds its room, as
/// the plugin's context does.
struct Held {
    object: Object,
    version: String,
    _counted: Counted,
}

impl ServiceLease for Held {
    fn provider(&self) -> RStr<'_> {
        PROVIDER.into()
    }

    fn version(&self) -> RStr<'_> {
        self.version.as_str().into()
    }

    fn object(&self) -> *const () {
        match &self.object {
            Object::Bus(object) => ptr::from_ref(&**object).cast(),
            Object::Clock(object) => ptr::from_ref(&**object).cast(),
            Object::Config(object) => ptr::from_ref(&**object).cast(),
            Object::Storage(object) => ptr::from_ref(&**object).cast(),
            Object::Topology(object) => ptr::from_ref(&**object).cast(),
        }
    }
}
