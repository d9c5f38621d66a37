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

/// Copies `from` to `to`. Stops after one byte more than `size`, so that a file that grows for
/// ever ends.
pub(super) fn copy(from: &File, mut to: &File, size: u64) -> Result<Copied, CopyError> {
    let limit = size.saturating_add(1);
    let mut relay = if size < SMALL {
        Relay::alone()
    } else {
        Relay::with_helper()
    };
    let mut len = 0;
    while len < limit {
        let mut chunk = relay.chunk();
        let room = usize::try_from(limit - len).map_or(CHUNK, |left| left.min(CHUNK));
        let count = platform::read_at(from, &mut chunk[..room], len).map_err(CopyError::Read)?;
        if count == 0 {
            break;
        }
        to.write_all(&chunk[..count]).map_err(CopyError::Write)?;
        len += count as u64;
        relay.send(chunk, count);
    }
    Ok(Copied { relay, len })
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
