//! Flags become a tree.

use super::{Origin, Tree};
use crate::args::Common;
use serde_json::Value;
use std::path::Path;

fn text(path: &Path) -> Value {
    Value::from(path.to_string_lossy())
}

pub(super) fn read(common: &Common) -> Tree {
    let mut tree = Tree::new(Origin::Default);
    if !common.plugins.is_empty() {
        let paths = common.plugins.iter().map(|path| text(path)).collect();
        tree.insert(&["host", "plugins"], paths, &Origin::Flag("--plugins"));
    }
    if let Some(state) = &common.state {
        tree.insert(&["host", "state"], text(state), &Origin::Flag("--state"));
    }
    if !common.listen.is_empty() {
        let places = common.listen.iter().map(|place| Value::from(&**place));
        let origin = Origin::Flag("--listen");
        tree.insert(&["http", "listen"], places.collect(), &origin);
    }
    tree
}
