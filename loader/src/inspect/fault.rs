use super::machine;
use crate::{Code, Reason, platform::FileKind};
use jackfield_manifest::{ManifestError, NoteError};
use std::{fmt, io};

/// What is wrong with a file, as far as it can be told without running any of it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No file.
    #[error("{0}, expected a regular file: remove it from the directory")]
    Kind(FileKind),
    /// The system refuses to open or to read it.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// Nothing in it.
    #[error("the file is empty: copy it again")]
    Empty,
    /// Too short for a header.
    #[error("the file has {size} bytes, an ELF header alone has {header}: copy it again")]
    HeaderCut {
        /// Bytes in the file.
        size: u64,
        /// Bytes in a header.
        header: u64,
    },
    /// Something in it ends after the file.
    #[error("{what} ends at byte {end}, the file has {size}: copy it again")]
    Cut {
        /// What.
        what: What,
        /// Where it should end.
        end: u64,
        /// Bytes in the file.
        size: u64,
    },
    /// Its headers contradict each other.
    #[error("damaged: {0}: build or copy it again")]
    Damaged(String),
    /// No binary that this crate knows.
    #[error("no library: it begins with {0}, expected an ELF header")]
    NoLibrary(Beginning),
    /// For another system or machine.
    #[error("built for {built}, this host is {}: build it for this host", Host)]
    Target {
        /// What it was built for.
        built: String,
    },
    /// Not a shared library.
    #[error("{found}, expected a shared library: build it with crate-type cdylib")]
    Type {
        /// What it is.
        found: String,
    },
    /// No Jackfield note.
    #[error("holds no Jackfield note: no plugin, or built without export_plugin!")]
    NoNote,
    /// The note is not what it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The manifest in the note is not what it should be.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Changed under the reader's hands, again and again.
    #[error("changed while it was read: wait until it is written, or move it into place at once")]
    Changed,
}

impl Fault {
    /// The word for programs.
    pub fn code(&self) -> Code {
        match self {
            Self::Kind(_) => Code::NotARegularFile,
            Self::Unreadable(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Code::Untrusted
            }
            Self::Unreadable(_) => Code::NotARegularFile,
            Self::Empty
            | Self::HeaderCut { .. }
            | Self::Cut { .. }
            | Self::Damaged(_)
            | Self::Changed => Code::Truncated,
            Self::Target { .. } | Self::Type { .. } => Code::WrongTarget,
            Self::NoLibrary(_) | Self::NoNote => Code::NotAPlugin,
            Self::Note(_) | Self::Manifest(_) => Code::InvalidManifest,
        }
    }

    /// As a reason to refuse.
    pub fn reason(&self) -> Reason {
        Reason::new(self.code(), self.to_string())
    }
}

/// A part of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The table of program headers.
    ProgramHeaders,
    /// The table of section headers.
    SectionHeaders,
    /// A segment, by its place in the table and its type.
    Segment(usize, &'static str),
    /// A section, by its name.
    Section(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProgramHeaders => f.write_str("the table of program headers"),
            Self::SectionHeaders => f.write_str("the table of section headers"),
            Self::Segment(index, name) => write!(f, "segment {index} ({name})"),
            Self::Section(name) => write!(f, "section {name}"),
        }
    }
}

/// The first bytes of a file, as text where they are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning([u8; 4], usize);

impl Beginning {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut first = [0; 4];
        let len = bytes.len().min(4);
        first[..len].copy_from_slice(&bytes[..len]);
        Self(first, len)
    }
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0[..self.1].escape_ascii())
    }
}

/// This host, in words.
struct Host;

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", std::env::consts::OS, machine::HOST)
    }
}
