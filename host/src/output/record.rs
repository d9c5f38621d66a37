use jackfield_loader::{ContentHash, Found, Reason};
use jackfield_manifest::{
    Kind, Manifest, Panic, PluginId, Provision, Range, Requirement, Target,
    ui::{Module, Ui},
};
use semver::Version;
use serde::Serialize;
use serde_json::Value;

/// A file as `inspect` and `list` tell programs of it. The order of the fields, and `null` for what
/// is not known, are part of what is promised.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'f> {
    path: String,
    sha256: Option<ContentHash>,
    /// In bytes.
    size: Option<u64>,
    id: Option<&'f PluginId>,
    name: Option<&'f str>,
    version: Option<&'f Version>,
    description: Option<&'f str>,
    kind: Option<Kind>,
    priority: Option<i32>,
    /// The version of the ABI that it was built for.
    api: Option<&'f Version>,
    target: Option<&'f str>,
    rustc: Option<&'f str>,
    panic: Option<Panic>,
    requires: Option<Vec<Needed<'f>>>,
    provides: Option<&'f [Provision]>,
    /// JSON Schema; `null` also where the plugin has none.
    config_schema: Option<Value>,
    /// The table `ui`; `null` also where the plugin has none.
    ui: Option<&'f Ui>,
    /// The JavaScript module of its page; `null` also where the plugin has none.
    ui_module: Option<Brought>,
    verdict: &'static str,
    reasons: Vec<Reason>,
}

/// A file within the library.
#[derive(Debug, Serialize)]
struct Brought {
    /// In bytes.
    size: u32,
    sha256: String,
}

/// One requirement.
#[derive(Debug, Serialize)]
struct Needed<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'f str>,
    range: &'f Range,
    optional: bool,
}

impl<'f> Record<'f> {
    /// What is known of a file.
    pub(crate) fn new(found: &'f Found) -> Self {
        let manifest: Option<&Manifest> = found.manifest.as_deref();
        let build = manifest.map(|manifest| &manifest.build);
        let reasons = found.faults();
        Self {
            path: found.path.to_string_lossy().into_owned(),
            sha256: found.hash,
            size: found.size,
            id: manifest.map(|manifest| &manifest.id),
            name: manifest.map(|manifest| &*manifest.name),
            version: manifest.map(|manifest| &manifest.version),
            description: manifest.map(|manifest| &*manifest.description),
            kind: manifest.map(|manifest| manifest.kind),
            priority: manifest.map(|manifest| manifest.priority),
            api: build.map(|build| &build.abi),
            target: build.map(|build| &*build.target),
            rustc: build.map(|build| &*build.rustc),
            panic: build.map(|build| build.panic),
            requires: manifest.map(|manifest| manifest.requires.iter().map(needed).collect()),
            provides: manifest.map(|manifest| &*manifest.provides),
            config_schema: manifest
                .and_then(|manifest| serde_json::from_str(manifest.config_schema.as_deref()?).ok()),
            ui: manifest.and_then(|manifest| manifest.ui.as_deref()),
            ui_module: manifest.and_then(|manifest| manifest.ui_module.as_ref().map(brought)),
            verdict: if reasons.is_empty() {
                "loadable"
            } else {
                "rejected"
            },
            reasons,
        }
    }

    /// Whether the file can be loaded.
    pub(crate) fn is_loadable(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Why it cannot, where it cannot.
    pub(crate) fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

fn brought(module: &Module) -> Brought {
    Brought {
        size: module.length,
        sha256: module.digits(),
    }
}

fn needed(requirement: &Requirement) -> Needed<'_> {
    let (plugin, service) = match &requirement.target {
        Target::Plugin(id) => (Some(id.as_str()), None),
        Target::Service(id) => (None, Some(id.as_str())),
    };
    Needed {
        plugin,
        service,
        range: &requirement.range,
        optional: requirement.optional,
    }
}
