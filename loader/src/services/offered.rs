use super::Seat;
use crate::{ContentHash, ffi::Lease};
use jackfield_abi::{ServiceOfferObject, abi_stable::type_layout::TypeLayout};
use jackfield_manifest::{PluginId, Provision, ServiceId};
use semver::Version;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// A service that a plugin offers.
pub(crate) struct Offered {
    pub(super) service: ServiceId,
    pub(super) version: Version,
    pub(super) provider: PluginId,
    priority: i32,
    /// Of the provider's library.
    pub(super) content: ContentHash,
    pub(super) holders: Arc<Holders>,
    offer: ServiceOfferObject,
    /// Last, because the offer's code lives in it.
    lease: Lease,
}

impl Offered {
    pub(super) fn new(
        provision: &Provision,
        provider: &PluginId,
        seat: &Seat,
        offer: ServiceOfferObject,
        lease: Lease,
    ) -> Arc<Self> {
        Arc::new(Self {
            service: provision.service.clone(),
            version: provision.version.clone(),
            provider: provider.clone(),
            priority: seat.priority,
            content: seat.content,
            holders: Arc::default(),
            offer,
            lease,
        })
    }

    /// Smaller is preferred.
    pub(super) fn rank(&self) -> (i32, Reverse<&Version>, &PluginId) {
        (self.priority, Reverse(&self.version), &self.provider)
    }

    pub(super) fn layout(&self) -> &'static TypeLayout {
        self.offer.layout()
    }

    pub(super) fn object(&self) -> *const () {
        self.offer.object()
    }

    /// Where the provider's library lies.
    pub(super) fn root(&self) -> Option<usize> {
        self.lease.root()
    }
}

/// Who holds a service, and how often.
#[derive(Default)]
pub(super) struct Holders {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    holders: BTreeMap<PluginId, usize>,
}

impl Holders {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a holder; false when there are to be no more.
    pub(super) fn add(&self, holder: &PluginId) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        *state.holders.entry(holder.clone()).or_default() += 1;
        true
    }

    pub(super) fn remove(&self, holder: &PluginId) {
        let mut state = self.state();
        if let Some(count) = state.holders.get_mut(holder) {
            *count -= 1;
            if *count == 0 {
                state.holders.remove(holder);
            }
        }
        if state.closed && state.holders.is_empty() {
            self.released.notify_all();
        }
    }

    /// From now on nobody can hold it who does not.
    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    /// Waits until nobody holds it; who does still, when the deadline comes first.
    pub(super) fn wait(&self, deadline: Instant) -> Result<(), Vec<PluginId>> {
        let mut state = self.state();
        while !state.holders.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(state.holders.keys().cloned().collect());
            };
            let waited = self.released.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}
