//! Systems without Unix's descriptors and owners: plain paths, and no trust rules.

use super::{Entry, FileKind, Stat};
use crate::FileKey;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, FileType, Metadata},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            return Ok(Self(path.canonicalize()?));
        }
        Err(io::ErrorKind::NotADirectory.into())
    }

    pub(crate) fn stat(&self) -> io::Result<Stat> {
        Ok(convert(&fs::metadata(&self.0)?, &self.0))
    }

    pub(crate) fn entries(&self, keep: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if keep(name_bytes(&name)) {
                let kind = kind(entry.file_type()?);
                let ino = None;
                entries.push(Entry { name, kind, ino });
            }
        }
        Ok(entries)
    }

    pub(crate) fn stat_at(&self, name: &OsStr) -> io::Result<Stat> {
        let path = self.0.join(name);
        Ok(convert(&fs::symlink_metadata(&path)?, &path))
    }

    pub(crate) fn open_at(&self, name: &OsStr) -> io::Result<File> {
        File::open(self.0.join(name))
    }
}

/// Of an open file, which was found as `known`.
pub(crate) fn stat_of(file: &File, known: &FileKey) -> io::Result<Stat> {
    let mut stat = convert(&file.metadata()?, Path::new(""));
    stat.key.ino = known.ino;
    Ok(stat)
}

pub(crate) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

pub(crate) fn user() -> u32 {
    0
}

pub(crate) fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

pub(crate) fn name_from_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// There is no inode: the path stands for it, and creation time for the change time.
fn convert(metadata: &Metadata, path: &Path) -> Stat {
    let nanoseconds = |time: io::Result<SystemTime>| {
        let since = time.ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok()
    };
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    Stat {
        kind: kind(metadata.file_type()),
        key: FileKey {
            dev: 0,
            ino: hasher.finish(),
            size: metadata.len(),
            mtime_ns: nanoseconds(metadata.modified()).unwrap_or(0),
            ctime_ns: nanoseconds(metadata.created()).unwrap_or(0),
        },
        owner: 0,
        mode: 0,
    }
}

fn kind(kind: FileType) -> FileKind {
    if kind.is_file() {
        FileKind::Regular
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Unknown
    }
}

/// Makes a directory; it inherits its parent's rights.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Does nothing: a directory cannot be opened as a file.
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a file that was not there, open for reading and writing.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
}

/// Does nothing: a read-only file could not be removed again.
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn seal(_file: &File) -> io::Result<()> {
    Ok(())
}
