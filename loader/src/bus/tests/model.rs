//! Does the queue of several subscriptions do what a plain list would do?

use crate::bus::{
    Event, Policy, SubscribeOptions,
    batch::Batch,
    event::{Origin, Told},
    queue::{Offered, Queue},
};
use proptest::prelude::*;
use std::{sync::Arc, time::Duration};

#[derive(Debug, Clone)]
enum Step {
    /// To the subscription of that number.
    Offer(usize),
    Take,
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3_usize).prop_map(Step::Offer),
        1 => Just(Step::Take),
        1 => (0..3_usize).prop_map(Step::Remove),
    ]
}

const WAIT: Duration = Duration::from_millis(1);
const KINDS: [(u32, Policy); 3] = [
    (2, Policy::DropOldest),
    (3, Policy::DropNewest),
    (4, Policy::Block(WAIT)),
];

/// A list of all events that wait, and what was dropped of each subscription.
#[derive(Default)]
struct Model {
    waiting: Vec<(u64, u64)>,
    dropped: [u64; 3],
}

impl Model {
    /// Whether the publisher is to wait.
    fn offer(&mut self, id: u64, kind: usize, sequence: u64) -> bool {
        let (capacity, policy) = KINDS[kind];
        let own = |(_, other): &(u64, u64)| *other == id;
        if self.waiting.iter().filter(|event| own(event)).count() < capacity as usize {
            self.waiting.push((sequence, id));
            return false;
        }
        match policy {
            Policy::Block(_) => return true,
            Policy::DropNewest => {}
            Policy::DropOldest => {
                let oldest = self.waiting.iter().position(own).unwrap();
                self.waiting.remove(oldest);
                self.waiting.push((sequence, id));
            }
        }
        self.dropped[kind] += 1;
        false
    }
}

fn add(queue: &mut Queue, id: u64, kind: usize) -> u32 {
    let (capacity, policy) = KINDS[kind];
    let options = SubscribeOptions::new().capacity(capacity).policy(policy);
    queue.add(id, "t".parse().unwrap(), options).unwrap()
}

proptest! {
    #[test]
    fn it_does(steps in prop::collection::vec(step(), 1..200)) {
        let (topic, publisher) = ("t".into(), "p".into());
        let origin = Arc::new(Origin { topic, publisher });
        let event = |sequence| {
            let told = Told { sequence, stamp: 0, is_echo: false };
            Event::new(&origin, b"", told)
        };
        let mut queue = Queue::default();
        queue.open = true;
        let mut model = Model::default();
        let mut lanes = [0, 1, 2].map(|kind| (kind as u64, add(&mut queue, kind as u64, kind)));
        for (at, step) in steps.into_iter().enumerate() {
            let now = at as u64;
            match step {
                Step::Offer(kind) => {
                    let (id, lane) = lanes[kind];
                    let event = event(now);
                    let waits = matches!(queue.offer(lane, id, &event), Offered::Full(WAIT));
                    prop_assert_eq!(waits, model.offer(id, kind, now));
                }
                Step::Take => {
                    let mut batch = Batch::default();
                    prop_assert_eq!(queue.take(64, &mut batch), !model.waiting.is_empty());
                    let taken = batch.map(|(event, id)| (event.sequence(), id));
                    prop_assert_eq!(taken.collect::<Vec<_>>(), std::mem::take(&mut model.waiting));
                }
                Step::Remove(kind) => {
                    let (id, lane) = lanes[kind];
                    prop_assert_eq!(queue.dropped_of(id), Some(model.dropped[kind]));
                    prop_assert!(queue.remove(id).is_some());
                    model.waiting.retain(|(_, other)| *other != id);
                    model.dropped[kind] = 0;
                    // One that was on its way meanwhile.
                    let event = event(now);
                    prop_assert!(matches!(queue.offer(lane, id, &event), Offered::Done));
                    lanes[kind] = (now + 3, add(&mut queue, now + 3, kind));
                }
            }
            let waiting: u32 = queue.subscribed().iter().map(|lane| lane.waiting).sum();
            prop_assert_eq!(waiting as usize, model.waiting.len());
        }
    }
}
