//! What would start, and what would not: everything up to the point where plugin code runs.

use crate::{
    ContentHash, DEFAULT_STORAGE_LIMIT, HostFacts, Inventory, Options, Plan, Quarantine, Reason,
    Standing, Vetted, Why,
    inventory::{Found, Mode},
    resolve::{Node, resolve, why},
    vet::{self, VetError},
};
use jackfield_manifest::Manifest;
use std::{path::PathBuf, sync::Arc};

/// A plan, with what it was made of.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The plan; its nodes are places in `plugins`.
    pub plan: Plan,
    /// Every plugin file whose manifest could be read, in order of path.
    pub plugins: Vec<Considered>,
    /// Every file that is or may be a plugin and whose manifest could not be read.
    pub unreadable: Vec<Found>,
    /// Files that are no plugins, for whoever asks.
    pub others: Vec<Found>,
    /// Directories that were passed over, files that are trusted only laxly, keys that this host
    /// does not know.
    pub warnings: Vec<String>,
}

/// A plugin file, as far as it came.
#[derive(Debug, Clone)]
pub struct Considered {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// Its content, where it was hashed.
    pub hash: Option<ContentHash>,
    /// Whether the configuration enables it.
    pub enabled: bool,
    /// The priority that counts.
    pub priority: i32,
    /// What keeps it from being started, before others come into it; empty when nothing does.
    pub reasons: Vec<Reason>,
    /// It may have ended the host before: it is started alone.
    pub(crate) alone: bool,
    /// Ready to be mapped; only where the plan is to be carried out.
    pub(crate) vetted: Option<Arc<Vetted>>,
}

impl Proposal {
    /// Surveys, vets and resolves.
    pub(crate) fn make(
        inventory: &mut Inventory,
        quarantine: &Quarantine,
        mode: &Mode<'_>,
    ) -> Self {
        let survey = inventory.survey();
        let mut warnings: Vec<String> = survey.skipped.iter().map(ToString::to_string).collect();
        let (mut plugins, mut unreadable) = (Vec::new(), Vec::new());
        let facts = HostFacts::current();
        for found in survey.plugins {
            warnings.extend(
                found
                    .warnings
                    .iter()
                    .map(|text| format!("{}: {text}", found.path.display())),
            );
            match found.manifest.clone() {
                None => unreadable.push(found),
                Some(manifest) => {
                    plugins.push(consider(
                        inventory, found, manifest, quarantine, &facts, mode,
                    ));
                }
            }
        }
        let plan = resolve(&nodes(&plugins));
        Self {
            plan,
            plugins,
            unreadable,
            others: survey.others,
            warnings,
        }
    }

    /// What the plan was made from, for whoever asks the plan more.
    pub fn nodes(&self) -> Vec<Node<'_>> {
        nodes(&self.plugins)
    }

    /// What the plan says of an id: one answer for each file that has it, in order of version and
    /// path; none where no readable file has it. Nodes are places in `plugins`.
    pub fn why(&self, id: &str) -> Vec<Why> {
        why(&self.plan, &self.nodes(), id)
    }
}

fn nodes(plugins: &[Considered]) -> Vec<Node<'_>> {
    plugins.iter().map(Considered::node).collect()
}

impl Considered {
    /// As the resolver sees it.
    fn node(&self) -> Node<'_> {
        Node {
            path: &self.path,
            manifest: &self.manifest,
            standing: match self.reasons.first() {
                _ if !self.enabled => Standing::Disabled,
                Some(reason) => Standing::Rejected(&reason.message),
                None => Standing::Enabled,
            },
            priority: self.priority,
        }
    }
}

/// One file on its way to the resolver. A plugin that is not enabled is looked at no further.
fn consider(
    inventory: &mut Inventory,
    found: Found,
    manifest: Arc<Manifest>,
    quarantine: &Quarantine,
    facts: &HostFacts,
    mode: &Mode<'_>,
) -> Considered {
    let options: &Options = inventory.options();
    let settings = options.settings(manifest.id.as_str());
    let enforced = options.permissions;
    let isolation = options.isolation_of(manifest.id.as_str());
    let mut considered = Considered {
        path: found.path.clone(),
        hash: found.hash,
        enabled: options.enables(manifest.id.as_str()),
        priority: settings.priority.unwrap_or(manifest.priority),
        reasons: Vec::new(),
        alone: false,
        vetted: None,
        manifest,
    };
    if !considered.enabled {
        return considered;
    }
    if !found.reasons.is_empty() {
        considered.reasons = found.reasons;
        return considered;
    }
    let secured = match inventory.secure(&found, mode) {
        Ok(secured) => secured,
        Err(reasons) => {
            considered.reasons = reasons;
            return considered;
        }
    };
    // What counts from here on is what the secured bytes say.
    considered.manifest = secured.manifest;
    considered.hash = secured.hash.or(considered.hash);
    if considered.hash.is_none() && quarantine.names(&considered.manifest.id) {
        considered.hash = found.hash_now();
    }
    let record = considered.hash.and_then(|hash| quarantine.get(&hash));
    considered.alone = record.is_some_and(|record| !record.is_proven());
    match vet::vet(&considered.manifest, facts, &settings, isolation, record) {
        Err(faults) => considered.reasons = faults.into_iter().map(VetError::into).collect(),
        Ok(config) => {
            considered.vetted = secured.stored.zip(considered.hash).map(|(stored, hash)| {
                Arc::new(Vetted {
                    path: considered.path.clone(),
                    stored: stored.path,
                    source: stored.source,
                    hash,
                    config,
                    priority: considered.priority,
                    deadlines: vet::deadlines(&considered.manifest, &settings),
                    supervision: vet::supervision(&considered.manifest, &settings),
                    storage_limit: settings.storage_limit.unwrap_or(DEFAULT_STORAGE_LIMIT),
                    sessions: settings.sessions,
                    isolation,
                    granted: enforced.then(|| settings.granted.clone()),
                    layout_known: secured.layout_known,
                    manifest: Arc::clone(&considered.manifest),
                })
            });
        }
    }
    considered
}
