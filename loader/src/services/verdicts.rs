use super::Offered;
use crate::{ContentHash, context::Room};
use jackfield_abi::{
    abi_stable::type_layout::TypeLayout,
    layout::{LayoutMismatch, compatible},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// More pairs than that are compared again.
const MAX_VERDICTS: usize = 4096;

/// A type in a library: the content of the file, and how far from its root module the type's layout
/// stands. Both are the same whenever, and wherever, the library is mapped.
type Place = (ContentHash, usize);

/// Whether two libraries lay a type out alike, found out once for each pair.
#[derive(Default)]
pub(super) struct Verdicts {
    known: Mutex<HashMap<(Place, Place), bool>>,
    /// The same for types of the host's own services.
    own: Mutex<HashMap<(Place, &'static str), bool>>,
}

impl Verdicts {
    /// Whether the asking plugin's type and the provider's may stand for each other. Says in the
    /// debug log why not.
    pub(super) fn fit(
        &self,
        asking: &Room,
        layout: &'static TypeLayout,
        offered: &Offered,
    ) -> bool {
        let theirs = offered.layout();
        let (service, user, provider) = (&offered.service, &asking.id, &offered.provider);
        let pair = place(asking.seat.content, asking.root(), layout).zip(place(
            offered.content,
            offered.root(),
            theirs,
        ));
        remembered(&self.known, pair, || {
            compare(layout, theirs).map_err(|(forward, backward)| {
                log::debug!("service {service}: {user} as interface: {forward}");
                log::debug!("service {service}: {provider} as interface: {backward}");
            })
        })
    }

    /// The same for a service of the host's own.
    pub(super) fn fit_own(
        &self,
        asking: &Room,
        layout: &'static TypeLayout,
        service: &'static str,
        own: &'static TypeLayout,
    ) -> bool {
        let key = place(asking.seat.content, asking.root(), layout).map(|place| (place, service));
        remembered(&self.own, key, || {
            compare(own, layout).map_err(|(forward, backward)| {
                log::debug!("service {service}: the host as interface: {forward}");
                log::debug!("service {service}: {} as interface: {backward}", asking.id);
            })
        })
    }
}

/// What is known, or what comes of comparing.
fn remembered<K: Eq + std::hash::Hash>(
    known: &Mutex<HashMap<K, bool>>,
    key: Option<K>,
    compare: impl FnOnce() -> Result<(), ()>,
) -> bool {
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(fits) = key.as_ref().and_then(|key| known().get(key).copied()) {
        return fits;
    }
    let fits = compare().is_ok();
    if let Some(key) = key {
        let mut known = known();
        if known.len() >= MAX_VERDICTS {
            known.clear();
        }
        known.insert(key, fits);
    }
    fits
}

/// Where they do not fit, the texts of both directions.
fn compare(one: &'static TypeLayout, other: &'static TypeLayout) -> Result<(), (String, String)> {
    compatible(one, other).map_err(|mismatch| {
        let LayoutMismatch {
            host_as_interface,
            plugin_as_interface,
        } = mismatch;
        (host_as_interface, plugin_as_interface)
    })
}

fn place(content: ContentHash, root: Option<usize>, layout: &'static TypeLayout) -> Option<Place> {
    let address = std::ptr::from_ref(layout).addr();
    Some((content, address.wrapping_sub(root?)))
}
