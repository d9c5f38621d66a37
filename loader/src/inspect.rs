//! Bytes of a file → what it is, what its manifest says and what is wrong with it. Nothing is
//! mapped and nothing of the file is run: headers and note are read by `pread`, most often by one.

mod assets;
mod elf;
mod fault;
mod foreign;
mod full;
mod headers;
mod machine;

pub use fault::{Beginning, Fault, What};

use crate::{FileKey, Reason, discover::Candidate, platform};
use jackfield_manifest::{Manifest, NoteError, note, note::Order, ui::Module};
use std::{fs::File, io, sync::Arc};

/// What is read at first: most libraries have all that matters here.
const PAGE: usize = 4096;

/// The most that is read of a segment that holds notes: the longest manifest and other notes.
const NOTES: usize = note::MAX_LEN + (64 << 10);

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Headers and note: one `pread`, for telling what a directory holds.
    Headers,
    /// Everything that the system's loader will rely on: before a file is mapped.
    Full,
}

/// Whether a file holds a Jackfield note.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum NoteState {
    /// It holds none, so it is no plugin.
    Absent,
    /// It is too broken to tell.
    #[default]
    Unknown,
    /// It holds one, good or bad.
    Present,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspection {
    /// Whether it is a plugin at all, good or bad.
    pub note: NoteState,
    /// What it says of itself, where that can be read, whatever else is wrong.
    pub manifest: Option<Arc<Manifest>>,
    /// What in the manifest this host does not know.
    pub warnings: Vec<String>,
    /// Everything that is wrong with it, the decisive reason first; empty when nothing is.
    pub reasons: Vec<Reason>,
}

impl Inspection {
    /// Of a file that could not be looked at.
    pub(crate) fn failed(fault: &Fault) -> Self {
        Self {
            reasons: vec![fault.reason()],
            ..Self::default()
        }
    }
}

/// Opens a candidate and looks at it; the key is that of the file that was opened.
pub fn inspect(candidate: &Candidate, depth: Depth) -> (FileKey, Inspection) {
    let opened = open(candidate);
    match opened {
        Ok((file, key)) => (key, inspect_file(&file, key.size, depth)),
        Err(fault) => (candidate.key, Inspection::failed(&fault)),
    }
}

/// Opens a candidate, which must still be a regular file.
pub(crate) fn open(candidate: &Candidate) -> Result<(File, FileKey), Fault> {
    let file = candidate.open().map_err(Fault::Unreadable)?;
    let stat = platform::stat_of(&file, &candidate.key).map_err(Fault::Unreadable)?;
    if stat.kind != platform::FileKind::Regular {
        return Err(Fault::Kind(stat.kind));
    }
    Ok((file, stat.key))
}

/// Looks at an open regular file of `size` bytes.
pub(crate) fn inspect_file(file: &File, size: u64, depth: Depth) -> Inspection {
    let mut page = [0; PAGE];
    let len = match platform::read_at(file, &mut page, 0) {
        Ok(len) => len,
        Err(error) => return Inspection::failed(&Fault::Unreadable(error)),
    };
    let bytes = Bytes {
        file,
        size,
        page: &page[..len],
    };
    let mut look = Look::default();
    match &page[..len] {
        [] => look.faults.push(Fault::Empty),
        [0x7f, b'E', b'L', b'F', ..] => headers::look(&bytes, depth, &mut look),
        page => match foreign::Format::of(page) {
            Some(format) => foreign::look(format, &bytes, &mut look),
            None => {
                look.note = NoteState::Absent;
                look.faults.push(Fault::NoLibrary(Beginning::of(page)));
            }
        },
    }
    if depth == Depth::Full && look.faults.is_empty() {
        look.faults.extend(look.assets(&bytes).err());
    }
    look.finish()
}

/// The text of the module that lies in an open library of `size` bytes, where the manifest tells of
/// one: compared with the hash that it tells, so whatever the file is, this is the right text.
pub(crate) fn module(file: &File, size: u64, module: &Module) -> Result<String, Fault> {
    let mut page = [0; PAGE];
    let len = platform::read_at(file, &mut page, 0)?;
    let bytes = Bytes {
        file,
        size,
        page: &page[..len],
    };
    assets::module(&bytes, module)
}

/// A file and its first page.
struct Bytes<'a> {
    file: &'a File,
    size: u64,
    page: &'a [u8],
}

impl Bytes<'_> {
    /// Gives `then` the bytes from `offset` on: from the page, or by another `pread` into memory
    /// of `len` bytes, which the caller has bounded.
    fn with<T>(&self, offset: u64, len: usize, then: impl FnOnce(&[u8]) -> T) -> Result<T, Fault> {
        let begin = usize::try_from(offset).unwrap_or(usize::MAX);
        let in_page = begin
            .checked_add(len)
            .and_then(|end| self.page.get(begin..end));
        if let Some(bytes) = in_page {
            return Ok(then(bytes));
        }
        Ok(then(&self.read(offset, len)?))
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; len];
        match platform::read_at(self.file, &mut bytes, offset) {
            Ok(count) if count == len => Ok(bytes),
            // Shorter than `fstat` said: somebody is cutting it at this moment.
            Ok(_) => Err(Fault::Changed),
            Err(error) => Err(Fault::Unreadable(error)),
        }
    }
}

fn damaged<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Damaged(text.into()))
}

/// An inspection in the making.
#[derive(Default)]
struct Look {
    note: NoteState,
    parsed: Option<(Manifest, Vec<String>)>,
    faults: Vec<Fault>,
}

impl Look {
    /// Takes up what one place that may hold notes says.
    fn notes(&mut self, notes: &[u8], order: Order, align: u64) {
        let text = match note::read(notes, order, align) {
            Ok(None) => return,
            Ok(Some(_)) if self.note == NoteState::Present => Err(NoteError::Doubled),
            found => found,
        };
        self.note = NoteState::Present;
        match text {
            Ok(Some(text)) => self.manifest(text),
            Ok(None) => {}
            Err(error) => {
                self.parsed = None;
                self.faults.push(error.into());
            }
        }
    }

    fn manifest(&mut self, text: &str) {
        match Manifest::parse(text) {
            Ok((manifest, warnings)) => {
                let warnings = warnings.iter().map(ToString::to_string).collect();
                self.parsed = Some((manifest, warnings));
            }
            Err(error) => self.faults.push(error.into()),
        }
    }

    /// Whether what the manifest says lies beside it does.
    fn assets(&self, bytes: &Bytes<'_>) -> Result<(), Fault> {
        let module = self.parsed.as_ref();
        match module.and_then(|(manifest, _)| manifest.ui_module) {
            Some(module) => assets::module(bytes, &module).map(drop),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Inspection {
        let explained = self.faults.iter().any(|f| matches!(f, Fault::NoLibrary(_)));
        if self.note == NoteState::Absent && !explained {
            self.faults.push(Fault::NoNote);
        }
        let (manifest, warnings) = self.parsed.unzip();
        Inspection {
            note: self.note,
            manifest: manifest.map(Arc::new),
            warnings: warnings.unwrap_or_default(),
            reasons: self.faults.iter().map(Fault::reason).collect(),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}
