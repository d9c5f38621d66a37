use super::{
    event::Origin,
    route::{Route, Target},
};
use jackfield_manifest::{Reach, TopicPattern};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Every subscription, by the stem of its pattern: who looks for a topic looks at no subscription
/// that does not match it.
#[derive(Default)]
pub(super) struct Table {
    exact: Stems,
    one: Stems,
    any: Stems,
}

type Stems = FxHashMap<Box<str>, Vec<(Target, bool)>>;

impl Table {
    fn stems(&mut self, reach: Reach) -> &mut Stems {
        match reach {
            Reach::Exact => &mut self.exact,
            Reach::One => &mut self.one,
            Reach::Any => &mut self.any,
        }
    }

    pub(super) fn insert(&mut self, pattern: &TopicPattern, target: Target, quick: bool) {
        let stems = self.stems(pattern.reach());
        stems
            .entry(pattern.stem().into())
            .or_default()
            .push((target, quick));
    }

    pub(super) fn remove(&mut self, pattern: &TopicPattern, id: u64) {
        let stems = self.stems(pattern.reach());
        if let Some(targets) = stems.get_mut(pattern.stem()) {
            targets.retain(|(target, _)| target.id != id);
            if targets.is_empty() {
                stems.remove(pattern.stem());
            }
        }
    }

    /// Whether somebody hears a topic.
    pub(super) fn is_heard(&self, topic: &str) -> bool {
        let parent = topic.rsplit_once('.').map(|(parent, _)| parent);
        self.exact.contains_key(topic)
            || parent.is_some_and(|stem| self.one.contains_key(stem))
            || stems(topic).any(|stem| self.any.contains_key(stem))
    }

    /// Who hears a topic: of several subscriptions of one inbox, the one that was made first.
    pub(super) fn route(&self, origin: Origin) -> Route {
        let topic: &str = &origin.topic;
        let parent = topic.rsplit_once('.').map(|(parent, _)| parent);
        let mut found: Vec<&(Target, bool)> = Vec::new();
        found.extend(self.exact.get(topic).into_iter().flatten());
        found.extend(
            parent
                .and_then(|stem| self.one.get(stem))
                .into_iter()
                .flatten(),
        );
        for stem in stems(topic) {
            found.extend(self.any.get(stem).into_iter().flatten());
        }
        found.sort_by_key(|(target, _)| (Arc::as_ptr(&target.inbox), target.id));
        found.dedup_by_key(|(target, _)| Arc::as_ptr(&target.inbox));
        found.sort_by_key(|(target, _)| target.id);
        // The host calls nobody: one that never returned would hold whatever thread has something to
        // tell, up to the one that stops the plugins.
        let is_called = |(_, quick): &&(Target, bool)| *quick && !origin.is_of_host();
        let (quick, queued): (Vec<_>, Vec<_>) = found.into_iter().partition(is_called);
        Route {
            origin: Arc::new(origin),
            queued: targets(queued),
            quick: targets(quick),
        }
    }
}

fn targets(found: Vec<&(Target, bool)>) -> Box<[Target]> {
    let targets = found.into_iter().map(|(target, _)| target.clone());
    targets.collect()
}

/// Every stem that a topic lies at or below, the longest first: `a.b`, `a` and the empty one.
fn stems(topic: &str) -> impl Iterator<Item = &str> {
    let dots = topic.rmatch_indices('.').map(|(at, _)| &topic[..at]);
    std::iter::once(topic)
        .chain(dots)
        .chain(std::iter::once(""))
}
