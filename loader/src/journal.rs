//! Who is inside: a file that tells the next start which plugin ended this process.
//!
//! Before a plugin is mapped, initialized or started, a line that names it, its content and the
//! step is written to a slot of `<state>/inside`; afterwards the slot is blanked. The file is not
//! synced: it has to survive this process, and what a process wrote survives it in the page cache.
//! It does not survive the machine, and a plugin that takes the machine down is not blamed.
//!
//! The first slots are written through memory: four writes a plugin were 4 % of a warm start.

use crate::{ffi::Mirror, hash::ContentHash};
use jackfield_manifest::PluginId;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes of one slot: the longest id, a hash, a step, spaces and a line feed fit.
const SLOT: usize = 256;

/// How many slots lie in memory: more than threads that a host usually has.
const MIRRORED: usize = 64;

/// What stands in a slot that names nobody.
const BLANK: [u8; SLOT] = {
    let mut blank = [b' '; SLOT];
    blank[SLOT - 1] = b'\n';
    blank
};

/// A step during which a plugin can end the process.
/// In the order in which they come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its constructors run.
    Map,
    /// Its `initialize` runs.
    Initialize,
    /// Its `start` runs.
    Start,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Map, Self::Initialize, Self::Start];

    /// The step as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Initialize => "initialize",
            Self::Start => "start",
        }
    }
}

/// A plugin that was inside when a host ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) id: PluginId,
    pub(crate) hash: ContentHash,
    pub(crate) step: Phase,
}

/// The file, open.
pub(crate) struct Journal {
    file: File,
    /// Its beginning, where the filesystem can do that.
    mirror: Option<Mirror>,
    free: Mutex<Free>,
}

#[derive(Default)]
struct Free {
    slots: Vec<usize>,
    next: usize,
}

impl Journal {
    /// Opens the file, empties it, and tells who stood in it.
    ///
    /// A line that cannot be read names nobody and is passed over.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Suspect>)> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut text = Vec::new();
        (&mut file).take(1 << 20).read_to_end(&mut text)?;
        let suspects = text.chunks(SLOT).filter_map(parse).collect();
        // Written, not only made so long: a page of a hole may find the disk full.
        let blank = BLANK.repeat(MIRRORED);
        write_at(&file, &blank, 0)?;
        file.set_len(blank.len() as u64)?;
        let mirror = Mirror::of(&file, blank.len())
            .inspect_err(|error| log::debug!("the file `inside` is written, not mapped: {error}"));
        Ok((
            Self {
                file,
                mirror: mirror.ok(),
                free: Mutex::default(),
            },
            suspects,
        ))
    }

    /// A slot for one plugin on its way up.
    pub(crate) fn slot(self: &Arc<Self>) -> Entry {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = free.slots.pop().unwrap_or_else(|| {
            free.next += 1;
            free.next - 1
        });
        Entry {
            journal: Arc::clone(self),
            slot,
        }
    }

    fn write(&self, slot: usize, line: &[u8; SLOT]) -> io::Result<()> {
        let at = slot * SLOT;
        if let Some(mirror) = self.mirror.as_ref().filter(|_| slot < MIRRORED) {
            mirror.store(at, line);
            return Ok(());
        }
        write_at(&self.file, line, at as u64)
    }
}

/// One plugin's slot. Dropping it blanks it.
pub(crate) struct Entry {
    journal: Arc<Journal>,
    slot: usize,
}

impl Entry {
    /// The plugin goes into a step.
    pub(crate) fn enter(&self, id: &PluginId, hash: &ContentHash, step: Phase) -> io::Result<()> {
        let mut line = BLANK;
        let mut rest = &mut line[..SLOT - 1];
        write!(rest, "{} {hash} {id}", step.as_str())?;
        self.journal.write(self.slot, &line)
    }

    /// The plugin came out, or is abandoned inside: nobody is blamed for what comes.
    pub(crate) fn clear(&self) {
        if let Err(error) = self.journal.write(self.slot, &BLANK) {
            log::warn!("cannot blank a slot of the file `inside`: {error}");
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.clear();
        self.journal
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .slots
            .push(self.slot);
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

fn parse(line: &[u8]) -> Option<Suspect> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let word = words.next()?;
    let step = Phase::ALL.into_iter().find(|step| step.as_str() == word)?;
    let hash = words.next()?.parse().ok()?;
    let id = PluginId::new(words.next()?).ok()?;
    Some(Suspect { id, hash, step })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> ContentHash {
        ContentHash([byte; 32])
    }

    #[test]
    fn who_is_inside_when_the_process_ends_stands_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inside");
        let (a, b) = (
            PluginId::new("a").unwrap(),
            PluginId::new(&"b".repeat(128)).unwrap(),
        );
        let (journal, suspects) = Journal::open(&path).unwrap();
        assert_eq!(suspects, []);
        let journal = Arc::new(journal);
        let (first, second) = (journal.slot(), journal.slot());
        first.enter(&a, &hash(1), Phase::Map).unwrap();
        second.enter(&b, &hash(2), Phase::Initialize).unwrap();
        first.clear();
        // The process ends here: no drop.
        let (first, second) = (
            std::mem::ManuallyDrop::new(first),
            std::mem::ManuallyDrop::new(second),
        );
        let (_journal, suspects) = Journal::open(&path).unwrap();
        assert_eq!(
            suspects,
            [Suspect {
                id: b,
                hash: hash(2),
                step: Phase::Initialize
            }]
        );
        let _ = (first, second);
        let (_, suspects) = Journal::open(&path).unwrap();
        assert_eq!(suspects, []);
    }

    #[test]
    fn there_are_as_many_slots_as_are_needed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inside");
        let journal = Arc::new(Journal::open(&path).unwrap().0);
        let id = |number: usize| PluginId::new(&format!("p{number}")).unwrap();
        let entries: Vec<_> = (0..MIRRORED + 2)
            .map(|number| {
                let entry = journal.slot();
                entry.enter(&id(number), &hash(3), Phase::Start).unwrap();
                // The process ends here: no drop.
                std::mem::ManuallyDrop::new(entry)
            })
            .collect();
        let (_, suspects) = Journal::open(&path).unwrap();
        let suspects: Vec<_> = suspects.into_iter().map(|suspect| suspect.id).collect();
        let all: Vec<_> = (0..entries.len()).map(id).collect();
        assert_eq!(suspects, all);
    }

    #[test]
    fn what_cannot_be_read_names_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inside");
        for garbage in [&b"start"[..], b"\0\0\0", b"map zz a", &[0xff; 3000]] {
            std::fs::write(&path, garbage).unwrap();
            assert_eq!(Journal::open(&path).unwrap().1, []);
        }
    }
}
