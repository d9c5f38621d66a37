use super::Offered;
use crate::{ContentHash, context::Room};
use jackfield_abi::{abi_stable::type_layout::TypeLayout, layout::compatible};
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
        let pair = place(asking.seat.content, asking.root(), layout).zip(place(
            offered.content,
            offered.root(),
            theirs,
        ));
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fits) = pair.and_then(|pair| known().get(&pair).copied()) {
            return fits;
        }
        let (service, user, provider) = (&offered.service, &asking.id, &offered.provider);
        let fits = match compatible(layout, theirs) {
            Ok(()) => true,
            Err(mismatch) => {
                log::debug!(
                    "service {service}: {user} as interface: {}",
                    mismatch.host_as_interface
                );
                log::debug!(
                    "service {service}: {provider} as interface: {}",
                    mismatch.plugin_as_interface
                );
                false
            }
        };
        if let Some(pair) = pair {
            let mut known = known();
            if known.len() >= MAX_VERDICTS {
                known.clear();
            }
            known.insert(pair, fits);
        }
        fits
    }
}

fn place(content: ContentHash, root: Option<usize>, layout: &'static TypeLayout) -> Option<Place> {
    let address = std::ptr::from_ref(layout).addr();
    Some((content, address.wrapping_sub(root?)))
}
