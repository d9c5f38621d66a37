//! The file: added to, put aside when it is full, and the oldest gone in the end.

use crate::{
    config,
    gateway::access::private::{own, private},
};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The file that is written to, open.
#[derive(Debug)]
pub(super) struct Trail {
    path: PathBuf,
    bounds: config::Audit,
    file: File,
    /// Whether its last line has no end: the process was killed, or the disk was full.
    is_torn: bool,
}

impl Trail {
    /// Opens it, and makes it where it is not there.
    pub(super) fn open(path: &Path, bounds: config::Audit) -> io::Result<Self> {
        let file = open(path)?;
        Ok(Self {
            is_torn: is_torn(&file)?,
            path: path.to_owned(),
            bounds,
            file,
        })
    }

    /// One that writes to that file, whatever it is.
    #[cfg(test)]
    pub(super) fn of(file: File, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            bounds: config::Audit::default(),
            file,
            is_torn: false,
        }
    }

    /// Adds a line.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.make_room(line.len())?;
        let written = write(&mut self.file, self.is_torn, line);
        // How much of it was written is not known.
        self.is_torn = written.is_err();
        written
    }

    /// Another one is begun where the line does not fit, or somebody took the file away.
    fn make_room(&mut self, len: usize) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        if is_gone(&metadata) || is_elsewhere(&metadata, &self.path) {
            *self = Self::open(&self.path, self.bounds)?;
        } else if metadata.len() > 0 && metadata.len() + len as u64 > self.bounds.max_bytes {
            self.rotate()?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let old = |number| aside(&self.path, number);
        for number in (1..self.bounds.keep).rev() {
            match fs::rename(old(number), old(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match fs::rename(&self.path, old(1)) {
            // Somebody took it away just now.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        *self = Self::open(&self.path, self.bounds)?;
        Ok(())
    }

    /// Has all of it on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// Adds a line to a file that somebody else may write to as well.
pub(super) fn add(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    let torn = is_torn(&file)?;
    write(&mut file, torn, line)
}

/// In one piece, since others may add lines too.
fn write(file: &mut File, is_torn: bool, line: &[u8]) -> io::Result<()> {
    match is_torn {
        true => file.write_all(&[b"\n", line].concat()),
        false => file.write_all(line),
    }
}

/// Its owner's alone, also where it was there before.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    close(&file)?;
    if let Some(state) = path.parent() {
        own(&file, state)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn close(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn close(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_gone(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 0
}

#[cfg(not(unix))]
fn is_gone(_: &fs::Metadata) -> bool {
    false
}

/// Whether another file lies where it lay, or none: it was put aside.
#[cfg(unix)]
fn is_elsewhere(metadata: &fs::Metadata, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(there) => (there.dev(), there.ino()) != (metadata.dev(), metadata.ino()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(not(unix))]
fn is_elsewhere(_: &fs::Metadata, _: &Path) -> bool {
    false
}

fn is_torn(mut file: &File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Where the last but so many lies.
pub(super) fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(directory: &Path, max_bytes: u64, keep: u32) -> Trail {
        let bounds = config::Audit { max_bytes, keep };
        Trail::open(&directory.join("a"), bounds).unwrap()
    }

    fn files(directory: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        };
        let mut files: Vec<_> = entries.map(read).collect();
        files.sort();
        files
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        owned.collect()
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let directory = tempfile::tempdir().unwrap();
        let mut trail = trail(directory.path(), 6, 2);
        for line in ["1\n", "2\n", "3\n", "4\n", "longer\n", "5\n", "6\n"] {
            trail.append(line.as_bytes()).unwrap();
        }
        trail.sync().unwrap();
        assert_eq!(
            files(directory.path()),
            pairs(&[("a", "5\n6\n"), ("a.1", "longer\n"), ("a.2", "4\n")])
        );
    }

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "1\nhal").unwrap();
        let mut trail = trail(directory.path(), 100, 1);
        trail.append(b"2\n").unwrap();
        trail.append(b"3\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\nhal\n2\n3\n");
        fs::write(&path, "hal").unwrap();
        add(&path, b"4\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "hal\n4\n");
    }

    #[cfg(unix)]
    #[test]
    fn it_is_its_owners_alone_also_where_it_was_not() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(trail(directory.path(), 100, 1));
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(trail(directory.path(), 100, 1));
        assert_eq!(mode(), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_somebody_took_away_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut trail = trail(directory.path(), 100, 1);
        trail.append(b"1\n").unwrap();
        fs::remove_file(directory.path().join("a")).unwrap();
        trail.append(b"2\n").unwrap();
        assert_eq!(files(directory.path()), pairs(&[("a", "2\n")]));
    }
}
