use crate::{Failure, Reply, Response};
use abi_stable::{
    StableAbi,
    std_types::{RBox, ROption, RResult},
};
use async_ffi::{ContextExt, FfiContext};
use core::{
    marker::{PhantomData, PhantomPinned},
    mem::{self, MaybeUninit},
    pin::Pin,
    ptr,
    task::{Context, Poll},
};

/// Bytes of a future that a [`Call`] holds in itself; a larger one is boxed by the callee.
pub const CALL_ROOM: usize = 256;

const WORDS: usize = CALL_ROOM / size_of::<u64>();

/// One request under way: the place of its answer, and room for the future that makes the answer.
/// `[crosses by reference, pinned, frozen]`
///
/// The caller owns it, so a call needs no memory of its own. The callee puts its future there only
/// when that has something to wait for: an answer that is there at the first poll costs nothing but
/// the answer. Dropping the call drops the future, which cancels the request, and then the reply;
/// both are the callee's code, so it is dropped before the callee's library is unmapped.
#[repr(C)]
#[derive(StableAbi)]
pub struct Call<'a> {
    /// Empty until there is an answer.
    reply: Reply,
    /// What to do with `room`; `RNone` when it is empty.
    work: ROption<&'static Work>,
    /// The future that `work` belongs to, or a pointer to it. The future may point into itself, so
    /// the room is reached by raw pointers alone: a reference to it would claim to be the only one.
    room: MaybeUninit<[u64; WORDS]>,
    _pinned: PhantomPinned,
    _borrowed: PhantomData<&'a ()>,
}

/// The functions of the future in a [`Call`]. Both are the callee's, and neither unwinds.
#[repr(C)]
#[derive(StableAbi)]
struct Work {
    /// Polls it, with the call's `room` and `reply`; true when it is ready and the reply is there.
    poll: unsafe extern "C" fn(*mut (), *mut FfiContext<'_>, *mut Reply) -> bool,
    /// Drops it, with the call's `room`; once, after which nothing is called with that room.
    drop: unsafe extern "C" fn(*mut ()),
}

/// A pinned, exclusive loan of a [`Call`], in the form that crosses.
///
/// `sabi_trait` cannot pass on a lifetime that may not be shortened, and that of a call may not: a
/// future that borrows for less than the call lives must not get in. So this one can be shortened,
/// and to get the call back is unsafe.
#[repr(transparent)]
#[derive(StableAbi)]
pub struct CallMut<'c, 'a> {
    call: ptr::NonNull<()>,
    _lent: PhantomData<(&'c (), &'a ())>,
}

impl<'c, 'a> CallMut<'c, 'a> {
    /// Lends the call.
    pub fn new(call: Pin<&'c mut Call<'a>>) -> Self {
        // SAFETY: the call is not moved by whoever gets it from `into_pin`, where it is pinned.
        let call = unsafe { call.get_unchecked_mut() };
        Self {
            call: ptr::NonNull::from(call).cast(),
            _lent: PhantomData,
        }
    }

    /// The loan as Rust has it.
    ///
    /// # Safety
    ///
    /// Neither lifetime was shortened since [`new`](Self::new): in an implementation of
    /// [`Plugin::handle`](crate::Plugin::handle), they are those of the method's own signature.
    pub unsafe fn into_pin(self) -> Pin<&'c mut Call<'a>> {
        // SAFETY: `new` made the pointer of an exclusive reference, which it borrows for as long as
        // the caller says; this takes the only copy.
        let call = unsafe { self.call.cast().as_mut() };
        // SAFETY: it was pinned when `new` took it.
        unsafe { Pin::new_unchecked(call) }
    }
}

/// What works on the answer to a request: a future that leaves its output in the call's reply.
pub trait Answer: Send {
    /// Works on, as [`Future::poll`] does; the reply is filled when this is ready. It must not
    /// unwind, and must not be called again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>, reply: &mut Reply) -> Poll<()>;
}

impl<'a> Call<'a> {
    /// A call that was not begun: what a caller gives to `handle`.
    pub fn new() -> Self {
        Self {
            reply: ROption::RNone,
            work: ROption::RNone,
            room: MaybeUninit::uninit(),
            _pinned: PhantomPinned,
            _borrowed: PhantomData,
        }
    }

    /// Begins to answer; true when that is done already. For callees.
    ///
    /// The future is put into its place, then `first` polls it there. Should `first` unwind, the
    /// future stays, and goes with the call or with [`refuse`](Call::refuse).
    pub fn begin<F: Answer + 'a>(
        mut self: Pin<&mut Self>,
        future: F,
        context: &mut FfiContext<'_>,
        first: impl FnOnce(Pin<&mut F>, &mut Context<'_>, &mut Reply) -> Poll<()>,
    ) -> bool {
        self.as_mut().clear();
        // SAFETY: nothing is moved out of the call here.
        let call = unsafe { self.get_unchecked_mut() };
        let room = (&raw mut call.room).cast();
        // SAFETY: the room was emptied above, and is that of a call.
        unsafe { Held::<F>::put(room, future) };
        call.work = ROption::RSome(&Held::<F>::WORK);
        // SAFETY: `put` left the future there, and the call is pinned until it is dropped.
        let place = unsafe { Held::<F>::get(room) };
        let polled = context.with_context(|context| first(place, context, &mut call.reply));
        if polled.is_pending() {
            return false;
        }
        call.work = ROption::RNone;
        // SAFETY: the future is there, and without `work` nothing else finds it any more.
        unsafe { Held::<F>::discard(room) };
        true
    }

    /// Ends the call with a failure, whatever it held. For callees.
    pub fn refuse(mut self: Pin<&mut Self>, failure: Failure) {
        self.as_mut().clear();
        // SAFETY: only the reply is assigned, and it is not pinned: `begin` and `poll` hand it out
        // as a plain reference.
        unsafe { self.get_unchecked_mut() }.reply = ROption::RSome(RResult::RErr(failure));
    }

    /// Goes on with a call that was begun and not ready then. For callers.
    ///
    /// A call without a future is ready, whatever its callee said.
    pub fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved out of the call here.
        let call = unsafe { self.as_mut().get_unchecked_mut() };
        let ROption::RSome(work) = call.work else {
            return Poll::Ready(());
        };
        let (room, reply) = ((&raw mut call.room).cast(), &raw mut call.reply);
        let ready = context.with_ffi_context(|context| {
            // SAFETY: `work` and the future in `room` were put there together, by `begin`; the call
            // is pinned, so the future has not moved since.
            unsafe { (work.poll)(room, context, reply) }
        });
        if !ready {
            return Poll::Pending;
        }
        self.clear();
        Poll::Ready(())
    }

    /// Takes the reply out. For callers, once the call is ready; empty when the callee left none.
    pub fn take_reply(self: Pin<&mut Self>) -> Reply {
        // SAFETY: only the reply is moved out, and it is not pinned: `begin` and `poll` hand it out
        // as a plain reference.
        let call = unsafe { self.get_unchecked_mut() };
        mem::replace(&mut call.reply, ROption::RNone)
    }

    /// Takes the response out, where there is one; else leaves the reply as it is. For callers.
    ///
    /// Instead of the whole reply: that moves five times as much memory, just after it was written.
    #[inline]
    pub fn take_response(self: Pin<&mut Self>) -> ROption<RBox<Response>> {
        // SAFETY: only the reply is moved out, and it is not pinned: `begin` and `poll` hand it out
        // as a plain reference.
        let reply = unsafe { &mut self.get_unchecked_mut().reply };
        let ROption::RSome(RResult::ROk(response)) = reply else {
            return ROption::RNone;
        };
        // SAFETY: it is a valid response, and it is overwritten below without being dropped.
        let response = unsafe { ptr::read(response) };
        // SAFETY: the place is that of a reply; what was in it is owned by `response` now.
        unsafe { ptr::write(reply, ROption::RNone) };
        ROption::RSome(response)
    }

    fn clear(self: Pin<&mut Self>) {
        // SAFETY: the future is dropped where it lies, and nothing is moved out of the call.
        let call = unsafe { self.get_unchecked_mut() };
        if let ROption::RSome(work) = mem::replace(&mut call.work, ROption::RNone) {
            // SAFETY: `work` and the future in `room` were put there together, by `begin`; taking
            // `work` out makes this the only drop.
            unsafe { (work.drop)((&raw mut call.room).cast()) };
        }
    }
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        // SAFETY: a call that is being dropped does not move any more.
        unsafe { Pin::new_unchecked(self) }.clear();
    }
}

/// How a future of this type lies in a room: itself, or boxed where it does not fit.
struct Held<F>(PhantomData<F>);

impl<F: Answer> Held<F> {
    const FITS: bool = size_of::<F>() <= CALL_ROOM && align_of::<F>() <= align_of::<[u64; WORDS]>();

    const WORK: Work = Work {
        poll: Self::poll,
        drop: Self::discard,
    };

    /// # Safety
    ///
    /// `room` is the room of a call, and empty.
    unsafe fn put(room: *mut (), future: F) {
        if Self::FITS {
            // SAFETY: a room is `CALL_ROOM` bytes aligned as words are, which `FITS` compared.
            unsafe { room.cast::<F>().write(future) };
        } else {
            // SAFETY: a room is as large as several pointers, and aligned as one.
            unsafe { room.cast::<RBox<F>>().write(RBox::new(future)) };
        }
    }

    /// # Safety
    ///
    /// `room` is a valid room into which `put` put an `F`, which was not discarded since.
    unsafe fn locate(room: *mut ()) -> *mut F {
        if Self::FITS {
            room.cast()
        } else {
            // SAFETY: `put` wrote the box there, as the caller says, and nobody else refers to it.
            let boxed = unsafe { &mut *room.cast::<RBox<F>>() };
            ptr::from_mut(&mut **boxed)
        }
    }

    /// # Safety
    ///
    /// As of [`locate`](Self::locate); besides, the room is not moved before `discard`, and the
    /// reference is the only one to the future.
    unsafe fn get<'r>(room: *mut ()) -> Pin<&'r mut F> {
        // SAFETY: as the caller says.
        let future = unsafe { Self::locate(room) };
        // SAFETY: the pointer is to a live future to which nobody else has a reference.
        let future = unsafe { &mut *future };
        // SAFETY: it is in a room that is not moved, or in a box, until it is dropped.
        unsafe { Pin::new_unchecked(future) }
    }

    /// # Safety
    ///
    /// As of [`get`](Self::get); context and reply are valid, and nobody else uses them meanwhile.
    unsafe extern "C" fn poll(
        room: *mut (),
        context: *mut FfiContext<'_>,
        reply: *mut Reply,
    ) -> bool {
        // SAFETY: as the caller says.
        let future = unsafe { Self::get(room) };
        // SAFETY: as the caller says.
        let context = unsafe { &mut *context };
        // SAFETY: as the caller says.
        let reply = unsafe { &mut *reply };
        context
            .with_context(|context| future.poll(context, reply))
            .is_ready()
    }

    /// # Safety
    ///
    /// As of [`locate`](Self::locate). The future is gone afterwards.
    unsafe extern "C" fn discard(room: *mut ()) {
        if Self::FITS {
            // SAFETY: the future is there, as the caller says, and this is its only drop.
            unsafe { ptr::drop_in_place(room.cast::<F>()) };
        } else {
            // SAFETY: the box is there, as the caller says, and this is its only drop.
            unsafe { ptr::drop_in_place(room.cast::<RBox<F>>()) };
        }
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Call<'_>>() == 72 + CALL_ROOM);
    assert!(align_of::<Call<'_>>() == 8);
    assert!(offset_of!(Call<'_>, work) == 56);
    assert!(offset_of!(Call<'_>, room) == 72);
};
