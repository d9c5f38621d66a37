//! Bytes through memory once: read, hashed, written.

use crate::{ContentHash, platform};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Write},
};

/// Small enough to be hashed and written from the processor's second-level cache.
const CHUNK: usize = 128 << 10;

/// Which side failed.
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies `from` to `to` and gives the hash of what was written, and its length. Stops after one
/// byte more than `size`, so that a file that grows for ever ends.
pub(super) fn copy(from: &File, mut to: &File, size: u64) -> Result<(ContentHash, u64), CopyError> {
    each_chunk(from, size + 1, CopyError::Read, |chunk| {
        to.write_all(chunk).map_err(CopyError::Write)
    })
}

/// The hash of a file.
pub(crate) fn hash(file: &File) -> io::Result<ContentHash> {
    let (hash, _) = each_chunk(file, u64::MAX, |error| error, |_| Ok(()))?;
    Ok(hash)
}

fn each_chunk<E>(
    from: &File,
    limit: u64,
    failed: impl Fn(io::Error) -> E,
    mut then: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(ContentHash, u64), E> {
    let mut buffer = vec![0; CHUNK];
    let mut hasher = Sha256::new();
    let mut done = 0;
    while done < limit {
        let room = usize::try_from(limit - done).map_or(CHUNK, |left| left.min(CHUNK));
        let count = platform::read_at(from, &mut buffer[..room], done).map_err(&failed)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        then(&buffer[..count])?;
        done += count as u64;
    }
    Ok((ContentHash(hasher.finalize().into()), done))
}
