//! Requests that wait for the next record.

use crate::{query::Topic, store::Record};
use futures_channel::oneshot::{self, Receiver, Sender};
use plugin_api::{Error, Result};
use std::sync::{Mutex, PoisonError};

/// The most that may wait at a time.
const MOST: usize = 1000;

/// Who waits, and for which topics.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<Vec<(Topic, Sender<Record>)>>);

impl Waiters {
    /// Is ready with the next record of such a topic.
    ///
    /// # Errors
    ///
    /// 429 when too many wait already.
    pub(crate) fn wait(&self, topic: Topic) -> Result<Receiver<Record>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, sender)| !sender.is_canceled());
        if waiting.len() >= MOST {
            return Err(Error::with_status(
                429,
                format!("{MOST} requests wait already, try again later"),
            ));
        }
        let (sender, receiver) = oneshot::channel();
        waiting.push((topic, sender));
        Ok(receiver)
    }

    /// Hands a record to everybody who waits for one like it. It is only made when there is one.
    pub(crate) fn offer(&self, topic: &str, record: impl Fn() -> Record) {
        let matching: Vec<Sender<Record>> = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting
                .extract_if(.., |(wanted, _)| wanted.matches(topic))
                .map(|(_, sender)| sender)
                .collect()
        };
        // Sending wakes, which is the host's code: not under the lock.
        for sender in matching {
            // Whoever has gone away misses nothing.
            let _ = sender.send(record());
        }
    }
}
