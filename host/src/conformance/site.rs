use crate::conformance::spec::ConformanceError;
use jackfield_loader::{Found, Survey};
use jackfield_manifest::{Manifest, Target};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Begins the name of the file of the plugin that is checked.
pub(crate) const OWN: &str = "lib0-";

/// A place for the checks, gone with it: the plugin's file, those that it requires, and nothing else.
pub(crate) struct Site {
    dir: TempDir,
    manifests: Vec<Arc<Manifest>>,
    lacks: Option<String>,
}

impl Site {
    /// With a copy of the file, and of what it requires of those that were found elsewhere.
    pub(crate) fn new(found: &Found, others: &Survey) -> Result<Self, ConformanceError> {
        let dir = private_directory();
        let dir = dir.map_err(ConformanceError::place(Path::new("a temporary directory")))?;
        let mut site = Self {
            dir,
            manifests: found.manifest.iter().cloned().collect(),
            lacks: None,
        };
        let plugins = site.path().join("plugins");
        fs::create_dir(&plugins).map_err(ConformanceError::place(&plugins))?;
        copy(&found.path, &plugins.join(name(0, &found.path)))?;
        if let Some(manifest) = &found.manifest {
            let (needed, lacks) = closure(manifest, others);
            site.lacks = lacks;
            for (number, (path, manifest)) in (1..).zip(needed) {
                copy(path, &plugins.join(name(number, path)))?;
                site.manifests.push(manifest);
            }
        }
        Ok(site)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Of the plugin, and of those that it requires.
    pub(crate) fn manifests(&self) -> &[Arc<Manifest>] {
        &self.manifests
    }

    /// What it requires and nobody provides.
    pub(crate) fn lacks(&self) -> Option<&str> {
        self.lacks.as_deref()
    }
}

/// One that nobody else can look into: what plugins keep and are told may be secret.
fn private_directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("jackfield-conformance-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

/// Files of several directories may have one name.
fn name(number: usize, path: &Path) -> String {
    let own = path.file_name().unwrap_or_default().to_string_lossy();
    let own = own.strip_prefix("lib").unwrap_or(&own);
    format!("lib{number}-{own}")
}

fn copy(from: &Path, to: &Path) -> Result<(), ConformanceError> {
    fs::copy(from, to)
        .map(drop)
        .map_err(ConformanceError::place(from))
}

/// What a plugin requires, and what those require; and what it is that is not there.
fn closure<'s>(
    manifest: &Arc<Manifest>,
    others: &'s Survey,
) -> (Vec<(&'s PathBuf, Arc<Manifest>)>, Option<String>) {
    let (mut files, mut lacks): (Vec<(&PathBuf, _)>, _) = (Vec::new(), None);
    let mut open = vec![Arc::clone(manifest)];
    while let Some(asking) = open.pop() {
        for requirement in asking.requires.iter().filter(|needed| !needed.optional) {
            let gives = |other: &Manifest| match &requirement.target {
                Target::Plugin(id) => other.id == *id && requirement.range.matches(&other.version),
                Target::Service(service) => other.provides.iter().any(|provided| {
                    provided.service == *service && requirement.range.matches(&provided.version)
                }),
            };
            let mut is_there = false;
            for other in &others.plugins {
                let Some(other_manifest) = &other.manifest else {
                    continue;
                };
                if other_manifest.id == manifest.id || !gives(other_manifest) {
                    continue;
                }
                is_there = true;
                if !files.iter().any(|(path, _)| **path == other.path) {
                    files.push((&other.path, Arc::clone(other_manifest)));
                    open.push(Arc::clone(other_manifest));
                }
            }
            if !is_there && lacks.is_none() {
                let what = match &requirement.target {
                    Target::Plugin(id) => format!("{id} {}", requirement.range),
                    Target::Service(id) => format!("service {id} {}", requirement.range),
                };
                lacks = Some(format!(
                    "`{}` requires {what}, which is not there: name its directory with --plugins",
                    asking.id
                ));
            }
        }
    }
    (files, lacks)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn nobody_else_can_look_into_it() {
        let dir = private_directory().unwrap();
        let mode = fs::metadata(dir.path()).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o700);
    }
}
