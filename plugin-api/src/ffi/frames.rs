//! Where the calling thread stands, as bare addresses.
//!
//! Names and lines are for the host to find: it has the file, and a plugin that found them itself
//! would carry a reader of debug information, which is half as large again as a small plugin.

/// What is further down was reached through so much code that the host would not print it.
const MOST: usize = 64;

/// Return addresses of the calling thread, innermost first.
pub(super) struct Frames {
    addresses: [usize; MOST],
    count: usize,
}

impl Frames {
    /// Of this call and what led to it; none on a system whose unwinder is not known here.
    pub(super) fn here() -> Self {
        let mut frames = Self {
            addresses: [0; MOST],
            count: 0,
        };
        collect(&mut frames);
        frames
    }

    pub(super) fn as_slice(&self) -> &[usize] {
        &self.addresses[..self.count]
    }
}

/// The unwinder that `std` itself links for panics, so it is there without a dependency. (On 32-bit
/// ARM its functions are macros, and Miri does not have it.)
#[cfg(all(unix, not(target_arch = "arm"), not(miri)))]
fn collect(frames: &mut Frames) {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn _Unwind_Backtrace(
            callback: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
            argument: *mut c_void,
        ) -> c_int;
        safe fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    const GO_ON: c_int = 0;
    const END: c_int = 5;

    extern "C" fn each(context: *mut c_void, frames: *mut c_void) -> c_int {
        // SAFETY: it is the pointer that `_Unwind_Backtrace` is given below, to a value that nobody
        // else uses while that runs.
        let frames = unsafe { &mut *frames.cast::<Frames>() };
        match (
            _Unwind_GetIP(context),
            frames.addresses.get_mut(frames.count),
        ) {
            (0, _) | (_, None) => END,
            (address, Some(place)) => {
                *place = address;
                frames.count += 1;
                GO_ON
            }
        }
    }

    // SAFETY: the function only reads this thread's stack; the callback does not unwind, and uses
    // its argument as what it is, within this call.
    unsafe { _Unwind_Backtrace(each, std::ptr::from_mut(frames).cast()) };
}

#[cfg(all(windows, not(miri)))]
fn collect(frames: &mut Frames) {
    use std::{ffi::c_void, ptr::null_mut};

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn RtlCaptureStackBackTrace(
            skip: u32,
            count: u32,
            addresses: *mut *mut c_void,
            hash: *mut u32,
        ) -> u16;
    }
    let addresses = frames.addresses.as_mut_ptr().cast();
    // SAFETY: it writes at most `MOST` addresses, which have the size of a `usize`, to the array.
    let count = unsafe { RtlCaptureStackBackTrace(0, MOST as u32, addresses, null_mut()) };
    frames.count = usize::from(count);
}

#[cfg(not(any(
    all(unix, not(target_arch = "arm"), not(miri)),
    all(windows, not(miri))
)))]
fn collect(_frames: &mut Frames) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn deep(levels: usize) -> Frames {
        let frames = if levels == 0 {
            Frames::here()
        } else {
            deep(levels - 1)
        };
        // Not a tail call.
        std::hint::black_box(frames)
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no unwinder to ask")]
    fn it_goes_up_to_the_caller() {
        let (shallow, deeper) = (deep(1), deep(3));
        assert!(shallow.as_slice().len() > 3);
        assert!(!shallow.as_slice().contains(&0));
        assert_eq!(deeper.as_slice().len(), shallow.as_slice().len() + 2);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no unwinder to ask")]
    fn it_stops_where_it_is_full() {
        assert_eq!(deep(1_000).as_slice().len(), MOST);
    }
}
