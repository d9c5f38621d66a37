use super::{MAX_LEASES, Offered, ProvideError, Services};
use crate::{ContentHash, Vetted};
use jackfield_manifest::Manifest;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

/// One plugin's part in services: what it may offer and ask for, and what it offers.
pub(crate) struct Seat {
    pub(super) manifest: Arc<Manifest>,
    /// The manifest's, or the configuration's.
    pub(super) priority: i32,
    /// Of its library.
    pub(super) content: ContentHash,
    pub(super) leases: Leases,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// No more than the manifest's `provides` has.
    offers: Vec<Arc<Offered>>,
}

impl Seat {
    pub(crate) fn new(vetted: &Vetted) -> Self {
        Self {
            manifest: Arc::clone(&vetted.manifest),
            priority: vetted.priority,
            content: vetted.hash,
            leases: Leases::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn offer(
        &self,
        services: &Services,
        offered: Arc<Offered>,
    ) -> Result<(), ProvideError> {
        let mut state = self.state();
        let refused = if state.closed {
            ProvideError::Stopping(offered.service.clone())
        } else if state
            .offers
            .iter()
            .any(|other| other.service == offered.service)
        {
            ProvideError::Twice(offered.service.clone())
        } else {
            services.enter(Arc::clone(&offered));
            state.offers.push(offered);
            return Ok(());
        };
        // Before the offer is dropped, which is plugin code.
        drop(state);
        Err(refused)
    }

    /// Takes everything back that the plugin offers, and drops nothing of it. Nothing new is taken
    /// from it, nor lent to others.
    pub(crate) fn close(&self, services: &Services) {
        let mut state = self.state();
        state.closed = true;
        services.take_back(&state.offers);
        for offered in &state.offers {
            offered.holders.close();
        }
    }

    /// Drops what the plugin offered, which is code of the plugin, once nobody holds it any more.
    /// Who does, when the deadline comes first; that is not dropped then.
    pub(crate) fn clear(&self, deadline: Instant) -> Result<(), String> {
        let offers = std::mem::take(&mut self.state().offers);
        let held: Vec<String> = offers
            .iter()
            .filter_map(|offered| {
                let holders = offered.holders.wait(deadline).err()?;
                let holders: Vec<&str> = holders.iter().map(|holder| holder.as_str()).collect();
                let (service, by) = (&offered.service, holders.join(", "));
                Some(format!("service {service} is held by {by}"))
            })
            .collect();
        if held.is_empty() {
            Ok(())
        } else {
            Err(held.join("; "))
        }
    }
}

/// How many leases on services a plugin holds.
#[derive(Default)]
pub(super) struct Leases(Arc<AtomicUsize>);

impl Leases {
    /// One more; `None` at the bound.
    pub(super) fn take(&self) -> Option<Counted> {
        let more = |count| (count < MAX_LEASES).then_some(count + 1);
        self.0.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(Counted(Arc::clone(&self.0)))
    }
}

/// One lease, until it is dropped.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
