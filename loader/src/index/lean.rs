//! A manifest as the index keeps it: flat, borrowed when it is read, no text to parse but versions.

use jackfield_manifest::{
    Build, Deadlines, IdError, Kind, Manifest, Panic, PatternError, Permissions, PluginId,
    Provision, Requirement, ServiceId, Supervision, Target, TopicPattern,
    ui::{Module, Ui},
};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a list shows; it stands first, so that a list needs to decode no more.
#[derive(Serialize, Deserialize)]
struct Brief<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(borrow)]
    version: LeanVersion<'a>,
    description: &'a str,
}

/// What a list shows of a plugin, borrowed from where it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<'a> {
    /// [`Manifest::id`].
    pub id: &'a str,
    /// [`Manifest::name`].
    pub name: &'a str,
    /// [`Manifest::version`].
    pub version: Version,
    /// [`Manifest::description`].
    pub description: &'a str,
}

impl<'a> Summary<'a> {
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        Self {
            id: manifest.id.as_str(),
            name: &manifest.name,
            version: manifest.version.clone(),
            description: &manifest.description,
        }
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (brief, _) = postcard::take_from_bytes::<Brief<'a>>(bytes).ok()?;
        Some(Self {
            id: brief.id,
            name: brief.name,
            version: brief.version.whole().ok()?,
            description: brief.description,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Lean<'a> {
    #[serde(borrow)]
    brief: Brief<'a>,
    #[serde(borrow)]
    authors: Vec<&'a str>,
    license: &'a str,
    kind: Kind,
    priority: i32,
    #[serde(borrow)]
    requires: Vec<LeanRequirement<'a>>,
    #[serde(borrow)]
    provides: Vec<LeanProvision<'a>>,
    #[serde(borrow)]
    after: Vec<&'a str>,
    #[serde(borrow)]
    before: Vec<&'a str>,
    #[serde(borrow)]
    capabilities: Vec<&'a str>,
    /// Of permissions: `publish`, `subscribe`.
    #[serde(borrow)]
    permissions: [Vec<&'a str>; 2],
    config_schema: Option<&'a str>,
    /// As JSON, in which what is absent takes no room.
    ui: Option<std::borrow::Cow<'a, str>>,
    ui_module: Option<Module>,
    /// `initialize`, `start`, `stop`.
    deadlines: [Duration; 3],
    supervision: Supervision,
    abi: LeanVersion<'a>,
    target: &'a str,
    rustc: &'a str,
    panic: Panic,
    sdk: LeanVersion<'a>,
}

/// Most versions are three numbers: then there is nothing to parse.
#[derive(Serialize, Deserialize)]
struct LeanVersion<'a> {
    numbers: [u64; 3],
    #[serde(borrow)]
    pre: &'a str,
    build: &'a str,
}

#[derive(Serialize, Deserialize)]
struct LeanRequirement<'a> {
    is_service: bool,
    id: &'a str,
    #[serde(borrow)]
    range: std::borrow::Cow<'a, str>,
    optional: bool,
}

#[derive(Serialize, Deserialize)]
struct LeanProvision<'a> {
    service: &'a str,
    #[serde(borrow)]
    version: LeanVersion<'a>,
}

/// The bytes do not say what a manifest can say: the index is damaged.
#[derive(Debug)]
pub(super) struct Damaged;

impl From<IdError> for Damaged {
    fn from(_: IdError) -> Self {
        Self
    }
}

impl From<PatternError> for Damaged {
    fn from(_: PatternError) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Damaged {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

impl From<semver::Error> for Damaged {
    fn from(_: semver::Error) -> Self {
        Self
    }
}

impl<'a> LeanVersion<'a> {
    fn of(version: &'a Version) -> Self {
        Self {
            numbers: [version.major, version.minor, version.patch],
            pre: &version.pre,
            build: &version.build,
        }
    }

    fn whole(&self) -> Result<Version, Damaged> {
        let [major, minor, patch] = self.numbers;
        let mut version = Version::new(major, minor, patch);
        if !self.pre.is_empty() {
            version.pre = semver::Prerelease::new(self.pre)?;
        }
        if !self.build.is_empty() {
            version.build = semver::BuildMetadata::new(self.build)?;
        }
        Ok(version)
    }
}

impl<'a> Lean<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
        // Taken apart in full, so that a new key of the manifest cannot be forgotten here.
        let Manifest {
            id,
            name,
            version,
            description,
            authors,
            license,
            kind,
            priority,
            requires,
            provides,
            after,
            before,
            capabilities,
            permissions,
            config_schema,
            ui,
            ui_module,
            deadlines,
            supervision,
            build,
        } = manifest;
        let Deadlines {
            initialize,
            start,
            stop,
        } = *deadlines;
        let Build {
            abi,
            target,
            rustc,
            panic,
            sdk,
        } = build;
        Self {
            brief: Brief {
                id: id.as_str(),
                name,
                version: LeanVersion::of(version),
                description,
            },
            authors: authors.iter().map(String::as_str).collect(),
            license,
            kind: *kind,
            priority: *priority,
            requires: requires.iter().map(LeanRequirement::of).collect(),
            provides: provides.iter().map(LeanProvision::of).collect(),
            after: after.iter().map(PluginId::as_str).collect(),
            before: before.iter().map(PluginId::as_str).collect(),
            capabilities: capabilities.iter().map(String::as_str).collect(),
            permissions: [&permissions.publish, &permissions.subscribe]
                .map(|patterns| patterns.iter().map(TopicPattern::as_str).collect()),
            config_schema: config_schema.as_deref(),
            ui: ui.as_ref().map(|ui| json(ui).into()),
            ui_module: *ui_module,
            deadlines: [initialize, start, stop],
            supervision: *supervision,
            abi: LeanVersion::of(abi),
            target,
            rustc,
            panic: *panic,
            sdk: LeanVersion::of(sdk),
        }
    }

    pub(super) fn whole(&self) -> Result<Manifest, Damaged> {
        let [initialize, start, stop] = self.deadlines;
        Ok(Manifest {
            id: PluginId::new(self.brief.id)?,
            name: self.brief.name.to_owned(),
            version: self.brief.version.whole()?,
            description: self.brief.description.to_owned(),
            authors: strings(&self.authors),
            license: self.license.to_owned(),
            kind: self.kind,
            priority: self.priority,
            requires: each(&self.requires, LeanRequirement::whole)?,
            provides: each(&self.provides, LeanProvision::whole)?,
            after: each(&self.after, |id| Ok(PluginId::new(id)?))?,
            before: each(&self.before, |id| Ok(PluginId::new(id)?))?,
            capabilities: strings(&self.capabilities),
            permissions: Permissions {
                publish: each(&self.permissions[0], |text| Ok(TopicPattern::new(text)?))?,
                subscribe: each(&self.permissions[1], |text| Ok(TopicPattern::new(text)?))?,
            },
            config_schema: self.config_schema.map(str::to_owned),
            ui: match &self.ui {
                Some(json) => Some(serde_json::from_str(json)?),
                None => None,
            },
            ui_module: self.ui_module,
            deadlines: Deadlines {
                initialize,
                start,
                stop,
            },
            supervision: self.supervision,
            build: Build {
                abi: self.abi.whole()?,
                target: self.target.to_owned(),
                rustc: self.rustc.to_owned(),
                panic: self.panic,
                sdk: self.sdk.whole()?,
            },
        })
    }
}

fn json(ui: &Ui) -> String {
    serde_json::to_string(ui).expect("it holds texts and finite numbers only")
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn each<A, B>(items: &[A], whole: impl Fn(&A) -> Result<B, Damaged>) -> Result<Vec<B>, Damaged> {
    items.iter().map(whole).collect()
}

impl<'a> LeanRequirement<'a> {
    fn of(requirement: &'a Requirement) -> Self {
        let Requirement {
            target,
            range,
            optional,
        } = requirement;
        let (is_service, id) = match target {
            Target::Plugin(id) => (false, id.as_str()),
            Target::Service(id) => (true, id.as_str()),
        };
        Self {
            is_service,
            id,
            range: range.to_string().into(),
            optional: *optional,
        }
    }

    fn whole(&self) -> Result<Requirement, Damaged> {
        let target = if self.is_service {
            Target::Service(ServiceId::new(self.id)?)
        } else {
            Target::Plugin(PluginId::new(self.id)?)
        };
        Ok(Requirement {
            target,
            range: self.range.parse()?,
            optional: self.optional,
        })
    }
}

impl<'a> LeanProvision<'a> {
    fn of(provision: &'a Provision) -> Self {
        let Provision { service, version } = provision;
        Self {
            service: service.as_str(),
            version: LeanVersion::of(version),
        }
    }

    fn whole(&self) -> Result<Provision, Damaged> {
        Ok(Provision {
            service: ServiceId::new(self.service)?,
            version: self.version.whole()?,
        })
    }
}
