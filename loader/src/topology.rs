//! Which plugins there are, told to plugins: all of it when one asks, and each change as an event.

use crate::{
    bus::Manner,
    context::Shared,
    registry::{Told, Transition},
};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Weak};

/// The topic of changes.
const CHANGED: &str = "topology.changed";

/// Has every change published from now on.
pub(crate) fn tell(shared: &Arc<Shared>) {
    // What happens while all of it goes away is nobody's news.
    let (heard, told): (Weak<Shared>, Weak<Shared>) =
        (Arc::downgrade(shared), Arc::downgrade(shared));
    shared.registry.tell(Told {
        is_heard: Box::new(move || {
            let shared = heard.upgrade();
            shared.is_some_and(|shared| shared.bus.is_heard(CHANGED))
        }),
        tell: Box::new(move |transition| {
            if let Some(shared) = told.upgrade() {
                publish(&shared, transition);
            }
        }),
    });
}

fn publish(shared: &Shared, transition: &Transition) {
    let event = json!({
        "edge": shared.facts.edge,
        "plugin": transition.id,
        "version": transition.version,
        "was": transition.from,
        "state": transition.to,
        "sequence": transition.sequence,
    });
    if let Err(error) =
        shared
            .bus
            .publish_host(CHANGED, event.to_string().as_bytes(), Manner::Passing)
    {
        log::debug!("{CHANGED} of {}: {error}", transition.id);
    }
}

/// Edges and their plugins, as [`Topology::snapshot`](jackfield_abi::Topology::snapshot) has them.
pub(crate) fn snapshot(shared: &Shared) -> Value {
    let plugins = shared.registry.snapshot().into_iter().map(|status| {
        let plugin = json!({
            "version": status.version,
            "state": status.state,
            "kind": status.manifest.kind,
            "provides": status.manifest.provides.iter().map(|provision| json!({
                "service": provision.service,
                "version": provision.version,
            })).collect::<Vec<_>>(),
        });
        (status.id.to_string(), plugin)
    });
    let plugins: Map<String, Value> = plugins.collect();
    json!({ "edges": { (&*shared.facts.edge): { "plugins": plugins } } })
}
