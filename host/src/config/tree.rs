use super::Origin;
use std::{collections::BTreeMap, fmt};

/// Configuration as it was written: tables by name, and what stands in them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    /// Where the table was begun.
    pub(crate) origin: Origin,
    /// Its entries, by key.
    pub(crate) entries: BTreeMap<String, Value>,
}

/// One entry of a [`Tree`].
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    /// A table.
    Table(Tree),
    /// Anything else; tables inside an array are part of it.
    Leaf {
        /// The value: never a JSON object at this level.
        value: serde_json::Value,
        /// Where it stands.
        origin: Origin,
    },
}

impl Tree {
    /// An empty one.
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            entries: BTreeMap::new(),
        }
    }

    /// Puts a later layer over this one: tables are united, everything else is replaced.
    pub(crate) fn merge(&mut self, later: Self) {
        if self.origin == Origin::Default {
            self.origin = later.origin;
        }
        for (key, value) in later.entries {
            match (self.entries.get_mut(&key), value) {
                (Some(Value::Table(table)), Value::Table(later)) => table.merge(later),
                (_, value) => {
                    self.entries.insert(key, value);
                }
            }
        }
    }

    /// Enters a value below tables that are made where they are not there. Where one of them is
    /// there and no table, the value takes its place.
    pub(crate) fn insert(&mut self, path: &[&str], value: serde_json::Value, origin: &Origin) {
        let Some((key, tables)) = path.split_last() else {
            return;
        };
        let mut table = self;
        for key in tables {
            let entry = table.entries.entry((*key).to_owned());
            let new = || Value::Table(Self::new(origin.clone()));
            let entry = entry.or_insert_with(new);
            if let Value::Leaf { .. } = entry {
                *entry = new();
            }
            let Value::Table(next) = entry else {
                unreachable!("made one")
            };
            table = next;
        }
        let origin = origin.clone();
        table
            .entries
            .insert((*key).to_owned(), Value::Leaf { value, origin });
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => table.fmt(f),
            // The value may be a secret.
            Self::Leaf { origin, .. } => origin.fmt(f),
        }
    }
}

impl Value {
    /// Where it stands.
    pub(crate) fn origin(&self) -> &Origin {
        match self {
            Self::Table(table) => &table.origin,
            Self::Leaf { origin, .. } => origin,
        }
    }

    /// The same without origins.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Table(table) => serde_json::Value::Object(table.to_json()),
            Self::Leaf { value, .. } => value.clone(),
        }
    }
}

impl Tree {
    /// The same without origins.
    pub(crate) fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let entries = self.entries.iter();
        entries
            .map(|(key, value)| (key.clone(), value.to_json()))
            .collect()
    }
}
