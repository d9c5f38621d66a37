//! Refusals that repeat themselves become one line and a count.

use super::Entry;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// For so long the same is counted, then told.
const WINDOW: Duration = Duration::from_secs(10);

/// The most kinds that are told apart at a time. With two lines for each in a window, refusals make
/// no more than four lines a second, however many there are: more would push out the changes.
const MOST_KINDS: usize = 16;

/// What makes two refusals the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// 0 for all that are not told apart.
    status: u16,
    from: Option<IpAddr>,
    who: Box<str>,
}

impl Key {
    pub(super) fn new(status: u16, from: Option<IpAddr>, who: &str) -> Self {
        Self {
            status,
            from: from.map(network),
            who: who.into(),
        }
    }

    fn others() -> Self {
        Self::new(0, None, "")
    }
}

/// Whoever has one IPv6 address mostly has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << 64;
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
        v4 => v4,
    }
}

#[derive(Debug)]
struct Kind {
    first: Entry,
    due: Instant,
    more: u64,
}

/// The kinds of which there was one in the last ten seconds.
#[derive(Debug, Default)]
pub(super) struct Floods {
    kinds: HashMap<Key, Kind>,
}

impl Floods {
    /// Takes one more; gives it back where it is to be written in full.
    pub(super) fn take(
        &mut self,
        key: Key,
        now: Instant,
        entry: impl FnOnce() -> Entry,
    ) -> Option<Entry> {
        let is_known = self.kinds.contains_key(&key);
        // One place is for those that are not told apart.
        let is_full = self.kinds.len() >= MOST_KINDS - 1;
        let key = if is_full && !is_known {
            Key::others()
        } else {
            key
        };
        if let Some(kind) = self.kinds.get_mut(&key) {
            kind.more += 1;
            return None;
        }
        let mut first = entry();
        if key == Key::others() {
            let text = "too many kinds of refusals to tell them apart: this is the first";
            first.detail = Some(text.to_owned());
        }
        let kind = Kind {
            first: first.clone(),
            due: now + WINDOW,
            more: 0,
        };
        self.kinds.insert(key, kind);
        Some(first)
    }

    /// What is to be told by now of those that were counted.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Entry> {
        let over = self.kinds.extract_if(|_, kind| kind.due <= now);
        over.filter_map(|(_, kind)| kind.told()).collect()
    }

    /// The same of all.
    pub(super) fn rest(&mut self) -> Vec<Entry> {
        let all = self.kinds.drain();
        all.filter_map(|(_, kind)| kind.told()).collect()
    }

    /// When there is something to be told next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.kinds.values().map(|kind| kind.due).min()
    }
}

impl Kind {
    fn told(self) -> Option<Entry> {
        (self.more > 0).then(|| self.first.repeated(self.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        Key::new(401, Some(IpAddr::from([10, 0, 0, number])), "nobody")
    }

    fn entry() -> Entry {
        Entry::new("nobody", "GET /a").by(Some("request"))
    }

    #[test]
    fn the_first_is_told_and_the_rest_is_counted() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        assert!(floods.take(key(1), now, entry).is_some());
        for _ in 0..10_000 {
            assert!(
                floods
                    .take(key(1), now, || unreachable!("not made"))
                    .is_none()
            );
        }
        assert!(floods.take(key(2), now, entry).is_some());
        assert!(floods.due(now + WINDOW / 2).is_empty());
        assert_eq!(floods.next_due(), Some(now + WINDOW));
        let due = floods.due(now + WINDOW);
        let told = due
            .iter()
            .map(|entry| (entry.repeated, entry.request.clone()));
        assert_eq!(told.collect::<Vec<_>>(), [(Some(10_000), None)]);
        assert_eq!(floods.next_due(), None);
        // Later it is a first one again.
        assert!(floods.take(key(1), now + WINDOW, entry).is_some());
    }

    #[test]
    fn many_kinds_are_not_told_apart() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        let told = (0..=255).filter_map(|number| floods.take(key(number), now, entry));
        assert_eq!(told.count(), MOST_KINDS);
        assert_eq!(floods.kinds.len(), MOST_KINDS);
        // Those that were told apart still are.
        assert!(floods.take(key(1), now, entry).is_none());
        let counted: Vec<_> = floods.rest().iter().map(|entry| entry.repeated).collect();
        assert!(counted.contains(&Some(1)), "{counted:?}");
        assert!(
            counted.contains(&Some(256 - MOST_KINDS as u64)),
            "{counted:?}"
        );
    }

    #[test]
    fn who_has_a_network_is_one_client() {
        let of = |address: &str| Key::new(401, Some(address.parse().unwrap()), "");
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
