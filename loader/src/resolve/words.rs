//! What is said of a requirement that is not met.

use super::{
    Standing,
    choose::{Chosen, Fate},
    index::Index,
    link::{Edge, Finding, Lack},
    nearest::Suggestions,
};
use crate::{Code, services::own_version};
use jackfield_manifest::{Range, Requirement, Target};
use semver::Version;

/// How many names a message gives before it counts the rest.
const NAMED: usize = 3;

/// A fault in words.
pub(super) struct Said {
    pub(super) code: Code,
    /// Begins after "requires": `store ^2, and store 1.4.0 is installed`.
    pub(super) message: String,
    /// The fact behind it, as others will cite it.
    pub(super) root: String,
}

/// Puts findings into words.
pub(super) struct Words<'a> {
    pub(super) index: &'a Index<'a>,
    pub(super) chosen: &'a Chosen,
    suggestions: [Suggestions<'a>; 2],
    known: Option<[Vec<&'a str>; 2]>,
}

impl<'a> Words<'a> {
    pub(super) fn new(index: &'a Index<'a>, chosen: &'a Chosen) -> Self {
        Self {
            index,
            chosen,
            suggestions: Default::default(),
            known: None,
        }
    }

    pub(super) fn requirement(&self, rank: u32, requirement: u32) -> &'a Requirement {
        &self.index.manifest(rank).requires[requirement as usize]
    }

    /// What a finding says.
    pub(super) fn lack(&mut self, finding: &Finding) -> Said {
        let requirement = self.requirement(finding.rank, finding.requirement);
        match finding.lack {
            Lack::Missing => self.missing(requirement),
            Lack::Disabled => self.disabled(requirement),
            Lack::Barred(rank) => self.barred(requirement, rank),
            Lack::Host(version) => host_version(requirement, version),
            Lack::Mismatch => match &requirement.target {
                Target::Plugin(id) => self.other_version(id.as_str(), &requirement.range),
                Target::Service(id) => self.other_service(id.as_str(), &requirement.range),
            },
        }
    }

    fn missing(&mut self, requirement: &'a Requirement) -> Said {
        let wanted = wanted(requirement);
        let hint = self.hint(&requirement.target);
        let (message, root) = match &requirement.target {
            Target::Plugin(id) => (
                format!("{wanted}, which is not installed{hint}"),
                format!("{id} is not installed"),
            ),
            Target::Service(id) => (
                format!("{wanted}, which nothing provides{hint}"),
                format!("nothing provides service {id}"),
            ),
        };
        Said {
            code: Code::MissingDependency,
            message,
            root,
        }
    }

    fn hint(&mut self, target: &'a Target) -> String {
        let index = self.index;
        let (kind, name) = match target {
            Target::Plugin(id)
                if index.service(id.as_str()).is_some() || own_version(id.as_str()).is_some() =>
            {
                return format!(" ({id} is a service: require it as one)");
            }
            Target::Service(id) if index.name(id.as_str()).is_some() => {
                return format!(" ({id} is a plugin: require it as one)");
            }
            Target::Plugin(id) => (0, id.as_str()),
            Target::Service(id) => (1, id.as_str()),
        };
        let known = self
            .known
            .get_or_insert_with(|| [index.all_ids().collect(), index.all_services()]);
        match self.suggestions[kind].of(name, &known[kind]) {
            Some(near) => format!(" (did you mean {near}?)"),
            None => String::new(),
        }
    }

    fn disabled(&self, requirement: &Requirement) -> Said {
        let (message, root) = match &requirement.target {
            Target::Plugin(id) => (
                format!("{id}, which is disabled"),
                format!("{id} is disabled"),
            ),
            Target::Service(id) => {
                let off = self.providers(id.as_str(), |fate| fate == Fate::Disabled);
                let names = list(off.iter().map(|&(rank, _)| self.index.id(rank).to_owned()));
                let (its, are) = plural(off.len());
                (
                    format!(
                        "{}, and its {its} {names} {are} disabled",
                        wanted(requirement)
                    ),
                    format!("{names} {are} disabled"),
                )
            }
        };
        Said {
            code: Code::MissingDependency,
            message,
            root,
        }
    }

    fn barred(&self, requirement: &Requirement, rank: u32) -> Said {
        let id = self.index.id(rank);
        let why = match self.index.node(rank).standing {
            Standing::Rejected(why) => why,
            Standing::Enabled | Standing::Disabled => "not loadable",
        };
        let root = format!("{id}: {why}");
        let message = match &requirement.target {
            Target::Plugin(_) => format!("{id}, which was rejected (root cause: {root})"),
            Target::Service(service) => format!(
                "service {service}, and its provider {id} was rejected (root cause: {root})"
            ),
        };
        Said {
            code: Code::DependencyFailed,
            message,
            root,
        }
    }

    fn other_version(&self, id: &str, range: &Range) -> Said {
        let index = self.index;
        let name = index.name(id).expect("a mismatch has something installed");
        let shown = self.chosen.of_name[name as usize].unwrap_or(index.files(name).end - 1);
        let version = index.version(shown);
        let would_do = index
            .highest_files(name)
            .find(|&rank| rank != shown && range.matches(index.version(rank)));
        let aside = would_do.map_or_else(String::new, |rank| {
            let what = match self.chosen.fate[rank as usize] {
                Fate::Disabled => "is disabled",
                Fate::Barred => "was rejected",
                Fate::Superseded(_) | Fate::Duplicate(_) | Fate::Chosen => "was superseded by it",
            };
            format!(" ({} {what})", index.manifest(rank).version)
        });
        Said {
            code: Code::VersionMismatch,
            message: format!("{id} {range}, and {id} {version} is installed{aside}"),
            root: format!("{id} {version} does not satisfy {range}"),
        }
    }

    fn other_service(&self, id: &str, range: &Range) -> Said {
        let mut there = self.providers(id, |fate| fate == Fate::Chosen);
        if there.is_empty() {
            there = self.providers(id, |_| true);
        }
        let index = self.index;
        let offers = list(there.iter().map(|&(rank, at)| {
            let version = index.services[self.service(id)][at].version;
            format!("{} provides {version}", index.id(rank))
        }));
        let root = match there[..] {
            [(rank, at)] => {
                let version = index.services[self.service(id)][at].version;
                format!(
                    "service {id} {version} of {} does not satisfy {range}",
                    index.id(rank)
                )
            }
            _ => format!("no provider of service {id} satisfies {range}"),
        };
        Said {
            code: Code::VersionMismatch,
            message: format!("service {id} {range}, and {offers}"),
            root,
        }
    }

    fn service(&self, id: &str) -> usize {
        self.index.service(id).expect("somebody provides it") as usize
    }

    /// The providers of a service with a fate, and their places among all its providers.
    fn providers(&self, id: &str, wanted: impl Fn(Fate) -> bool) -> Vec<(u32, usize)> {
        self.index.services[self.service(id)]
            .iter()
            .enumerate()
            .filter(|(_, provider)| wanted(self.chosen.fate[provider.rank as usize]))
            .map(|(at, provider)| (provider.rank, at))
            .collect()
    }

    /// What is said where everything that a requirement leads to stays out.
    pub(super) fn failed(
        &self,
        requirement: &Requirement,
        providers: &[Edge],
        in_cycle: bool,
        root: &str,
    ) -> String {
        let names = list(
            providers
                .iter()
                .map(|edge| self.index.id(edge.to).to_owned()),
        );
        let how = match (&requirement.target, providers) {
            (Target::Plugin(id), _) if in_cycle => format!("{id}, which is a member of a cycle"),
            (Target::Plugin(id), _) => format!("{id}, which was not started"),
            (Target::Service(id), [_]) => {
                format!("service {id}, and its provider {names} was not started")
            }
            (Target::Service(id), _) => {
                format!("service {id}, and of its providers {names} none was started")
            }
        };
        format!("{how} (root cause: {root})")
    }
}

/// What is said where the host has a service in another version.
fn host_version(requirement: &Requirement, version: &Version) -> Said {
    let id = match &requirement.target {
        Target::Service(id) => id.as_str(),
        Target::Plugin(id) => id.as_str(),
    };
    let (wanted, range) = (wanted(requirement), &requirement.range);
    Said {
        code: Code::VersionMismatch,
        message: format!("{wanted}, and this host provides {id} {version}"),
        root: format!("this host's {id} {version} does not satisfy {range}"),
    }
}

/// `store ^2`, `service clock`.
pub(super) fn wanted(requirement: &Requirement) -> String {
    let range = if requirement.range == Range::ANY {
        String::new()
    } else {
        format!(" {}", requirement.range)
    };
    match &requirement.target {
        Target::Plugin(id) => format!("{id}{range}"),
        Target::Service(id) => format!("service {id}{range}"),
    }
}

fn plural(count: usize) -> (&'static str, &'static str) {
    if count == 1 {
        ("provider", "is")
    } else {
        ("providers", "are")
    }
}

/// `a, b and c`, `a, b, c and 4 more`.
fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let count = names.len();
    let mut shown = names.take(NAMED).collect::<Vec<_>>();
    if count > NAMED {
        shown.push(format!("{} more", count - NAMED));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}
