//! Typed services: who offers which object, and who holds it.
//!
//! A call of such an object goes from one plugin to the other and is not seen here. What is done
//! here is done once, when a plugin asks: choose the provider, compare the two sides' type layouts,
//! and hand out a lease that keeps object and library.

mod error;
mod held;
mod offered;
mod own;
mod seat;
mod verdicts;

pub use error::{Candidate, ProvideError, RequireError, Unfit};
pub(crate) use held::Held;
pub(crate) use offered::Offered;
pub(crate) use own::{Facts, own_version};
pub use own::{HOST_SERVICES, bus_of};
pub(crate) use seat::Seat;

use crate::{
    context::Room,
    registry::{State, Status},
};
use error::Asked;
use jackfield_abi::{
    Failure, RVec, ServiceLeaseObject, ServiceOfferObject,
    abi_stable::{type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use jackfield_manifest::{Provision, Range, ServiceId, Target};
use semver::Version;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use verdicts::Verdicts;

/// The most leases on services that one plugin may hold at a time.
pub const MAX_LEASES: usize = 10_000;

/// Every service that is offered.
#[derive(Default)]
pub(crate) struct Services {
    /// The preferred provider first: smaller priority, then higher version, then id, which is the
    /// resolver's order. At most one of each plugin, as often as its manifest allows.
    offered: RwLock<HashMap<ServiceId, Vec<Arc<Offered>>>>,
    verdicts: Verdicts,
}

impl Services {
    /// Enters an offer.
    pub(crate) fn enter(&self, offered: Arc<Offered>) {
        let mut all = self.offered.write().unwrap_or_else(PoisonError::into_inner);
        let list = all.entry(offered.service.clone()).or_default();
        let place = list.partition_point(|other| other.rank() <= offered.rank());
        list.insert(place, offered);
    }

    /// Takes offers back, and drops none.
    pub(crate) fn take_back(&self, offers: &[Arc<Offered>]) {
        let mut all = self.offered.write().unwrap_or_else(PoisonError::into_inner);
        for offered in offers {
            let Some(list) = all.get_mut(&offered.service) else {
                continue;
            };
            // The caller has it as well, so no plugin's code runs under the lock.
            list.retain(|other| !Arc::ptr_eq(other, offered));
            if list.is_empty() {
                all.remove(&offered.service);
            }
        }
    }

    fn of(&self, service: &ServiceId) -> Vec<Arc<Offered>> {
        let all = self.offered.read().unwrap_or_else(PoisonError::into_inner);
        all.get(service).cloned().unwrap_or_default()
    }
}

/// Takes an offer of the room's plugin.
pub(crate) fn provide(
    room: &Room,
    service: &str,
    version: &str,
    offer: ServiceOfferObject,
) -> Result<(), Failure> {
    let lease = room.lease()?;
    let take = || {
        let provision = declared(room, service, version)?;
        let offered = Offered::new(&provision, &room.id, &room.seat, offer, lease);
        room.seat.offer(&room.shared.services, offered)
    };
    take().map_err(|error: ProvideError| error.into_failure(&room.id))
}

fn declared(room: &Room, service: &str, version: &str) -> Result<Provision, ProvideError> {
    let has = |provision: &&Provision| provision.service.as_str() == service;
    let Some(provision) = room.seat.manifest.provides.iter().find(has) else {
        return Err(ProvideError::Undeclared {
            service: service.to_owned(),
            version: version.to_owned(),
        });
    };
    if Version::parse(version).ok().as_ref() != Some(&provision.version) {
        return Err(ProvideError::OtherVersion {
            service: provision.service.clone(),
            declared: provision.version.clone(),
            offered: version.to_owned(),
        });
    }
    Ok(provision.clone())
}

/// Leases on a service for the room's plugin: on the preferred provider that will do, or on all.
pub(crate) fn require(
    room: &Arc<Room>,
    service: &str,
    range: &str,
    layout: &'static TypeLayout,
    all: bool,
) -> Result<RVec<ServiceLeaseObject>, Failure> {
    let asked = ask(room, service, range).map_err(|error| error.into_failure(&room.id))?;
    if let Some(own) = own::find(service) {
        return own::require(room, own, &asked, layout, all);
    }
    let (leases, unfit) =
        lease(room, &asked, layout, all).map_err(|error| error.into_failure(&room.id))?;
    if leases.is_empty() && !all {
        return Err(lacking(room, asked, &unfit).into_failure(&room.id));
    }
    let objects = leases
        .into_iter()
        .map(|held| ServiceLeaseObject::from_value(held, TD_Opaque));
    Ok(objects.collect())
}

/// What is asked for, as the manifest allows it.
fn ask(room: &Room, service: &str, range: &str) -> Result<Asked, RequireError> {
    let declared =
        room.seat
            .manifest
            .requires
            .iter()
            .find_map(|requirement| match &requirement.target {
                Target::Service(id) if id.as_str() == service => Some((id, &requirement.range)),
                _ => None,
            });
    let Some((id, declared)) = declared else {
        return Err(RequireError::Undeclared {
            service: service.to_owned(),
            range: range.to_owned(),
        });
    };
    let parsed: Range = range.parse().map_err(|_| RequireError::Range {
        service: id.clone(),
        range: range.to_owned(),
    })?;
    Ok(Asked {
        service: id.clone(),
        range: parsed,
        declared: declared.clone(),
    })
}

/// Providers that would do but for how their type is laid out.
type Unlike = Vec<Arc<Offered>>;

fn lease(
    room: &Room,
    asked: &Asked,
    layout: &'static TypeLayout,
    all: bool,
) -> Result<(Vec<Held>, Unlike), RequireError> {
    let (mut leases, mut unlike) = (Vec::new(), Vec::new());
    let services = &room.shared.services;
    for offered in services.of(&asked.service) {
        let serves = room.shared.registry.serving(offered.provider.as_str());
        // A lease on itself would keep it mapped for ever.
        if serves.is_none() || offered.provider == room.id || !asked.takes(&offered.version) {
            continue;
        }
        if !services.verdicts.fit(room, layout, &offered) {
            unlike.push(offered);
            continue;
        }
        let full = || RequireError::Full(asked.service.clone());
        let counted = room.seat.leases.take().ok_or_else(full)?;
        leases.extend(Held::new(&offered, &room.id, counted));
        if !all && !leases.is_empty() {
            break;
        }
    }
    Ok((leases, unlike))
}

/// Why there is nothing to lease: everybody who has the service in the manifest, and what is wrong.
fn lacking(room: &Room, asked: Asked, unlike: &[Arc<Offered>]) -> RequireError {
    let mut candidates: Vec<Candidate> = Vec::new();
    for status in room.shared.registry.snapshot() {
        let has = |provision: &&Provision| provision.service == asked.service;
        let Some(provision) = status.manifest.provides.iter().find(has) else {
            continue;
        };
        candidates.push(Candidate {
            plugin: status.id.clone(),
            version: provision.version.clone(),
            unfit: why(room, &asked, &status, &provision.version, unlike),
        });
    }
    RequireError::Lacking {
        service: asked.service,
        range: asked.range,
        candidates,
    }
}

fn why(
    room: &Room,
    asked: &Asked,
    status: &Status,
    version: &Version,
    unlike: &[Arc<Offered>],
) -> Unfit {
    if status.id == room.id {
        return Unfit::Itself;
    }
    if !asked.range.matches(version) {
        return Unfit::OutOfRange;
    }
    if !asked.declared.matches(version) {
        return Unfit::OutOfDeclared(asked.declared.clone());
    }
    if unlike.iter().any(|offered| offered.provider == status.id) {
        return Unfit::Layout;
    }
    match status.state {
        State::Running => Unfit::NotOffered,
        State::Failed => Unfit::Failed(status.cause.clone().unwrap_or_default()),
        State::Rejected => Unfit::Rejected(
            status
                .reasons
                .first()
                .map(|reason| reason.message.clone())
                .unwrap_or_default(),
        ),
        state => Unfit::State(state),
    }
}
