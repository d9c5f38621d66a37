use crate::registry::State;
use jackfield_abi::{Failure, FailureCode};
use jackfield_manifest::{PluginId, Range, ServiceId};
use semver::Version;
use std::fmt;

/// Why an offer of a service is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvideError {
    /// The manifest does not have it.
    #[error(
        "offers service `{service}`, which its manifest does not have under `provides`: add \
         {{ service = \"{service}\", version = \"{version}\" }} there"
    )]
    Undeclared {
        /// Which, as the plugin wrote it.
        service: String,
        /// In which version, as the plugin wrote it.
        version: String,
    },
    /// The manifest has it in another version.
    #[error(
        "offers service `{service}` in version {offered}, and its manifest says {declared}: make \
         both the version of the contract that it is built with"
    )]
    OtherVersion {
        /// Which.
        service: ServiceId,
        /// By the manifest.
        declared: Version,
        /// By the code.
        offered: String,
    },
    /// It is offered already.
    #[error("offers service `{0}` a second time: a plugin has one object for each")]
    Twice(ServiceId),
    /// The plugin is stopping, or has stopped.
    #[error("offers service `{0}` while it is stopping")]
    Stopping(ServiceId),
}

/// Why a service cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequireError {
    /// The manifest does not have it.
    #[error(
        "asks for service `{service}`, which its manifest does not have under `requires`: add \
         {{ service = \"{service}\", range = \"{range}\" }} there"
    )]
    Undeclared {
        /// Which, as the plugin wrote it.
        service: String,
        /// Which versions of it, as the plugin wrote them.
        range: String,
    },
    /// What was given as a range is none.
    #[error("asks for service `{service}` in `{range}`: expected a version range such as `^1.2`")]
    Range {
        /// Which.
        service: ServiceId,
        /// What was given.
        range: String,
    },
    /// The plugin holds too many leases.
    #[error(
        "asks for service `{0}` and holds {max} leases on services already: keep one, rather than \
         ask for each call",
        max = super::MAX_LEASES
    )]
    Full(ServiceId),
    /// It is one of the host's own, in another version.
    #[error(
        "asks for service `{service}` {range}, and this host provides {service} {version}: ask for \
         a range with that in it, or update the host"
    )]
    HostVersion {
        /// Which.
        service: ServiceId,
        /// Which versions of it: as asked for, or where those would do, as the manifest takes them.
        range: Range,
        /// The host's.
        version: Version,
    },
    /// It is one of the host's own, and the plugin knows another type under that name.
    #[error(
        "asks for service `{0}` of this host, whose type is laid out differently here: build the \
         plugin with the SDK that belongs to this host"
    )]
    HostLayout(ServiceId),
    /// Nobody who runs will do.
    #[error("asks for service `{service}` {range}, {}", Who(.candidates))]
    Lacking {
        /// Which.
        service: ServiceId,
        /// Which versions of it.
        range: Range,
        /// Everybody whose manifest has it under `provides`, in order of id.
        candidates: Vec<Candidate>,
    },
}

/// A plugin that provides a service, and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub plugin: PluginId,
    /// In which version, by its manifest.
    pub version: Version,
    /// Why not.
    pub unfit: Unfit,
}

/// Why a provider cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is the one that asks.
    #[error("is this plugin itself")]
    Itself,
    /// Its version was not asked for.
    #[error("is not in that range")]
    OutOfRange,
    /// Its version was asked for, and the manifest of the one that asks does not take it.
    #[error("is not in {0}, which the manifest takes")]
    OutOfDeclared(Range),
    /// The two sides know different types under that name.
    #[error(
        "has a type that is laid out differently: rebuild both plugins with one version of the \
         crate that defines it"
    )]
    Layout,
    /// It runs, and has not called `provide`.
    #[error("runs, and has not offered it")]
    NotOffered,
    /// It was started, and that failed.
    #[error("failed: {0}")]
    Failed(String),
    /// It was left out.
    #[error("was not started: {0}")]
    Rejected(String),
    /// It does not run.
    #[error("is {0}")]
    State(State),
}

/// A service as it was asked for.
pub(super) struct Asked {
    pub(super) service: ServiceId,
    pub(super) range: Range,
    /// By the manifest.
    pub(super) declared: Range,
}

impl Asked {
    pub(super) fn takes(&self, version: &Version) -> bool {
        self.range.matches(version) && self.declared.matches(version)
    }
}

struct Who<'a>(&'a [Candidate]);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("which no installed plugin provides");
        }
        f.write_str("which nobody provides now: ")?;
        for (place, candidate) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            let Candidate {
                plugin,
                version,
                unfit,
            } = candidate;
            write!(f, "{separator}`{plugin}` ({version}) {unfit}")?;
        }
        Ok(())
    }
}

impl ProvideError {
    pub(crate) fn into_failure(self, plugin: &PluginId) -> Failure {
        let code = match &self {
            Self::Undeclared { .. } | Self::OtherVersion { .. } | Self::Twice(_) => {
                FailureCode::INVALID
            }
            Self::Stopping(_) => FailureCode::UNAVAILABLE,
        };
        Failure::new(code, format!("`{plugin}` {self}"))
    }
}

impl RequireError {
    pub(crate) fn into_failure(self, plugin: &PluginId) -> Failure {
        let code = match &self {
            Self::Undeclared { .. } | Self::Range { .. } => FailureCode::INVALID,
            Self::Full(_) => FailureCode::FULL,
            Self::HostVersion { .. } => FailureCode::NOT_FOUND,
            Self::HostLayout(_) => FailureCode::UNSUPPORTED,
            Self::Lacking { candidates, .. } => lacking(candidates),
        };
        Failure::new(code, format!("`{plugin}` {self}"))
    }
}

/// The kind of the failure is that of the candidate that comes nearest to being used.
fn lacking(candidates: &[Candidate]) -> FailureCode {
    let mut codes = candidates.iter().map(|candidate| match candidate.unfit {
        Unfit::Itself | Unfit::OutOfRange | Unfit::OutOfDeclared(_) => FailureCode::NOT_FOUND,
        Unfit::Layout => FailureCode::UNSUPPORTED,
        _ => FailureCode::UNAVAILABLE,
    });
    let not_found = FailureCode::NOT_FOUND;
    codes.find(|code| *code != not_found).unwrap_or(not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(candidates: &[(&str, Unfit)]) -> Failure {
        let candidate = |(plugin, unfit): &(&str, Unfit)| Candidate {
            plugin: PluginId::new(plugin).unwrap(),
            version: Version::new(1, 2, 0),
            unfit: unfit.clone(),
        };
        RequireError::Lacking {
            service: ServiceId::new("store").unwrap(),
            range: "^1.1".parse().unwrap(),
            candidates: candidates.iter().map(candidate).collect(),
        }
        .into_failure(&PluginId::new("user").unwrap())
    }

    #[test]
    fn everybody_who_could_is_named_with_why_not() {
        let failure = lacking(&[
            ("a", Unfit::OutOfDeclared("^2".parse().unwrap())),
            ("b", Unfit::State(State::Stopping)),
            ("user", Unfit::Itself),
        ]);
        assert_eq!(
            failure.message,
            "`user` asks for service `store` ^1.1, which nobody provides now: `a` (1.2.0) is not in \
             ^2, which the manifest takes; `b` (1.2.0) is stopping; `user` (1.2.0) is this plugin \
             itself"
        );
        assert_eq!(failure.code, FailureCode::UNAVAILABLE);
    }

    #[test]
    fn the_code_is_that_of_who_comes_nearest() {
        let out = ("a", Unfit::OutOfRange);
        assert_eq!(lacking(&[]).code, FailureCode::NOT_FOUND);
        assert_eq!(
            lacking(std::slice::from_ref(&out)).code,
            FailureCode::NOT_FOUND
        );
        let unlike = lacking(&[out, ("b", Unfit::Layout)]);
        assert_eq!(unlike.code, FailureCode::UNSUPPORTED);
    }

    #[test]
    fn an_offer_in_another_version_than_declared_is_told_with_both() {
        let error = ProvideError::OtherVersion {
            service: ServiceId::new("store").unwrap(),
            declared: Version::new(1, 0, 0),
            offered: "1.1.0".to_owned(),
        };
        assert_eq!(
            error.into_failure(&PluginId::new("p").unwrap()).message,
            "`p` offers service `store` in version 1.1.0, and its manifest says 1.0.0: make both \
             the version of the contract that it is built with"
        );
    }
}
