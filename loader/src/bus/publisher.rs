use super::{
    Bus, BusError, Event, Inbox, MAX_PAYLOAD_LEN, Manner, Permit,
    event::Told,
    quick,
    recycled::Recycled,
    route::{Route, Routes},
};
use jackfield_manifest::check_topic;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::{Duration, Instant},
};

/// Who publishes: it gives its events their order.
pub(crate) struct Publisher {
    name: Arc<str>,
    /// Its own, for which it never waits; `None` for the host, which waits for nobody.
    inbox: Option<Arc<Inbox>>,
    /// `None` where everything is permitted.
    permit: Option<Permit>,
    /// Held while one event goes into the queues, so that those of several threads come to each in
    /// the order of their numbers; not while a plugin is called.
    order: Mutex<Order>,
}

#[derive(Default)]
struct Order {
    sequence: u64,
    routes: Routes,
    recycled: Recycled,
}

/// How long somebody has been waiting for room.
#[derive(Default)]
pub(super) struct Patience {
    since: Option<Instant>,
}

impl Patience {
    /// What is left of a time to wait, which began when this was first asked or begun.
    pub(super) fn left(&mut self, limit: Duration) -> Option<Duration> {
        let since = *self.since.get_or_insert_with(Instant::now);
        limit
            .checked_sub(since.elapsed())
            .filter(|left| !left.is_zero())
    }
}

impl Publisher {
    pub(super) fn host() -> Self {
        Self {
            name: "".into(),
            inbox: None,
            permit: None,
            order: Mutex::default(),
        }
    }

    pub(crate) fn plugin(id: &str, inbox: Arc<Inbox>, permit: Option<Permit>) -> Self {
        Self {
            name: id.into(),
            inbox: Some(inbox),
            permit,
            order: Mutex::default(),
        }
    }

    /// Who it is: a plugin's id, empty for the host.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it may; `None` for everything.
    pub(crate) fn permit(&self) -> Option<&Permit> {
        self.permit.as_ref()
    }

    /// Queues an event for everybody who hears it, and calls those who are quick.
    pub(crate) fn publish(
        &self,
        bus: &Bus,
        topic: &str,
        payload: &[u8],
        manner: Manner,
    ) -> Result<(), BusError> {
        if payload.len() > MAX_PAYLOAD_LEN {
            return Err(BusError::TooLarge(payload.len()));
        }
        let mut patience = Patience::default();
        let mut order = self.order(&mut patience);
        let Order {
            sequence,
            routes,
            recycled,
        } = &mut *order;
        let mut route = self.route(routes, bus, topic)?;
        quick::check(route)?;
        // A number is taken though nobody may hear it: so a gap means a drop.
        let next = *sequence + 1;
        if route.is_empty() && manner != Manner::Retained {
            *sequence = next;
            return Ok(());
        }
        let event = if manner == Manner::Retained {
            let event = bus.retained.keep(&route.origin, payload, next)?;
            // Again, because whoever subscribed meanwhile may have come too late for the last value
            // and has to hear of this one.
            route = self.route(routes, bus, topic)?;
            event
        } else {
            let told = Told {
                sequence: next,
                stamp: 0,
                is_echo: manner == Manner::Echo,
            };
            recycled.event(&route.origin, payload, told)
        };
        *sequence = next;
        self.queue(route, &event, &mut patience);
        let quick = (!route.quick.is_empty()).then(|| Arc::clone(route));
        drop(order);
        if let Some(route) = quick {
            quick::deliver(&route, &event);
        }
        Ok(())
    }

    fn queue(&self, route: &Route, event: &Event, patience: &mut Patience) {
        for target in &route.queued {
            let waits = match &self.inbox {
                None => false,
                Some(own) => !Arc::ptr_eq(own, &target.inbox),
            };
            target
                .inbox
                .push(target, event, waits.then_some(&mut *patience));
        }
    }

    fn route<'r>(
        &self,
        routes: &'r mut Routes,
        bus: &Bus,
        topic: &str,
    ) -> Result<&'r Arc<Route>, BusError> {
        routes.find(bus, &self.name, topic, || {
            check_topic(topic)?;
            match &self.permit {
                None => Ok(()),
                Some(permit) => Ok(permit.publish(topic)?),
            }
        })
    }

    /// Waits for its turn. That counts as waiting for room, which is what keeps the others inside.
    fn order(&self, patience: &mut Patience) -> MutexGuard<'_, Order> {
        match self.order.try_lock() {
            Ok(order) => order,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                patience.since = Some(Instant::now());
                self.order.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }
}
