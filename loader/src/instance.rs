use crate::{
    context::{Room, Shared},
    ffi::{Lease, Library, Slot, Unload},
    loaded::CallError,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a library waits for wakers of it that are just being called, and for callers that are
/// just being turned away.
const LEASES: Duration = Duration::from_secs(1);

/// A plugin that was created: initialized, perhaps started.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) slot: Arc<Slot>,
    pub(crate) room: Arc<Room>,
}

impl Instance {
    pub(crate) fn new(slot: Arc<Slot>, room: Arc<Room>) -> Self {
        Self { slot, room }
    }

    /// Its `start` runs here.
    pub(crate) fn start(&self) -> Result<(), CallError> {
        let Some(entered) = self.slot.enter() else {
            return Err(CallError::Failed(
                "it was stopped before it was started".to_owned(),
            ));
        };
        entered.start().map_err(|failure| CallError::of(&failure))
    }

    /// Lets it be called, and hands it events.
    pub(crate) fn open(&self, shared: &Shared) {
        self.room.lives_in(&self.slot);
        shared.registry.serve(&self.room.id, &self.slot);
        self.room.inbox.open(&self.slot);
    }

    /// Lets nobody in any more, cancels its tasks, and waits for what is under way: at most for
    /// `limit`. Says what had not ended by then.
    pub(crate) fn quiesce(&self, shared: &Shared, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        shared.registry.withdraw(&self.room.id);
        self.room.seat.close(&shared.services);
        self.slot.close();
        shared.bus.detach(&self.room.inbox);
        self.room.tasks.close(&*shared.executor);
        if !self.slot.drain(deadline) {
            return Err(format!(
                "{} calls into it have not returned",
                self.slot.inside()
            ));
        }
        self.room
            .tasks
            .wait(deadline)
            .map_err(|names| format!("its tasks have not ended: {}", names.join(", ")))
    }

    /// Its `stop` runs here.
    pub(crate) fn stop(&self) -> Result<(), CallError> {
        let stopped = self.slot.enter_closed().stop();
        self.room.space.close();
        stopped.map_err(|failure| CallError::of(&failure))
    }

    /// Drops it, which runs its own drop, and unloads its library. Everything that [`quiesce`]
    /// waits for must have ended.
    ///
    /// [`quiesce`]: Instance::quiesce
    pub(crate) fn unload(self) -> Unload {
        // While it can still log what happens.
        let held = self.room.seat.clear(Instant::now() + LEASES);
        let taken = self.slot.take(Instant::now() + LEASES);
        self.room.leave();
        let Some(lease) = taken else {
            return Unload::Pinned(format!("{} calls are inside it", self.slot.inside()));
        };
        match held {
            Ok(()) => close(lease, &self.room),
            Err(who) => Unload::Pinned(who),
        }
    }
}

/// Unloads a library whose plugin never came to be, with what it offered meanwhile.
pub(crate) fn discard(lease: Lease, room: &Arc<Room>) -> Unload {
    room.leave();
    match room.seat.clear(Instant::now() + LEASES) {
        Ok(()) => close(lease, room),
        Err(who) => Unload::Pinned(who),
    }
}

/// Unloads a library whose plugin is gone, if the plugin let go of the host as well.
fn close(lease: Lease, room: &Arc<Room>) -> Unload {
    room.space.close();
    // One of the two is ours. Whoever has the other is a thread of the plugin, whose code must stay.
    if Arc::strong_count(room) > 1 {
        return Unload::Pinned(
            "it kept its context beyond its own drop, so a thread of it may still run".to_owned(),
        );
    }
    Library::close(lease, Instant::now() + LEASES)
}
