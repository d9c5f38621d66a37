//! Typed services: those that the test offers, and those of the plugin.

use crate::stage::lock;
use jackfield_abi::{
    Failure, RStr, RVec, ServiceLease, ServiceLeaseObject, ServiceOfferObject,
    abi_stable::{type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
    layout::compatible,
};
use jackfield_loader::{
    ProvideError, RequireError, ServiceCandidate, ServiceUnfit,
    testkit::{provide_failure, require_failure},
};
use jackfield_manifest::{Manifest, PluginId, Range, ServiceId, Target};
use semver::Version;
use std::sync::{Arc, Mutex};

/// Who provides what a test offers.
pub(crate) const TESTKIT: &str = "testkit";

/// An object that somebody offers.
pub(crate) struct Offered {
    pub(crate) service: ServiceId,
    version: Version,
    /// `None` is the host.
    provider: Option<PluginId>,
    offer: ServiceOfferObject,
}

impl Offered {
    /// What the test offers.
    ///
    /// # Panics
    ///
    /// When id or version are none.
    pub(crate) fn of_test(service: &str, version: &str, offer: ServiceOfferObject) -> Arc<Self> {
        let provider = PluginId::new(TESTKIT).expect("it is a plugin's id");
        Self::of(service, version, offer, Some(provider))
    }

    /// What the host itself offers.
    pub(crate) fn of_host(service: &str, version: &str, offer: ServiceOfferObject) -> Arc<Self> {
        Self::of(service, version, offer, None)
    }

    fn of(
        service: &str,
        version: &str,
        offer: ServiceOfferObject,
        provider: Option<PluginId>,
    ) -> Arc<Self> {
        let id = ServiceId::new(service);
        let version = Version::parse(version);
        Arc::new(Self {
            service: id.expect("the contract's ID is that of a service"),
            version: version.expect("the contract's VERSION is a version such as 1.2.3"),
            provider,
            offer,
        })
    }

    pub(crate) fn layout(&self) -> &'static TypeLayout {
        self.offer.layout()
    }
}

/// A lease on an offered object.
struct Held {
    offered: Arc<Offered>,
    version: String,
}

pub(crate) fn lease(offered: &Arc<Offered>) -> ServiceLeaseObject {
    let held = Held {
        version: offered.version.to_string(),
        offered: Arc::clone(offered),
    };
    ServiceLeaseObject::from_value(held, TD_Opaque)
}

impl ServiceLease for Held {
    fn provider(&self) -> RStr<'_> {
        let provider = self.offered.provider.as_ref();
        provider.map_or("", PluginId::as_str).into()
    }

    fn version(&self) -> RStr<'_> {
        self.version.as_str().into()
    }

    fn object(&self) -> *const () {
        self.offered.offer.object()
    }
}

/// What one run of the plugin offers: no more than its manifest allows.
#[derive(Default)]
pub(crate) struct Offers(Mutex<Room>);

#[derive(Default)]
struct Room {
    offers: Vec<Arc<Offered>>,
    /// The plugin is stopping.
    is_closed: bool,
}

impl Room {
    fn find(&self, service: &str) -> Option<&Arc<Offered>> {
        let mut offers = self.offers.iter();
        offers.find(|offered| offered.service.as_str() == service)
    }
}

impl Offers {
    /// Takes an offer of the plugin, as a host does.
    pub(crate) fn provide(
        &self,
        manifest: &Manifest,
        service: &str,
        version: &str,
        offer: ServiceOfferObject,
    ) -> Result<(), Failure> {
        let refused = |error| provide_failure(error, &manifest.id);
        let mut provisions = manifest.provides.iter();
        let declared = provisions.find(|provision| provision.service.as_str() == service);
        let Some(declared) = declared else {
            return Err(refused(ProvideError::Undeclared {
                service: service.to_owned(),
                version: version.to_owned(),
            }));
        };
        if Version::parse(version).ok().as_ref() != Some(&declared.version) {
            return Err(refused(ProvideError::OtherVersion {
                service: declared.service.clone(),
                declared: declared.version.clone(),
                offered: version.to_owned(),
            }));
        }
        let mut room = lock(&self.0);
        if room.is_closed {
            return Err(refused(ProvideError::Stopping(declared.service.clone())));
        }
        if room.find(service).is_some() {
            return Err(refused(ProvideError::Twice(declared.service.clone())));
        }
        room.offers.push(Arc::new(Offered {
            service: declared.service.clone(),
            version: declared.version.clone(),
            provider: Some(manifest.id.clone()),
            offer,
        }));
        Ok(())
    }

    /// Takes no offer any more.
    pub(crate) fn close(&self) {
        lock(&self.0).is_closed = true;
    }

    pub(crate) fn find(&self, service: &str) -> Option<Arc<Offered>> {
        lock(&self.0).find(service).cloned()
    }

    pub(crate) fn take(&self) -> Vec<Arc<Offered>> {
        std::mem::take(&mut lock(&self.0).offers)
    }
}

/// Leases for the plugin on what the test offers, as a host gives them.
pub(crate) fn require(
    offered: &[Arc<Offered>],
    manifest: &Manifest,
    service: &str,
    range: &str,
    layout: &'static TypeLayout,
    all: bool,
) -> Result<RVec<ServiceLeaseObject>, Failure> {
    let refused = |error| require_failure(error, &manifest.id);
    let mut requirements = manifest.requires.iter();
    let declared = requirements.find_map(|requirement| match &requirement.target {
        Target::Service(id) if id.as_str() == service => Some((id, &requirement.range)),
        _ => None,
    });
    let Some((id, declared)) = declared else {
        return Err(refused(RequireError::Undeclared {
            service: service.to_owned(),
            range: range.to_owned(),
        }));
    };
    let Ok(asked) = range.parse::<Range>() else {
        return Err(refused(RequireError::Range {
            service: id.clone(),
            range: range.to_owned(),
        }));
    };
    let (mut leases, mut candidates) = (RVec::new(), Vec::new());
    // Why the host's own will not do.
    let mut hosts = None;
    for offered in offered.iter().filter(|offered| offered.service == *id) {
        let unfit = if !asked.matches(&offered.version) {
            ServiceUnfit::OutOfRange
        } else if !declared.matches(&offered.version) {
            ServiceUnfit::OutOfDeclared(declared.clone())
        } else if compatible(layout, offered.layout()).is_err() {
            ServiceUnfit::Layout
        } else {
            leases.push(lease(offered));
            continue;
        };
        let version = offered.version.clone();
        match (&offered.provider, unfit) {
            (Some(plugin), unfit) => candidates.push(ServiceCandidate {
                plugin: plugin.clone(),
                version,
                unfit,
            }),
            (None, ServiceUnfit::Layout) => {
                hosts = Some(RequireError::HostLayout(id.clone()));
            }
            (None, unfit) => {
                let range = match unfit {
                    ServiceUnfit::OutOfRange => asked.clone(),
                    _ => declared.clone(),
                };
                hosts = Some(RequireError::HostVersion {
                    service: id.clone(),
                    range,
                    version,
                });
            }
        }
    }
    if all {
        return Ok(leases);
    }
    leases.truncate(1);
    if leases.is_empty() {
        return Err(refused(hosts.unwrap_or(RequireError::Lacking {
            service: id.clone(),
            range: asked,
            candidates,
        })));
    }
    Ok(leases)
}
