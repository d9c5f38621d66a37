//! Bytes through memory once: read and written by one thread, hashed by another meanwhile.

use crate::{ContentHash, platform};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Write},
    sync::mpsc,
    thread,
};

/// Small enough to be hashed and written from the processor's second-level cache.
const CHUNK: usize = 128 << 10;

/// Chunks on their way from one thread to the other: a typical plugin fits, so neither waits.
const CHUNKS: usize = 16;

/// Below this size, another thread costs more than it saves, in bytes.
const SMALL: u64 = 256 << 10;

/// Which side failed.
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies `from` to `to` and gives the hash of what was written, and its length. Stops after one
/// byte more than `size`, so that a file that grows for ever ends.
pub(super) fn copy(from: &File, to: &File, size: u64) -> Result<(ContentHash, u64), CopyError> {
    let limit = size.saturating_add(1);
    if size < SMALL {
        return alone(from, to, limit);
    }
    thread::scope(|scope| {
        let (full, chunks) = mpsc::sync_channel::<Vec<u8>>(CHUNKS);
        let (back, empty) = mpsc::sync_channel::<Vec<u8>>(CHUNKS);
        let hasher = scope.spawn(move || {
            let mut hasher = Sha256::new();
            for chunk in chunks {
                hasher.update(&chunk);
                // Nobody wants it any more when the last chunk was read.
                let _ = back.send(chunk);
            }
            ContentHash(hasher.finalize().into())
        });
        let mut fresh = CHUNKS;
        let copied = each_chunk(from, to, limit, |chunk| {
            // The channel takes as many chunks as there are, and the hasher ends after this.
            full.send(chunk).expect("the hasher takes every chunk");
            if fresh > 1 {
                fresh -= 1;
                return vec![0; CHUNK];
            }
            empty.recv().expect("the hasher gives every chunk back")
        });
        drop(full);
        drop(empty);
        let hash = hasher.join().expect("hashing does not panic");
        copied.map(|len| (hash, len))
    })
}

/// Everything in one thread.
fn alone(from: &File, to: &File, limit: u64) -> Result<(ContentHash, u64), CopyError> {
    let mut hasher = Sha256::new();
    let len = each_chunk(from, to, limit, |mut chunk| {
        hasher.update(&chunk);
        chunk.resize(CHUNK, 0);
        chunk
    })?;
    Ok((ContentHash(hasher.finalize().into()), len))
}

/// Reads and writes chunk after chunk; `then` takes each and gives the memory for the next.
fn each_chunk(
    from: &File,
    mut to: &File,
    limit: u64,
    mut then: impl FnMut(Vec<u8>) -> Vec<u8>,
) -> Result<u64, CopyError> {
    let mut done = 0;
    let mut chunk = vec![0; CHUNK];
    while done < limit {
        let room = usize::try_from(limit - done).map_or(CHUNK, |left| left.min(CHUNK));
        chunk.resize(room, 0);
        let count = platform::read_at(from, &mut chunk, done).map_err(CopyError::Read)?;
        if count == 0 {
            break;
        }
        chunk.truncate(count);
        to.write_all(&chunk).map_err(CopyError::Write)?;
        done += count as u64;
        chunk = then(chunk);
    }
    Ok(done)
}

/// The hash of a file.
pub(crate) fn hash(file: &File) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let count = platform::read_at(file, &mut chunk, done)?;
        if count == 0 {
            return Ok(ContentHash(hasher.finalize().into()));
        }
        hasher.update(&chunk[..count]);
        done += count as u64;
    }
}
