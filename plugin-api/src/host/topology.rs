use super::Topology;
use crate::{Event, Result, Service};
use serde::Deserialize;
use std::collections::BTreeMap;

impl Service for Topology {
    const ID: &'static str = "topology";
    const VERSION: &'static str = "1.0.0";
}

/// One host with its plugins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// By id: all that the host knows of, also those that do not run.
    pub plugins: BTreeMap<String, Neighbour>,
}

/// A plugin of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Neighbour {
    /// Its version.
    pub version: String,
    /// Where it stands, in a word, such as `running`.
    pub state: String,
    /// Its kind, in a word, such as `business`.
    pub kind: String,
    /// What its manifest says that it provides.
    pub provides: Vec<Provided>,
}

/// A service that a plugin provides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Provided {
    /// Its id.
    pub service: String,
    /// In which version.
    pub version: String,
}

/// One plugin has come to run, begun to stop, stopped, failed or been left out: what the event
/// [`Topology::CHANGED`] says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// On which edge.
    pub edge: String,
    /// Which plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Where it stood before, in a word.
    pub was: String,
    /// Where it stands now, in a word.
    pub state: String,
    /// Grows with each change of the edge, those that are not told included: changes of different
    /// plugins may be told in another order.
    pub sequence: u64,
}

#[derive(Deserialize)]
struct Snapshot {
    edges: BTreeMap<String, Edge>,
}

impl Topology {
    /// The topic of changes. Its events are the host's own: their publisher is empty.
    pub const CHANGED: &'static str = "topology.changed";

    /// The name of the edge that this plugin runs on.
    pub fn edge(&self) -> String {
        self.0.edge().into()
    }

    /// All edges that are known now, by name.
    ///
    /// # Errors
    ///
    /// When the host tells of them in another way.
    pub fn edges(&self) -> Result<BTreeMap<String, Edge>> {
        let snapshot: Snapshot = serde_json::from_str(&self.0.snapshot())?;
        Ok(snapshot.edges)
    }
}

impl Change {
    /// What an event says, when it is one of [`Topology::CHANGED`] from the host itself.
    ///
    /// # Errors
    ///
    /// When the host tells of changes in another way.
    pub fn of(event: &Event<'_>) -> Result<Option<Self>> {
        if event.topic() != Topology::CHANGED || !event.publisher().is_empty() {
            return Ok(None);
        }
        event.json().map(Some)
    }
}
