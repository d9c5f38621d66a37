mod gate;

use super::{Lease, streamed};
use futures_util::Stream;
use gate::Gate;
use jackfield_abi::{
    ByteStreamObject, Call, CallMut, ContextExt, Event, Failure, FailureCode, Health, Level,
    PluginObject, RBox, ROption, RResult, RVec, Reply, Request, Response,
};
use std::{
    cell::UnsafeCell,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::Poll,
    time::Instant,
};

/// A plugin's object behind a gate that counts who is inside.
///
/// The object may be borrowed between [`enter`](Slot::enter) and the drop of the [`Entered`] that
/// it returned, and may be taken out only by [`take`](Slot::take), which needs the gate closed and
/// nobody inside. Entering costs one atomic addition, leaving one subtraction.
pub(crate) struct Slot {
    gate: Gate,
    object: UnsafeCell<Option<PluginObject>>,
    emptied: Mutex<()>,
    nobody_inside: Condvar,
    /// Last, because the object's code lives in it.
    lease: Mutex<Option<Lease>>,
}

// SAFETY: the object is `Send + Sync` (its trait has both as supertraits); the cell is written only
// by `take`, which has exclusive access as described above.
unsafe impl Sync for Slot {}

impl Slot {
    pub(crate) fn new(object: PluginObject, lease: Lease) -> Self {
        Self {
            gate: Gate::default(),
            object: UnsafeCell::new(Some(object)),
            emptied: Mutex::new(()),
            nobody_inside: Condvar::new(),
            lease: Mutex::new(Some(lease)),
        }
    }

    /// Lets a caller in; `None` when the gate is closed.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        // Made only for whoever was counted in: it counts them out when it is dropped.
        self.count_in().then(|| Entered { slot: self })
    }

    /// Lets somebody who is inside stay for longer than whoever holds the slot; that is no other call.
    ///
    /// # Panics
    ///
    /// When they entered another.
    pub(crate) fn keep(self: &Arc<Self>, entered: &Entered<'_>) -> Kept {
        let is_here = std::ptr::eq(&raw const **self, entered.slot);
        assert!(is_here, "whoever stays has entered here");
        // Counted in for themselves before `entered` is counted out, so it was never empty; a call
        // was counted before.
        self.gate.enter_closed();
        Kept(Arc::clone(self))
    }

    #[inline]
    fn count_in(&self) -> bool {
        if self.gate.enter() {
            return true;
        }
        if self.gate.turn_away() {
            self.tell_the_closer();
        }
        false
    }

    /// Lets the loader itself in through a closed gate, to call `stop`.
    pub(crate) fn enter_closed(&self) -> Entered<'_> {
        self.gate.enter_closed();
        Entered { slot: self }
    }

    #[inline]
    fn leave(&self) {
        if self.gate.leave() {
            self.tell_the_closer();
        }
    }

    #[cold]
    fn tell_the_closer(&self) {
        // Taken so that the closer is either before its check or in its wait.
        drop(self.emptied.lock().unwrap_or_else(PoisonError::into_inner));
        self.nobody_inside.notify_all();
    }

    /// Whether callers are let in.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> usize {
        self.gate.inside()
    }

    /// How often somebody was let in by [`enter`](Slot::enter), or stayed.
    pub(crate) fn calls(&self) -> u64 {
        self.gate.calls()
    }

    /// Lets nobody in from now on.
    pub(crate) fn close(&self) {
        self.gate.close();
    }

    /// Waits until nobody is inside; false when the deadline came first. The gate must be closed.
    pub(crate) fn drain(&self, deadline: Instant) -> bool {
        let mut lock = self.emptied.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.gate.is_empty() {
                return true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            lock = self
                .nobody_inside
                .wait_timeout(lock, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Drops the object and hands out the library's lease. `None`, and nothing is dropped, when
    /// somebody is inside until the deadline, the gate is open, or it was done before. It is worth
    /// waiting: whoever is turned away at the closed gate counts as inside for a moment.
    ///
    /// The object's drop is plugin code: it may block.
    pub(crate) fn take(&self, deadline: Instant) -> Option<Lease> {
        if !self.drain(deadline) {
            return None;
        }
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = lease.take()?;
        // The lease is ours now; the lock must not be held while plugin code runs.
        drop(lease);
        // SAFETY: `drain` saw the gate closed and empty, and a closed gate never opens nor lets
        // anybody stay inside, so no borrow of the object exists; that the lease was still there,
        // and was taken under its lock, makes this the only call that comes here.
        let object = unsafe { &mut *self.object.get() }.take();
        drop(object);
        Some(taken)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Nobody is inside, since whoever is holds an `Arc` of this. Where `take` was not called,
        // the object goes first and the library stays mapped.
        *self.object.get_mut() = None;
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("inside", &self.inside())
            .finish_non_exhaustive()
    }
}

/// The right to call the plugin's object, until it is dropped.
pub(crate) struct Entered<'s> {
    slot: &'s Slot,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.slot.leave();
    }
}

/// Keeps the plugin's object and memory there, until it is dropped.
pub(crate) struct Kept(Arc<Slot>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Entered<'_> {
    /// What keeps the library mapped.
    ///
    /// # Panics
    ///
    /// When the object was taken before: only [`Slot::enter_closed`] can come so late.
    fn lease(&self) -> Lease {
        let lease = self.slot.lease.lock();
        let lease = lease.unwrap_or_else(PoisonError::into_inner);
        lease
            .clone()
            .expect("the lease goes with the object, which nobody takes while somebody is inside")
    }

    /// Counts another call, as if one had left and entered again; false when the gate was closed
    /// meanwhile. Only for whoever hands a plugin its events, of whom there is one at a time.
    #[inline]
    pub(crate) fn stay(&self) -> bool {
        self.slot.gate.stay()
    }

    /// # Panics
    ///
    /// When the object was taken before: only [`Slot::enter_closed`] can come so late.
    fn object(&self) -> &PluginObject {
        // SAFETY: this `Entered` is counted in the gate, so `take` does not touch the cell while it
        // lives, and nothing else writes it.
        let cell = unsafe { &*self.slot.object.get() };
        cell.as_ref()
            .expect("an object is taken only through a gate that lets nobody in")
    }

    pub(crate) fn start(&self) -> Result<(), Failure> {
        self.object().start().into_result().map_err(own)
    }

    pub(crate) fn stop(&self) -> Result<(), Failure> {
        self.object().stop().into_result().map_err(own)
    }

    pub(crate) fn health(&self) -> Result<Health, Failure> {
        let health = self.object().health().into_result().map_err(own)?;
        Ok(Health {
            status: health.status,
            message: health.message.as_str().into(),
            metadata: health.metadata.as_str().into(),
        })
    }

    pub(crate) fn event(&self, event: &Event<'_>) -> Result<(), Failure> {
        self.object().event(event).into_result().map_err(own)
    }

    pub(crate) fn reconfigure(&self, config: &str) -> Result<(), Failure> {
        let answer = self.object().reconfigure(config.into());
        answer.into_result().map_err(own)
    }

    pub(crate) fn set_log_level(&self, level: Level) {
        self.object().set_log_level(level);
    }

    pub(crate) fn describe(&self, what: &str) -> Result<String, Failure> {
        let described = self.object().describe(what.into());
        described.into_result().map(String::from).map_err(own)
    }

    /// A stream of the host's for the plugin to read.
    pub(crate) fn lend(
        &self,
        parts: impl Stream<Item = Result<Vec<u8>, String>> + Send + 'static,
    ) -> ByteStreamObject {
        streamed(parts, self.lease())
    }

    /// Asks the plugin. The response's memory is the plugin's: it is to be dropped before this entry.
    pub(crate) async fn handle(&self, request: &Request<'_>) -> Result<RBox<Response>, Failure> {
        let mut call = pin!(Call::new());
        let mut begun = false;
        poll_fn(|cx| {
            if begun {
                return call.as_mut().poll(cx);
            }
            begun = true;
            let call = CallMut::new(call.as_mut());
            match cx.with_ffi_context(|cx| self.object().handle(request, call, cx)) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        accept(call)
    }
}

/// The next part of a stream of the plugin's. Its memory is the plugin's, as the stream is: both are to
/// be dropped before whoever holds them leaves.
pub(crate) async fn next_part(stream: &ByteStreamObject) -> Result<Option<RVec<u8>>, Failure> {
    let part = stream.next().await.into_result().map_err(own)?;
    Ok(part.into_option())
}

/// The response of a call that is ready, or why there is none.
#[inline]
fn accept(mut call: Pin<&mut Call<'_>>) -> Result<RBox<Response>, Failure> {
    match call.as_mut().take_response() {
        ROption::RSome(response) if (100..600).contains(&response.status) => Ok(response),
        ROption::RSome(response) => Err(no_status(response.status)),
        ROption::RNone => Err(refusal(call.take_reply())),
    }
}

/// A failure whose text is in the host's own memory, so that it outlives the plugin.
pub(super) fn own(failure: Failure) -> Failure {
    let text = failure.message.as_str().to_owned();
    Failure::new(failure.code, text)
}

/// Why there is no response, in the host's own memory.
#[cold]
fn refusal(reply: Reply) -> Failure {
    match reply {
        ROption::RSome(RResult::RErr(failure)) => own(failure),
        _ => Failure::new(FailureCode::PANIC, "it gave no answer"),
    }
}

#[cold]
fn no_status(status: u16) -> Failure {
    let text = format!("it answered with status {status}: a status is 100 to 599");
    Failure::new(FailureCode::ERROR, text)
}

#[cfg(test)]
impl Slot {
    /// One without a plugin: nobody may call it.
    pub(crate) fn of_nothing() -> Self {
        Self {
            gate: Gate::default(),
            object: UnsafeCell::new(None),
            emptied: Mutex::new(()),
            nobody_inside: Condvar::new(),
            lease: Mutex::new(Some(Lease::of_nothing())),
        }
    }
}

#[cfg(test)]
mod tests;
