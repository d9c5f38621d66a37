//! Where files may be: the home directory, the temporary directory, and what is configured.
//!
//! A path is never judged and then used: it is opened first, with all links followed, and what counts
//! is where the thing lies that was opened. From then on it is used by what was opened, so a link that
//! somebody puts in its place in between leads nowhere.

use crate::{error::Fault, system};
use plugin_api::log;
use rustix::{
    fs::{FileType, Stat, fstat},
    io::Errno,
};
use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// The directories that files may be in.
#[derive(Debug)]
pub(crate) struct Roots {
    /// What `~` is.
    home: PathBuf,
    /// Without links.
    directories: Vec<PathBuf>,
}

/// Something that was looked at, and lies where files may be.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) fd: OwnedFd,
    /// Where it lies, without links.
    pub(crate) path: PathBuf,
    pub(crate) stat: Stat,
}

/// Where a file is, or would be.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: Found,
    pub(crate) name: PathBuf,
    /// The file that is there already.
    pub(crate) there: Option<Found>,
}

impl Roots {
    /// # Errors
    ///
    /// When a configured directory is not there, or is no directory.
    pub(crate) fn new(home: PathBuf, temp: &Path, configured: &[PathBuf]) -> Result<Self, Fault> {
        let mut directories = Vec::new();
        for root in configured {
            let place = fs::canonicalize(root).map_err(|error| Fault::system(root, error))?;
            if !place.is_dir() {
                return Err(Fault::NotADirectory(root.clone()));
            }
            directories.push(place);
        }
        for own in [&*home, temp] {
            // A service's home is often `/`, which would be everything.
            match fs::canonicalize(own) {
                Ok(place) if place != Path::new("/") => directories.push(place),
                _ => log::warn!("{}: no files are moved there", own.display()),
            }
        }
        Ok(Self { home, directories })
    }

    /// A path as it came, made absolute.
    pub(crate) fn expand(&self, field: &'static str, text: &str) -> Result<PathBuf, Fault> {
        if text.is_empty() {
            return Err(Fault::Missing(field));
        }
        let path = match text.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => self.home.join(rest.trim_start_matches('/')),
            _ => PathBuf::from(text),
        };
        if path.is_absolute() && !text.contains('\0') {
            Ok(path)
        } else {
            Err(Fault::NotAbsolute(text.to_owned()))
        }
    }

    /// Looks at what lies there.
    ///
    /// # Errors
    ///
    /// [`Fault::Outside`], [`Fault::NoFile`], [`Fault::System`].
    pub(crate) fn look(&self, path: &Path) -> Result<Found, Fault> {
        let fd = match system::look(path) {
            Ok(fd) => fd,
            Err(errno) => return Err(self.absent(path, errno)),
        };
        let place = system::place(&fd).map_err(|errno| Fault::system(path, errno))?;
        if !self.holds(&place) {
            return Err(Fault::Outside(path.to_owned()));
        }
        let stat = fstat(&fd).map_err(|errno| Fault::system(path, errno))?;
        Ok(Found {
            fd,
            path: place,
            stat,
        })
    }

    /// Looks at where a file is to be put: a link there is followed.
    pub(crate) fn place(&self, path: &Path) -> Result<Place, Fault> {
        match self.look(path) {
            Ok(found) if found.is(FileType::RegularFile) => {
                let target = found.path.clone();
                self.beside(&target, Some(found))
            }
            Ok(found) => Err(Fault::NotRegular(found.path)),
            Err(Fault::NoFile(_)) => self.beside(path, None),
            Err(fault) => Err(fault),
        }
    }

    fn beside(&self, path: &Path, there: Option<Found>) -> Result<Place, Fault> {
        let no_name = || Fault::NoName(path.to_owned());
        // `a/b/` has the name `b` by the path's rules, and is none of a file.
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(no_name());
        }
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Err(no_name());
        };
        let directory = match self.look(parent) {
            Err(Fault::NoFile(path)) => return Err(Fault::NoDirectory(path)),
            looked => looked?,
        };
        if !directory.is(FileType::Directory) {
            return Err(Fault::NotADirectory(parent.to_owned()));
        }
        Ok(Place {
            directory,
            name: name.into(),
            there,
        })
    }

    fn holds(&self, place: &Path) -> bool {
        self.directories.iter().any(|root| place.starts_with(root))
    }

    /// Why a path cannot be opened. Of what lies outside nothing is told, not even whether it is there.
    fn absent(&self, path: &Path, errno: Errno) -> Fault {
        let above = path.ancestors().skip(1);
        let nearest = above
            .filter_map(|above| system::look(above).ok())
            .find_map(|fd| system::place(fd).ok());
        if !nearest.is_some_and(|place| self.holds(&place)) {
            return Fault::Outside(path.to_owned());
        }
        match errno {
            // The last is a link that leads round and round, and so to nothing.
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => Fault::NoFile(path.to_owned()),
            errno => Fault::system(path, errno),
        }
    }
}

impl Found {
    pub(crate) fn is(&self, kind: FileType) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == kind
    }

    /// In bytes.
    pub(crate) fn size(&self) -> u64 {
        size(&self.stat)
    }
}

/// In bytes.
pub(crate) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

impl Place {
    /// Where the file will lie.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }
}

#[cfg(test)]
mod tests;
