//! How full a file system is, and what went to and from all disks.

use plugin_api::{
    Error, Result,
    serde_json::{Value, json},
};
use rustix::fs::{StatVfs, statvfs};
use std::{fs, path::Path};

/// What the kernel counts in, whatever the disk does.
const SECTOR_BYTES: u64 = 512;

/// # Errors
///
/// For a path that is not there, or whose file system does not tell.
pub(crate) fn check(path: &str) -> Result<()> {
    match statvfs(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::new(format!(
            "disk: expected a path that is there, found {path:?}: {error}"
        ))),
    }
}

/// The `disk_*` of space: those of the file system that the path leads to, through links and mounts.
pub(crate) fn space(path: &str) -> Value {
    let space = statvfs(path).ok().map(|about| Space::of(&about));
    json!({
        "disk_total": space.as_ref().map(|space| space.total),
        "disk_used": space.as_ref().map(|space| space.used),
        "disk_percent": space.as_ref().map(Space::percent),
    })
}

/// In bytes.
#[derive(Debug, PartialEq, Eq)]
struct Space {
    total: u64,
    used: u64,
    /// What those who are not root can still have.
    available: u64,
}

impl Space {
    fn of(about: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
        Self {
            total: bytes(about.f_blocks),
            used: bytes(about.f_blocks.saturating_sub(about.f_bfree)),
            available: bytes(about.f_bavail),
        }
    }

    /// As `df` and psutil have it: what is kept for root counts for neither.
    fn percent(&self) -> f64 {
        crate::figures::share(self.used, self.used.saturating_add(self.available))
    }
}

/// The `disk_*` of traffic; `null` where the system does not tell.
pub(crate) fn traffic() -> Value {
    let text = fs::read_to_string("/proc/diskstats").ok();
    // What has a directory there is a whole disk and no part of one.
    let is_disk = |name: &str| {
        Path::new("/sys/block")
            .join(name.replace('/', "!"))
            .exists()
    };
    let bytes = text.map(|text| counted(&text, is_disk));
    json!({
        "disk_read_bytes": bytes.map(|(read, _)| read),
        "disk_write_bytes": bytes.map(|(_, written)| written),
    })
}

/// Bytes that were read and written.
fn counted(diskstats: &str, is_disk: impl Fn(&str) -> bool) -> (u64, u64) {
    let (mut read, mut written) = (0, 0);
    for line in diskstats.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        // Major, minor, name; reads, merged, sectors, time; writes, merged, sectors.
        let (Some(name), Some(from), Some(to)) = (fields.get(2), fields.get(5), fields.get(9))
        else {
            continue;
        };
        if is_disk(name) {
            let bytes =
                |sectors: &str| sectors.parse().map_or(0, |count: u64| count * SECTOR_BYTES);
            read += bytes(from);
            written += bytes(to);
        }
    }
    (read, written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_kept_for_root_is_neither_used_nor_available() {
        let space = Space {
            total: 1000,
            used: 300,
            available: 600,
        };
        assert!((space.percent() - 100.0 / 3.0).abs() < 1e-9);
        let none = Space {
            total: 0,
            used: 0,
            available: 0,
        };
        assert_eq!(none.percent(), 0.0);
    }

    #[test]
    fn a_path_is_of_the_file_system_that_it_leads_to() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        symlink("/proc", &link).unwrap();
        // It has no room at all, which no file system does that holds a directory of tests.
        assert_eq!(space(link.to_str().unwrap())["disk_total"], 0);
        assert!(space(".")["disk_total"].as_u64() > Some(0));
        let gone = place.path().join("gone");
        let gone = gone.to_str().unwrap();
        assert_eq!(
            check(gone).unwrap_err().to_string(),
            format!(
                "disk: expected a path that is there, found {gone:?}: No such file or directory (os \
                 error 2)"
            )
        );
        assert_eq!(space(gone)["disk_percent"], Value::Null);
    }

    #[test]
    fn whole_disks_count_mounted_or_not() {
        let text = "   8  0 sda 1 0 100 0 2 0 10 0 0 0 0\n   8  1 sda1 1 0 90 0 2 0 9 0 0 0 0\n\
                    254  0 vda 5 0 7 0 5 0 3 0\nnonsense\n";
        let bytes = counted(text, |name| !name.ends_with('1'));
        assert_eq!(bytes, (107 * 512, 13 * 512));
    }
}
