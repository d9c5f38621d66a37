//! What waits for one backend.

use crate::{batch::Batch, record::Record};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The most metrics in one call of a backend.
const MOST: usize = 512;

/// Records in order, up to so many bytes; beyond that the oldest is dropped, and counted. One that is
/// larger than all of it is dropped alone.
pub(crate) struct Queue {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: VecDeque<Record>,
    bytes: usize,
    dropped: u64,
    /// Somebody empties it just now.
    draining: bool,
    /// Whom it was for is gone: nothing waits any more.
    closed: bool,
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes them; true when somebody has to begin emptying it.
    pub(crate) fn push(&self, records: impl IntoIterator<Item = Record>) -> bool {
        let mut inner = self.lock();
        for record in records {
            let weight = record.weight();
            if inner.closed || weight > self.limit {
                inner.dropped += 1;
                continue;
            }
            inner.bytes += weight;
            inner.records.push_back(record);
        }
        inner.shrink(self.limit);
        let begin = !inner.draining && !inner.records.is_empty();
        inner.draining |= begin;
        begin
    }

    /// What comes next, in one call: metrics together, others alone. After `None` whoever empties it
    /// leaves, and is not in it any more.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut inner = self.lock();
        let batch = inner.next();
        inner.draining = batch.is_some();
        batch
    }

    /// Takes no more; returns what waited.
    pub(crate) fn close(&self) -> Vec<Record> {
        let mut inner = self.lock();
        inner.closed = true;
        inner.bytes = 0;
        inner.records.drain(..).collect()
    }

    /// Back to the front, since it was not taken; false where it is closed, and they are dropped.
    pub(crate) fn put_back(&self, batch: Batch) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            inner.dropped += batch.len();
            return false;
        }
        for record in batch.into_records().into_iter().rev() {
            inner.bytes += record.weight();
            inner.records.push_front(record);
        }
        inner.shrink(self.limit);
        true
    }

    /// Whoever empties it was ended before it was empty.
    pub(crate) fn left(&self) {
        self.lock().draining = false;
    }

    /// How many wait, and how many were dropped since the beginning.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let inner = self.lock();
        (inner.records.len(), inner.dropped)
    }
}

impl Inner {
    fn shrink(&mut self, limit: usize) {
        while self.bytes > limit
            && let Some(oldest) = self.records.pop_front()
        {
            self.bytes -= oldest.weight();
            self.dropped += 1;
        }
    }

    fn next(&mut self) -> Option<Batch> {
        let mut metrics = Vec::new();
        while metrics.len() < MOST {
            match self.records.pop_front() {
                Some(record) if matches!(record, Record::Metric(_)) || metrics.is_empty() => {
                    self.bytes -= record.weight();
                    match record {
                        Record::Metric(sample) => metrics.push(sample),
                        other => return Some(Batch::One(other)),
                    }
                }
                Some(other) => {
                    self.records.push_front(other);
                    break;
                }
                None => break,
            }
        }
        (!metrics.is_empty()).then_some(Batch::Metrics(metrics))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Sample;
    use tracking_api::Map;

    fn metric(step: i64) -> Record {
        Record::Metric(Sample {
            name: "loss".into(),
            value: 1.0,
            step: Some(step),
            time_unix_ms: 0,
        })
    }

    fn steps(batch: Option<Batch>) -> Vec<i64> {
        match batch {
            Some(Batch::Metrics(samples)) => {
                let steps = samples.iter().map(|sample| sample.step.unwrap());
                steps.collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn metrics_come_together_and_the_order_is_kept() {
        let queue = Queue::new(1 << 20);
        let params = || Record::params(Map::new(), 2);
        assert!(queue.push([metric(1), metric(2), params(), metric(3)]));
        assert!(!queue.push([metric(4)]), "somebody comes already");
        assert_eq!(steps(queue.take()), [1, 2]);
        assert_eq!(queue.take(), Some(Batch::One(params())));
        let last = queue.take().unwrap();
        queue.put_back(last);
        assert_eq!(steps(queue.take()), [3, 4]);
        assert_eq!(queue.take(), None);
        assert!(queue.push([metric(5)]), "nobody comes any more");
        queue.push((0..600).map(metric));
        assert_eq!(steps(queue.take()).len(), MOST);
    }

    #[test]
    fn one_that_never_fits_costs_nobody_else() {
        let queue = Queue::new(3 * metric(0).weight());
        queue.push([metric(1), Record::params(Map::new(), 1000), metric(2)]);
        assert_eq!(queue.counts(), (2, 1));
        assert_eq!(steps(queue.take()), [1, 2]);
    }

    #[test]
    fn closed_it_keeps_nothing_and_counts_what_comes() {
        let queue = Queue::new(1 << 20);
        queue.push([metric(1), metric(2)]);
        let batch = queue.take().unwrap();
        queue.push([metric(3)]);
        assert_eq!(queue.close(), [metric(3)]);
        assert!(!queue.put_back(batch));
        assert!(!queue.push([metric(4)]));
        assert_eq!(queue.counts(), (0, 3));
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let one = metric(0).weight();
        let queue = Queue::new(3 * one);
        queue.push((1..=5).map(metric));
        assert_eq!(queue.counts(), (3, 2));
        let batch = queue.take().unwrap();
        queue.push([metric(6)]);
        queue.put_back(batch);
        assert_eq!(queue.counts(), (3, 3));
        assert_eq!(steps(queue.take()), [4, 5, 6]);
    }
}
