use semver::Version;

/// The ABI version that this side speaks: the version of this crate.
pub const ABI_VERSION: &str = env!("CARGO_PKG_VERSION");

/// [`ABI_VERSION`], parsed.
///
/// # Panics
///
/// Never: Cargo accepts only a semver version.
pub fn abi_version() -> Version {
    Version::parse(ABI_VERSION).expect("cargo only builds packages with a semver version")
}

/// Two sides that cannot speak to each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "built for ABI {plugin}, this host speaks {host}: {}",
    advice(plugin, host)
)]
pub struct AbiMismatch {
    /// What the plugin was built for.
    pub plugin: Version,
    /// What the host speaks.
    pub host: Version,
}

fn advice(plugin: &Version, host: &Version) -> String {
    if plugin.major < host.major {
        return format!(
            "rebuild the plugin with jackfield-plugin-api ^{}",
            host.major
        );
    }
    format!(
        "rebuild the plugin with jackfield-plugin-api ^{}, or update the host to one that speaks \
         ABI {}",
        host.major, plugin.major
    )
}

/// Whether a plugin built for ABI `plugin` can work with a host that speaks `host`: they can when
/// the major versions are equal, whichever is the newer, because within a major version things are
/// only added, and what is added has a default.
///
/// # Errors
///
/// [`AbiMismatch`], whose text says which side has to be rebuilt.
pub fn check_abi(plugin: &Version, host: &Version) -> Result<(), AbiMismatch> {
    if plugin.major == host.major {
        return Ok(());
    }
    Err(AbiMismatch {
        plugin: plugin.clone(),
        host: host.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plugin: &str, host: &str) -> Result<(), String> {
        let parse = |text| Version::parse(text).unwrap();
        check_abi(&parse(plugin), &parse(host)).map_err(|error| error.to_string())
    }

    #[test]
    fn within_a_major_version_both_directions_work() {
        assert_eq!(check("1.0.0", "1.4.2"), Ok(()));
        assert_eq!(check("1.9.0", "1.0.0"), Ok(()));
    }

    #[test]
    fn a_mismatch_is_one_line_that_says_which_side_to_rebuild() {
        assert_eq!(
            check("2.1.0", "1.4.0").unwrap_err(),
            "built for ABI 2.1.0, this host speaks 1.4.0: rebuild the plugin with \
             jackfield-plugin-api ^1, or update the host to one that speaks ABI 2"
        );
        assert_eq!(
            check("1.0.0", "2.0.0").unwrap_err(),
            "built for ABI 1.0.0, this host speaks 2.0.0: rebuild the plugin with \
             jackfield-plugin-api ^2"
        );
    }
}
