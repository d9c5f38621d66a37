//! The graph of plugins, drawn: a tree of text, Graphviz, Mermaid, SVG.

mod dot;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use dot::dot;
pub(crate) use mermaid::mermaid;
pub(crate) use svg::{SvgError, svg};
pub(crate) use text::text;

use jackfield_loader::{Code, HOST_SERVICES, Need, Node, Plan, Rejection, Standing};
use jackfield_manifest::Target;
use semver::Version;
use std::collections::BTreeMap;

/// Plugins and what leads from one to another. Edges go from the dependent to what it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Graph {
    /// In the order in which they are drawn where nothing else decides.
    pub(crate) nodes: Vec<GraphNode>,
    /// Their ends are places in `nodes`.
    pub(crate) edges: Vec<GraphEdge>,
}

/// A plugin, or something that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphNode {
    /// Its id.
    pub(crate) id: String,
    /// Its version; empty for what is missing.
    pub(crate) version: String,
    /// How it is drawn.
    pub(crate) state: NodeState,
    /// A word on the state, such as the code of a rejection; may be empty.
    pub(crate) note: String,
}

impl GraphNode {
    /// Id, version and note in one line.
    fn label(&self) -> String {
        let mut label = self.id.clone();
        for part in [&self.version, &self.note] {
            if !part.is_empty() {
                label.push(' ');
                label += part;
            }
        }
        label
    }
}

/// How a node is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeState {
    /// It starts.
    Starts,
    /// It starts, but does without something.
    Degraded,
    /// It stays out.
    LeftOut,
    /// There is no such plugin.
    Missing,
}

impl NodeState {
    /// As a word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Starts => "starts",
            Self::Degraded => "degraded",
            Self::LeftOut => "left-out",
            Self::Missing => "missing",
        }
    }
}

/// From a dependent to what it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GraphEdge {
    /// The dependent.
    pub(crate) from: usize,
    /// What it depends on.
    pub(crate) to: usize,
    /// How it is drawn.
    pub(crate) kind: EdgeKind,
}

/// How an edge is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EdgeKind {
    /// Required.
    Required,
    /// Optional.
    Optional,
    /// Order only.
    Order,
}

impl EdgeKind {
    /// As a word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Order => "order",
        }
    }
}

impl Graph {
    /// The graph of a plan: what starts, in start order, then what stays out, with what it lacks.
    /// Files that were passed over for another of the same id are not drawn, nor are disabled
    /// plugins that nobody requires.
    pub(crate) fn of_plan(plan: &Plan, nodes: &[Node<'_>]) -> Self {
        let mut graph = Self::default();
        for (at, step) in plan.start.iter().enumerate() {
            let degraded = plan
                .degraded
                .iter()
                .any(|degraded| degraded.node == step.node);
            let state = if degraded {
                NodeState::Degraded
            } else {
                NodeState::Starts
            };
            graph.add(nodes[step.node], state, String::new());
            for wait in plan.waits(at) {
                let kind = match wait.need {
                    Need::Required { .. } => EdgeKind::Required,
                    Need::Optional { .. } => EdgeKind::Optional,
                    Need::Order => EdgeKind::Order,
                };
                graph.connect(at, wait.step as usize, kind);
            }
        }
        graph.add_left_out(plan, nodes);
        graph
    }

    fn add(&mut self, node: Node<'_>, state: NodeState, note: String) {
        self.nodes.push(GraphNode {
            id: node.manifest.id.to_string(),
            version: node.manifest.version.to_string(),
            state,
            note,
        });
    }

    /// Adds an edge unless a stronger one is there.
    fn connect(&mut self, from: usize, to: usize, kind: EdgeKind) {
        let own = self
            .edges
            .iter_mut()
            .rev()
            .take_while(|edge| edge.from == from);
        match own.into_iter().find(|edge| edge.to == to) {
            Some(edge) => edge.kind = edge.kind.min(kind),
            None => self.edges.push(GraphEdge { from, to, kind }),
        }
    }

    fn add_left_out(&mut self, plan: &Plan, nodes: &[Node<'_>]) {
        let starting = self.nodes.len();
        let code = |rejection: &Rejection| rejection.reasons[0].code;
        let drawn = |rejection: &&Rejection| {
            !matches!(
                code(rejection),
                Code::Disabled | Code::Superseded | Code::DuplicateId
            )
        };
        let left_out = plan.rejected.iter().filter(drawn).collect::<Vec<_>>();
        for rejection in &left_out {
            let note = format!("({})", code(rejection));
            self.add(nodes[rejection.node], NodeState::LeftOut, note);
        }
        // What an earlier step rejected stands in the plan only through those that require it.
        let before = nodes
            .iter()
            .filter(|node| matches!(node.standing, Standing::Rejected(_)));
        for node in before {
            if !self
                .nodes
                .iter()
                .any(|other| other.id == node.manifest.id.as_str())
            {
                self.add(*node, NodeState::LeftOut, "(rejected)".to_owned());
            }
        }
        let by_id = |graph: &Self| {
            let nodes = graph.nodes.iter().enumerate();
            nodes
                .map(|(at, node)| (node.id.clone(), at))
                .collect::<BTreeMap<_, _>>()
        };
        let mut known = by_id(self);
        let off = plan
            .rejected
            .iter()
            .filter(|rejection| code(rejection) == Code::Disabled);
        let off = off
            .map(|rejection| rejection.id.as_str())
            .collect::<Vec<_>>();
        for (at, rejection) in left_out.iter().enumerate() {
            for requirement in &nodes[rejection.node].manifest.requires {
                let kind = if requirement.optional {
                    EdgeKind::Optional
                } else {
                    EdgeKind::Required
                };
                if let Some(version) = of_host(&requirement.target) {
                    if !requirement.range.matches(version) && !requirement.optional {
                        let to = self.other_version(&requirement.target, version);
                        self.connect(starting + at, to, kind);
                    }
                    continue;
                }
                for id in self.ends(plan, nodes, &requirement.target) {
                    if requirement.optional && !known.contains_key(&id) {
                        continue;
                    }
                    let fresh = self.nodes.len();
                    let to = *known.entry(id.clone()).or_insert(fresh);
                    if to == fresh {
                        self.nodes.push(missing(id, &off));
                    }
                    self.connect(starting + at, to, kind);
                }
            }
        }
    }

    /// A service of the host's own that somebody requires in another version.
    fn other_version(&mut self, target: &Target, version: &Version) -> usize {
        let id = match target {
            Target::Plugin(id) => id.to_string(),
            Target::Service(id) => format!("service {id}"),
        };
        let known = self.nodes.iter().position(|node| node.id == id);
        known.unwrap_or_else(|| {
            self.nodes.push(GraphNode {
                id,
                version: version.to_string(),
                state: NodeState::Missing,
                note: "(of this host)".to_owned(),
            });
            self.nodes.len() - 1
        })
    }

    /// The ids that a requirement leads to: of a service, those of its providers, or its own.
    fn ends(&self, plan: &Plan, nodes: &[Node<'_>], target: &Target) -> Vec<String> {
        match target {
            Target::Plugin(id) => vec![id.to_string()],
            Target::Service(id) => {
                let started = plan.start.iter().map(|step| step.node);
                let left_out = plan.rejected.iter().map(|rejection| rejection.node);
                let provides = |node: &usize| {
                    let provides = &nodes[*node].manifest.provides;
                    provides.iter().any(|provision| provision.service == *id)
                };
                let providers = started.chain(left_out).filter(provides);
                let mut ids = providers
                    .map(|node| nodes[node].manifest.id.to_string())
                    .collect::<Vec<_>>();
                ids.sort();
                ids.dedup();
                if ids.is_empty() {
                    ids.push(format!("service {id}"));
                }
                ids
            }
        }
    }
}

/// The version of a service that the host itself has: whoever requires it waits for nobody.
fn of_host(target: &Target) -> Option<&'static Version> {
    let Target::Service(id) = target else {
        return None;
    };
    let own = HOST_SERVICES.iter().find(|(own, _)| *own == id.as_str());
    own.map(|(_, version)| version)
}

fn missing(id: String, disabled: &[&str]) -> GraphNode {
    let is_disabled = disabled.contains(&id.as_str());
    let (state, note) = if is_disabled {
        (NodeState::LeftOut, "(disabled)")
    } else {
        (NodeState::Missing, "(missing)")
    };
    GraphNode {
        id,
        version: String::new(),
        state,
        note: note.to_owned(),
    }
}
