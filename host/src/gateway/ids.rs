//! Numbers of requests, for logs.

use http::HeaderValue;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest that a client's own may be, in bytes.
const LONGEST: usize = 128;

/// Gives each request a name that no other of this host has, nor most likely of any host.
pub(super) struct RequestIds {
    /// Random, so that those of two runs differ.
    run: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        let mut run = [0; 4];
        // Without random numbers the names are those of this run only.
        let _ = getrandom::fill(&mut run);
        Self {
            run: u32::from_ne_bytes(run),
            next: AtomicU64::new(0),
        }
    }

    /// The client's own, where it gave one that can be logged, or a new one.
    pub(super) fn of(&self, given: Option<&HeaderValue>) -> HeaderValue {
        match given {
            Some(given) if is_plain(given) => given.clone(),
            _ => self.next(),
        }
    }

    fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (mut text, mut length) = ([0; 25], 0);
        let mut push = |byte| {
            text[length] = byte;
            length += 1;
        };
        hex(u64::from(self.run), 8, &mut push);
        push(b'-');
        hex(number, 1, &mut push);
        HeaderValue::from_bytes(&text[..length]).expect("digits and a dash are a header's value")
    }
}

/// Writes a number in hexadecimal, with so many digits at least.
fn hex(number: u64, least: u32, push: &mut impl FnMut(u8)) {
    let digits = (16 - number.leading_zeros() / 4).max(least);
    for digit in (0..digits).rev() {
        let digit = (number >> (4 * digit)) & 15;
        push(b"0123456789abcdef"[usize::try_from(digit).unwrap_or(0)]);
    }
}

/// Whether it is short and of visible ASCII.
fn is_plain(given: &HeaderValue) -> bool {
    let bytes = given.as_bytes();
    (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another() {
        let ids = RequestIds {
            run: 0xbeef,
            next: AtomicU64::new(0xff),
        };
        assert_eq!(ids.of(None), "0000beef-ff");
        assert_eq!(ids.of(None), "0000beef-100");
        ids.next.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(ids.of(None), "0000beef-ffffffffffffffff");
        assert_eq!(ids.of(None), "0000beef-0");
    }

    #[test]
    fn a_clients_own_is_kept_where_it_can_be_logged() {
        let ids = RequestIds::new();
        let of = |given: &[u8]| {
            let given = HeaderValue::from_bytes(given).expect("it is one");
            ids.of(Some(&given)) == given
        };
        assert!(of(b"a-1/b"));
        assert!(of(&[b'x'; LONGEST]));
        for bad in [
            &b""[..],
            b"a b",
            b"a\tb",
            &[b'x'; LONGEST + 1],
            "\u{e9}".as_bytes(),
        ] {
            assert!(!of(bad), "{bad:?}");
        }
    }
}
