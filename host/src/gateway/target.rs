//! Whose a path is.

use jackfield_manifest::RESERVED;

/// Whose a request is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The host's.
    Own,
    /// A plugin's: its id, and the path below its namespace, which begins with `/`.
    Plugin {
        /// As it stands in the path. It may be nobody's.
        id: &'a str,
        /// Percent-encoded as it came.
        rest: &'a str,
    },
}

impl<'a> Target<'a> {
    /// The plugin's id, where it is a plugin's.
    pub(super) fn plugin(self) -> Option<&'a str> {
        match self {
            Self::Own => None,
            Self::Plugin { id, .. } => Some(id),
        }
    }

    /// By a path that begins with `/`, on the edge of that name. `/{edge}/{plugin}/…` is
    /// `/{plugin}/…`.
    pub(super) fn of(path: &'a str, edge: &str) -> Self {
        match split(path) {
            (first, rest) if first == edge => match split(rest) {
                ("", _) => Self::Own,
                (id, rest) => Self::Plugin { id, rest },
            },
            ("", _) => Self::Own,
            (first, _) if RESERVED.contains(&first) => Self::Own,
            (id, rest) => Self::Plugin { id, rest },
        }
    }
}

/// The first segment, and what follows it, which begins with `/`.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match memchr::memchr(b'/', path.as_bytes()) {
        Some(end) => path.split_at(end),
        None => (path, "/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin<'a>(id: &'a str, rest: &'a str) -> Target<'a> {
        Target::Plugin { id, rest }
    }

    #[test]
    fn a_path_is_the_plugins_whose_id_it_begins_with() {
        for (path, target) in [
            ("/sysinfo/homedir", plugin("sysinfo", "/homedir")),
            ("/sysinfo", plugin("sysinfo", "/")),
            ("/sysinfo/", plugin("sysinfo", "/")),
            ("/sysinfo//a", plugin("sysinfo", "//a")),
            ("/here/sysinfo/a/b", plugin("sysinfo", "/a/b")),
            ("/here/sysinfo", plugin("sysinfo", "/")),
            ("/here/api/plugins", plugin("api", "/plugins")),
            ("/a%2Fb/c%2Fd", plugin("a%2Fb", "/c%2Fd")),
            ("/../etc", plugin("..", "/etc")),
            ("/", Target::Own),
            ("/here", Target::Own),
            ("/here/", Target::Own),
            ("/api/plugins", Target::Own),
            ("/events", Target::Own),
            ("//sysinfo", Target::Own),
        ] {
            assert_eq!(Target::of(path, "here"), target, "{path}");
        }
    }

    #[test]
    fn what_is_the_hosts_is_no_plugins_id() {
        for own in RESERVED {
            assert!(jackfield_manifest::PluginId::new(own).is_err(), "{own}");
        }
    }
}
