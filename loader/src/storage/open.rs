use super::{
    StorageError, check,
    database::{Database, ENTRIES},
};
use crate::platform;
use redb::{Builder, TableDefinition, backends::FileBackend};
use std::{fs, io, path::Path};

/// What is true of the whole file.
pub(super) const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("jackfield");
pub(super) const FORMAT: &str = "format";
/// What the tables of a file mean.
pub(super) const VERSION: u64 = 1;

/// Bytes of memory for the pages of one file.
const CACHE: usize = 4 << 20;

/// Opens a plugin's file, and makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Database, StorageError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => check::check(path)?,
        Ok(_) => {
            return Err(StorageError::Damaged {
                path: path.to_owned(),
                found: "something that is no file".to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(StorageError::io(path, error)),
    }
    let failed = |error| StorageError::of(path, error);
    let file = builder().open(path).map_err(|error| failed(error.into()))?;
    Database::new(file).map_err(failed)
}

/// It gets its name when all of it is on the disk, so that an empty file of that name is a damaged
/// one.
fn create(path: &Path) -> Result<(), StorageError> {
    let failed = |error| StorageError::io(path, error);
    let dir = path.parent().unwrap_or(Path::new("."));
    platform::create_private_dir(dir).map_err(failed)?;
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fill(&new).map_err(|error| StorageError::of(path, error))?;
    fs::rename(&new, path).map_err(failed)?;
    sync(dir).map_err(failed)
}

/// Has the file's name on the disk, and those of the directories that may be as new as it is: else a
/// power cut could take away all that is acknowledged later.
fn sync(dir: &Path) -> io::Result<()> {
    platform::sync_dir(dir)?;
    let mut above = dir.ancestors().skip(1).map(|path| match path {
        path if path.as_os_str().is_empty() => Path::new("."),
        path => path,
    });
    // The state directory is the host's own; what it is in need not let the host read it.
    above.next().map_or(Ok(()), platform::sync_dir)?;
    let _ = above.next().map(platform::sync_dir);
    Ok(())
}

fn fill(new: &Path) -> Result<(), redb::Error> {
    let backend = FileBackend::new(platform::create_private_file(new)?)?;
    let file = builder().create_with_backend(backend)?;
    let transaction = file.begin_write()?;
    transaction.open_table(FACTS)?.insert(FORMAT, VERSION)?;
    transaction.open_table(ENTRIES)?;
    transaction.commit()?;
    Ok(file.close()?)
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}
