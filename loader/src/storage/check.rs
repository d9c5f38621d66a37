use super::{
    StorageError,
    open::{FACTS, FORMAT, VERSION, builder},
    overlay::Overlay,
};
use crate::ffi::guard;
use redb::ReadableDatabase;
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

/// How a database begins: the magic number, then in each of two slots the version of its format.
const HEADER: usize = 320;
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
const SLOTS: [usize; 2] = [64, 192];
/// The newest that the library reads.
const NEWEST: u8 = 3;

/// Whether a file can be opened, without a write to it: what opening would write, such as the
/// repair after a crash, is held in memory and forgotten.
pub(super) fn check(path: &Path) -> Result<(), StorageError> {
    let mut file = File::open(path).map_err(|error| StorageError::io(path, error))?;
    check_header(path, &mut file)?;
    let read = guard(|| version(file)).unwrap_or_else(|panic| Err(redb::Error::Corrupted(panic)));
    match read.map_err(|error| StorageError::of(path, error))? {
        VERSION => Ok(()),
        found if found > VERSION => Err(StorageError::Later {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        found => Err(StorageError::damaged(path, &format!("version {found}"))),
    }
}

fn check_header(path: &Path, file: &mut File) -> Result<(), StorageError> {
    let mut header = [0; HEADER];
    let damaged = |found: &str| StorageError::Damaged {
        path: path.to_owned(),
        found: found.to_owned(),
    };
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(damaged("the beginning of one at most"));
        }
        Err(error) => return Err(StorageError::io(path, error)),
    }
    if !header.starts_with(MAGIC) {
        return Err(damaged("something else"));
    }
    // A damaged byte would say so of one slot; a later version says it of both.
    let versions = SLOTS.map(|slot| header[slot]);
    if versions[0] == versions[1] && versions[0] > NEWEST {
        return Err(StorageError::Later {
            path: path.to_owned(),
            found: versions[0].into(),
            known: NEWEST.into(),
        });
    }
    Ok(())
}

/// The version of the tables, once every page was found to be as it was written.
fn version(file: File) -> Result<u64, redb::Error> {
    let database = builder()
        .set_check_integrity_on_open(true)
        .create_with_backend(Overlay::new(file)?)?;
    let facts = database.begin_read()?.open_table(FACTS)?;
    let version = facts.get(FORMAT)?;
    Ok(version.map_or(0, |version| version.value()))
}
