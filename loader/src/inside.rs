//! Who is inside which plugin's code, doing what, since when: for what may block.
//!
//! Steps, questions after health, new configurations and polls of tasks are entered here, each with
//! its time. A call is not: a clock and a list would cost as much again as the call itself. What is
//! known of calls is what the gate counts anyway, looked at now and then: see [`Insides::look_at`].

use crate::ffi::Slot;
use jackfield_manifest::PluginId;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Who polls tasks at the same time seldom waits for another's entry.
const SHARDS: usize = 8;

/// Something that has not returned from a plugin's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// Whose code.
    pub plugin: PluginId,
    /// What: `start`, `health`, ``task `save` ``, ``blocking task `request` ``, `2 calls`.
    pub what: String,
    /// Since when. For calls it is the moment when it was first seen that nobody has come or gone
    /// since.
    pub since: Instant,
}

/// What somebody is doing inside.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A step of its life.
    Step(&'static str),
    /// The question after its health.
    Health,
    /// Another configuration.
    Reconfigure,
    /// One poll of a task.
    Poll(Arc<str>),
    /// A blocking task, from beginning to end.
    Blocking(Arc<str>),
}

impl What {
    fn text(&self) -> String {
        match self {
            Self::Step(step) => (*step).to_owned(),
            Self::Health => "health".to_owned(),
            Self::Reconfigure => "reconfigure".to_owned(),
            Self::Poll(name) => format!("task `{name}`"),
            Self::Blocking(name) => format!("blocking task `{name}`"),
        }
    }

    /// Whether the gate counts it among the calls.
    fn is_counted(&self) -> bool {
        matches!(self, Self::Health | Self::Reconfigure)
    }
}

struct Doing {
    plugin: Arc<str>,
    what: What,
    since: Instant,
}

#[derive(Default)]
pub(crate) struct Insides {
    shards: [Mutex<BTreeMap<u64, Doing>>; SHARDS],
    last: AtomicU64,
    calls: Mutex<BTreeMap<PluginId, Calls>>,
    told: Mutex<BTreeMap<(PluginId, Instant), Duration>>,
}

/// What the gate of a plugin said when it was looked at.
struct Calls {
    entries: u64,
    inside: usize,
    since: Instant,
}

impl Insides {
    fn shard(&self, number: u64) -> MutexGuard<'_, BTreeMap<u64, Doing>> {
        let shard = usize::try_from(number).unwrap_or(0) % SHARDS;
        let shard = self.shards[shard].lock();
        shard.unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody goes inside, until the entry is dropped.
    pub(crate) fn enter(self: &Arc<Self>, plugin: &Arc<str>, what: What) -> Entry {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let doing = Doing {
            plugin: Arc::clone(plugin),
            what,
            since: Instant::now(),
        };
        self.shard(number).insert(number, doing);
        Entry {
            insides: Arc::clone(self),
            number,
        }
    }

    /// Looks at the gates of those that run. Where as many are inside as before, and nobody came or
    /// went meanwhile, they are the same. Where others come and go all the time, it cannot be told
    /// whether one of them stays.
    pub(crate) fn look_at<'s>(
        &self,
        now: Instant,
        running: impl Iterator<Item = (&'s PluginId, &'s Slot)>,
    ) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *calls);
        for (id, slot) in running {
            let (entries, inside) = (slot.calls(), slot.inside());
            let same = before.remove(id).filter(|before| {
                before.inside == inside && before.entries == entries && inside > 0
            });
            let since = same.map_or(now, |same| same.since);
            let seen = Calls {
                entries,
                inside,
                since,
            };
            calls.insert(id.clone(), seen);
        }
    }

    /// Everything that is known to be inside, the longest first.
    pub(crate) fn all(&self) -> Vec<Inside> {
        let mut all = Vec::new();
        let mut counted: BTreeMap<PluginId, usize> = BTreeMap::new();
        for number in 0..SHARDS as u64 {
            for doing in self.shard(number).values() {
                let Ok(plugin) = PluginId::new(&doing.plugin) else {
                    continue;
                };
                if doing.what.is_counted() {
                    *counted.entry(plugin.clone()).or_default() += 1;
                }
                all.push(Inside {
                    plugin,
                    what: doing.what.text(),
                    since: doing.since,
                });
            }
        }
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        for (plugin, seen) in &*calls {
            let others = counted.get(plugin).copied().unwrap_or_default();
            let what = match seen.inside.saturating_sub(others) {
                0 => continue,
                1 => "1 call".to_owned(),
                count => format!("{count} calls"),
            };
            all.push(Inside {
                plugin: plugin.clone(),
                what,
                since: seen.since,
            });
        }
        drop(calls);
        all.sort_by(|a, b| (a.since, &a.plugin, &a.what).cmp(&(b.since, &b.plugin, &b.what)));
        all
    }

    /// Logs what has been inside for that long: once, and again each time that it has lasted twice as
    /// long.
    pub(crate) fn tell(&self, now: Instant, threshold: Duration) {
        // Outside the lock: a logger is foreign code.
        for (inside, lasts) in self.overdue(now, threshold) {
            let Inside { plugin, what, .. } = inside;
            let level = if what.starts_with("blocking task") {
                // It may: that is what it is for.
                log::Level::Info
            } else {
                log::Level::Warn
            };
            log::log!(level, "{plugin}: {what}: inside for {} s", lasts.as_secs());
        }
    }

    fn overdue(&self, now: Instant, threshold: Duration) -> Vec<(Inside, Duration)> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *told);
        let mut overdue = Vec::new();
        for inside in self.all() {
            let lasts = now.saturating_duration_since(inside.since);
            if lasts < threshold {
                continue;
            }
            let key = (inside.plugin.clone(), inside.since);
            let next = before.remove(&key).unwrap_or(threshold);
            let next = if lasts >= next {
                overdue.push((inside, lasts));
                lasts * 2
            } else {
                next
            };
            told.insert(key, next);
        }
        overdue
    }
}

/// Somebody is inside for as long as it lives.
pub(crate) struct Entry {
    insides: Arc<Insides>,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.insides.shard(self.number).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_and_again_at_twice_the_time() {
        let insides = Arc::new(Insides::default());
        let entry = insides.enter(&"store".into(), What::Poll("save".into()));
        let since = insides.all()[0].since;
        let told = |seconds| {
            let now = since + Duration::from_secs(seconds);
            let told = insides.overdue(now, Duration::from_secs(10));
            told.into_iter()
                .map(|(inside, lasts)| (inside.what, lasts.as_secs()))
                .collect::<Vec<_>>()
        };
        let line = |seconds| vec![("task `save`".to_owned(), seconds)];
        assert_eq!(told(9), []);
        assert_eq!(told(10), line(10));
        assert_eq!(told(11), []);
        assert_eq!(told(19), []);
        assert_eq!(told(25), line(25));
        assert_eq!(told(49), []);
        assert_eq!(told(50), line(50));
        drop(entry);
        assert_eq!(told(1000), []);
        assert_eq!(insides.all(), []);
    }
}
