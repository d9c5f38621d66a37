//! All that differs between systems, under the same names on each.

#[cfg(all(test, unix))]
pub(crate) mod calls;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::*;
#[cfg(unix)]
pub(crate) use unix::*;

use crate::FileKey;
use std::{ffi::OsString, fmt};

/// What a name in a directory leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A character or block device.
    Device,
    /// The system does not say.
    Unknown,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unknown => "something unknown",
        })
    }
}

/// What the system says of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) kind: FileKind,
    pub(crate) key: FileKey,
    /// User id of the owner; 0 where there is no such thing.
    pub(crate) owner: u32,
    /// Permission bits; 0 where there are none.
    pub(crate) mode: u32,
}

/// A name in a directory.
pub(crate) struct Entry {
    pub(crate) name: OsString,
    /// What the directory itself says of it, without a look at the file.
    pub(crate) kind: FileKind,
    /// The inode that the directory has under this name, where there is such a thing.
    pub(crate) ino: Option<u64>,
}
