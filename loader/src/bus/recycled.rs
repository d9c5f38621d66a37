use super::event::{Event, Origin, Told};
use std::{collections::VecDeque, sync::Arc};

/// The most bytes that one publisher keeps for its next events.
pub(super) const MAX_BYTES: usize = 512 << 10;
/// What is larger is not kept: to copy it costs more than to get memory for it.
const MAX_COST: usize = 4096;

/// Of so many new events, one gives an old one's memory back.
const SHRINK: u64 = 8;

/// A publisher's last events, whose memory it uses again when nobody has them any more. Memory that
/// one thread gets and another gives back costs both of them more than all else about an event.
///
/// They become as many as are on their way at a time.
#[derive(Default)]
pub(super) struct Recycled {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Recycled {
    /// A new event.
    pub(super) fn event(&mut self, origin: &Arc<Origin>, payload: &[u8], told: Told) -> Event {
        let event = self
            .oldest()
            .and_then(|event| event.renewed(origin, payload, told));
        let event = event.unwrap_or_else(|| Event::new(origin, payload, told));
        if told.sequence.is_multiple_of(SHRINK) {
            drop(self.oldest());
        }
        let cost = event.cost();
        if cost <= MAX_COST && self.bytes + cost <= MAX_BYTES {
            self.bytes += cost;
            self.events.push_back(event.clone());
        }
        event
    }

    /// The oldest, if nobody else has it.
    fn oldest(&mut self) -> Option<Event> {
        let event = self.events.pop_front_if(|event| event.is_unique())?;
        self.bytes -= event.cost();
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(recycled: &mut Recycled, payload: &[u8], sequence: u64) -> Event {
        let (topic, publisher) = ("t".into(), "p".into());
        let origin = Arc::new(Origin { topic, publisher });
        let told = Told {
            sequence,
            stamp: 0,
            is_echo: false,
        };
        recycled.event(&origin, payload, told)
    }

    #[test]
    fn memory_is_used_again_once_nobody_has_the_event() {
        let mut recycled = Recycled::default();
        let first = next(&mut recycled, b"one", 1);
        let second = next(&mut recycled, b"two", 2);
        assert_eq!(
            (first.payload(), second.payload()),
            (&b"one"[..], &b"two"[..])
        );
        let place = first.payload().as_ptr();
        drop(first);
        let third = next(&mut recycled, b"tri", 3);
        assert_eq!(third.payload().as_ptr(), place);
        assert_eq!((third.payload(), third.sequence()), (&b"tri"[..], 3));
        assert_eq!((second.payload(), second.sequence()), (&b"two"[..], 2));
        // What is as long only.
        drop((second, third));
        assert_eq!(next(&mut recycled, b"four", 4).payload(), b"four");
    }

    #[test]
    fn what_is_kept_has_a_bound_and_goes_when_it_is_not_needed() {
        let mut recycled = Recycled::default();
        let held: Vec<Event> = (1..=4096)
            .map(|sequence| next(&mut recycled, &[7; 256], sequence))
            .collect();
        let kept = recycled.events.len();
        assert!(recycled.bytes <= MAX_BYTES);
        assert!(recycled.bytes + held[0].cost() > MAX_BYTES);
        drop(held);
        for sequence in 0..=(SHRINK * kept as u64) {
            next(&mut recycled, &[7; 256], sequence);
        }
        assert_eq!(recycled.events.len(), 1);
        next(&mut recycled, &[7; MAX_COST], 0);
        assert_eq!((recycled.events.len(), recycled.bytes), (0, 0));
    }
}
