//! A first reading of the embedded text; the checked one takes its place.

use crate::{Build, Deadlines, Kind, Manifest, Panic, PluginId, Requirement, ServiceId, Target};
use semver::{Version, VersionReq};
use std::fmt;

/// Something in a manifest that this host does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ManifestError(String);

#[derive(serde::Deserialize)]
struct RawBuild {
    abi: Version,
    target: String,
    rustc: String,
    panic: Panic,
    sdk: Version,
}

#[derive(serde::Deserialize)]
struct RawRequirement {
    plugin: Option<PluginId>,
    service: Option<ServiceId>,
    range: VersionReq,
    #[serde(default)]
    optional: bool,
}

#[derive(serde::Deserialize)]
struct Raw {
    build: RawBuild,
    id: PluginId,
    name: Option<String>,
    version: Version,
    #[serde(default)]
    description: String,
    #[serde(default)]
    kind: Kind,
    priority: Option<i32>,
    #[serde(default)]
    requires: Vec<RawRequirement>,
}

impl Manifest {
    /// Reads the embedded text.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] when it is no manifest.
    pub fn parse(text: &str) -> Result<(Self, Vec<Warning>), ManifestError> {
        let raw: Raw = toml::from_str(text)
            .map_err(|error| ManifestError(error.message().replace('\n', " ")))?;
        let requires = raw.requires.into_iter().map(|raw| {
            let target = match (raw.plugin, raw.service) {
                (Some(id), None) => Target::Plugin(id),
                (None, Some(id)) => Target::Service(id),
                _ => return Err(ManifestError("requires: plugin or service".to_owned())),
            };
            Ok(Requirement {
                target,
                range: raw.range,
                optional: raw.optional,
            })
        });
        let manifest = Self {
            name: raw.name.unwrap_or_else(|| raw.id.to_string()),
            id: raw.id,
            version: raw.version,
            description: raw.description,
            authors: Vec::new(),
            license: String::new(),
            kind: raw.kind,
            priority: raw.priority.unwrap_or(raw.kind.priority()),
            requires: requires.collect::<Result<_, _>>()?,
            provides: Vec::new(),
            after: Vec::new(),
            before: Vec::new(),
            capabilities: Vec::new(),
            config_schema: None,
            deadlines: Deadlines::default(),
            build: Build {
                abi: raw.build.abi,
                target: raw.build.target,
                rustc: raw.build.rustc,
                panic: raw.build.panic,
                sdk: raw.build.sdk,
            },
        };
        Ok((manifest, Vec::new()))
    }
}
