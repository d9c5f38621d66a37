//! Bytes through memory once: read, written, and the same bytes hashed.

use super::relay::{CHUNK, Relay};
use crate::{ContentHash, platform};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Write},
};

/// Below this size, another thread costs more than it saves, in bytes.
const SMALL: u64 = 256 << 10;

/// Which side failed.
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// A copy that is written in full; its hash may still be in the making.
pub(super) struct Copied {
    relay: Relay,
    /// Bytes in it.
    pub(super) len: u64,
}

impl Copied {
    /// The hash of what was written.
    pub(super) fn hash(self) -> ContentHash {
        self.relay.finish()
    }
}

/// A copy of which the beginning is read: it is hashed while the file for the copy is being made.
pub(super) struct Begun<'f> {
    from: &'f File,
    relay: Relay,
    first: Vec<u8>,
    limit: u64,
}

/// Begins to copy `from`, which has `size` bytes. Stops after one byte more, so that a file that
/// grows for ever ends.
pub(super) fn begin(from: &File, size: u64) -> Result<Begun<'_>, CopyError> {
    let limit = size.saturating_add(1);
    let mut relay = if size < SMALL {
        Relay::alone()
    } else {
        Relay::with_helper()
    };
    let mut chunk = relay.chunk();
    let count = read(from, &mut chunk, 0, limit)?;
    let first = chunk[..count].to_vec();
    relay.send(chunk, count);
    Ok(Begun {
        from,
        relay,
        first,
        limit,
    })
}

impl Begun<'_> {
    /// Writes everything to `to`.
    pub(super) fn write(self, mut to: &File) -> Result<Copied, CopyError> {
        let Self {
            from,
            mut relay,
            first,
            limit,
        } = self;
        to.write_all(&first).map_err(CopyError::Write)?;
        let mut len = first.len() as u64;
        let mut ended = first.is_empty();
        while len < limit && !ended {
            let mut chunk = relay.chunk();
            let count = read(from, &mut chunk, len, limit)?;
            to.write_all(&chunk[..count]).map_err(CopyError::Write)?;
            len += count as u64;
            ended = count == 0;
            relay.send(chunk, count);
        }
        Ok(Copied { relay, len })
    }
}

/// The next bytes, as many as fit and are within the limit.
fn read(from: &File, chunk: &mut [u8], at: u64, limit: u64) -> Result<usize, CopyError> {
    let room = usize::try_from(limit - at).map_or(CHUNK, |left| left.min(CHUNK));
    platform::read_at(from, &mut chunk[..room], at).map_err(CopyError::Read)
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
