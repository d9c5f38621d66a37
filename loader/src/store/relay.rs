//! Chunks on their way into a hash, that a second thread computes as long as it gets the time to:
//! whoever is there takes the next chunk, so the thread that has chunks to give never waits for
//! the other to be scheduled.

use crate::ContentHash;
use sha2::{Digest, Sha256};
use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Small, so that hashing begins soon and a chunk is still in the processor's cache when it does.
pub(super) const CHUNK: usize = 64 << 10;

/// How far copying may run ahead of hashing: enough that neither side waits for the other's pauses.
const CHUNKS: usize = 16;

/// A hash in the making.
pub(super) struct Relay {
    shared: Arc<Shared>,
    /// Chunks of memory that there are.
    made: usize,
    has_helper: bool,
}

#[derive(Default)]
struct Shared {
    /// Locked before `queue`, and as long as a chunk is hashed: so chunks go in in their order.
    hasher: Mutex<Sha256>,
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    full: VecDeque<Vec<u8>>,
    empty: Vec<Vec<u8>>,
    is_closed: bool,
}

impl Relay {
    /// With another thread that helps, where the system has one to give.
    pub(super) fn with_helper() -> Self {
        let mut relay = Self::alone();
        let shared = Arc::clone(&relay.shared);
        let name = "jackfield-hash".to_owned();
        // Not joined: where it never gets the time to run, nobody has to wait for it.
        let helper = thread::Builder::new()
            .name(name)
            .spawn(move || shared.help());
        relay.has_helper = helper.is_ok();
        relay
    }

    /// Everything in this thread.
    pub(super) fn alone() -> Self {
        Self {
            shared: Arc::default(),
            made: 0,
            has_helper: false,
        }
    }

    /// Memory for a chunk; what is in it is of no use.
    pub(super) fn chunk(&mut self) -> Vec<u8> {
        loop {
            if let Some(chunk) = self.shared.queue().empty.pop() {
                return chunk;
            }
            if self.made < CHUNKS {
                self.made += 1;
                return vec![0; CHUNK];
            }
            self.shared.step();
        }
    }

    /// Hands in the next bytes: the first `len` of a chunk.
    pub(super) fn send(&mut self, mut chunk: Vec<u8>, len: usize) {
        chunk.truncate(len);
        self.shared.queue().full.push_back(chunk);
        if self.has_helper {
            self.shared.wake.notify_one();
        } else {
            self.shared.step();
        }
    }

    /// The hash of everything that was handed in.
    pub(super) fn finish(self) -> ContentHash {
        while self.shared.step() {}
        let hasher = mem::take(&mut *self.shared.hasher());
        ContentHash(hasher.finalize().into())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.full.clear();
        queue.is_closed = true;
        self.shared.wake.notify_one();
    }
}

impl Shared {
    /// Hashes the next chunk; `false` where all are hashed that were handed in.
    fn step(&self) -> bool {
        let mut hasher = self.hasher();
        let Some(mut chunk) = self.queue().full.pop_front() else {
            return false;
        };
        hasher.update(&chunk);
        // No more than the last chunk of a file is ever short.
        chunk.resize(CHUNK, 0);
        self.queue().empty.push(chunk);
        true
    }

    fn help(&self) {
        loop {
            while self.step() {}
            let queue = self.wake.wait_while(self.queue(), |queue| {
                queue.full.is_empty() && !queue.is_closed
            });
            if queue.unwrap_or_else(PoisonError::into_inner).is_closed {
                return;
            }
        }
    }

    fn hasher(&self) -> MutexGuard<'_, Sha256> {
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does it matter who hashes, and how many chunks there are?
    #[test]
    fn the_hash_is_that_of_the_bytes_in_their_order() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNKS * CHUNK + 7] {
            let bytes: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[at % 3]).collect();
            for mut relay in [Relay::alone(), Relay::with_helper()] {
                for part in bytes.chunks(CHUNK) {
                    let mut chunk = relay.chunk();
                    chunk[..part.len()].copy_from_slice(part);
                    relay.send(chunk, part.len());
                }
                assert_eq!(relay.finish().0, <[u8; 32]>::from(Sha256::digest(&bytes)));
            }
        }
    }
}
