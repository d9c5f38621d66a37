//! What the manifest lets the plugin do, where a test has that enforced.

use crate::stage::Stage;
use jackfield_abi::Failure;
use jackfield_loader::{Act, BusError, Denied, testkit::bus_failure};
use jackfield_manifest::TopicPattern;

/// Whether it may do that with a topic, or subscribe to that pattern.
pub(crate) fn permit(stage: &Stage, act: Act, what: &str) -> Result<(), Failure> {
    if !stage.permissions {
        return Ok(());
    }
    let permissions = &stage.manifest.permissions;
    let asked = match act {
        Act::Publish => &permissions.publish,
        Act::Subscribe => &permissions.subscribe,
    };
    // A topic is a pattern too, which hears itself alone.
    let wanted = TopicPattern::new(what).map_err(|error| bus_failure(&error.into()))?;
    if asked.iter().any(|pattern| pattern.covers(&wanted)) {
        return Ok(());
    }
    let denied = Denied {
        plugin: stage.manifest.id.clone(),
        act,
        what: what.to_owned(),
        asked: asked.clone(),
        // All that it asks for.
        granted: asked.clone(),
    };
    Err(bus_failure(&BusError::Denied(Box::new(denied))))
}
