//! All records, what is due when, and which questions are open: no thread, no call of a plugin.

mod questions;
mod restarts;

use super::{
    Recovery, Timing,
    health::Told,
    record::{Known, Record, Remains},
};
use crate::{Vetted, ffi::Slot, instance::Instance};
use jackfield_manifest::PluginId;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

/// How many questions after health are open at the same time, as long as each is answered promptly.
const WIDTH: usize = 2;
/// From when on a question is not counted as one of these any more.
const PROMPT: Duration = Duration::from_millis(20);
/// So much too early a plugin may be asked, together with others: each waking costs more than a
/// question.
const EARLY: Duration = Duration::from_millis(25);
/// The most questions that are open at all. Each plugin has at most one; where so many plugins hang,
/// the others wait until one of them comes back.
const MOST_OPEN: usize = 256;

/// What is to be done now. `Ord` is needed to keep it in order of time only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// That plugin, with which transition it came to run, is to be asked for its health.
    Ask(PluginId, u64),
    /// That question is not answered in time.
    Overdue(u64),
    /// That question is not answered promptly.
    Slow(u64),
    /// That plugin is to be started again.
    Restart(PluginId),
    /// The files of those that do not run are to be looked at.
    Look,
    /// It is to be looked who is inside what.
    Watch,
    /// What was put back is to be done.
    Again,
}

/// What the thread of the supervisor has others do.
#[derive(Clone)]
pub(super) enum Action {
    /// Asks a plugin for its health.
    Ask(Ask),
    /// Writes down what came of a question.
    Tell(PluginId, Box<Told>),
    /// Counts one more thread that is left to itself, inside that plugin.
    Abandon,
    /// Takes a plugin down that has failed while it ran.
    Fail(Failure),
    /// Starts these again, as far as what they require runs or is among them.
    Revive(BTreeSet<PluginId>),
    /// Shows what becomes of it.
    Show(PluginId, Recovery),
    /// Looks whether these files are as they were.
    Look(Vec<(PluginId, Known)>),
    Watch,
}

/// A question after health.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) number: u64,
    pub(super) name: Arc<str>,
    pub(super) slot: Arc<Slot>,
}

/// A plugin that has failed while it ran.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) id: PluginId,
    pub(super) sequence: u64,
    pub(super) cause: String,
}

struct Open {
    id: PluginId,
    sequence: u64,
    since: Instant,
    /// When it is looked at again, while others wait for it.
    slow_at: Option<Instant>,
    overdue_at: Instant,
    is_slow: bool,
    is_overdue: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) records: BTreeMap<PluginId, Record>,
    due: BTreeSet<(Instant, Due)>,
    open: BTreeMap<u64, Open>,
    /// Questions that wait for one that is open.
    waiting: VecDeque<(PluginId, u64)>,
    last_question: u64,
    /// Plugins of which something is to be done as soon as the thread comes to it.
    actions: Vec<Action>,
    /// What no thread could be made for.
    put_back: Vec<Action>,
    /// Somebody is just looking at files: to read one may take longer than until the next look.
    pub(super) is_looking: bool,
    pub(super) is_closed: bool,
}

impl State {
    pub(super) fn new(timing: &Timing, now: Instant) -> Self {
        let mut state = Self::default();
        state.due.insert((now + timing.look_at_files, Due::Look));
        state.due.insert((now + timing.watch, Due::Watch));
        state
    }

    pub(super) fn record(&mut self, id: &PluginId) -> &mut Record {
        if !self.records.contains_key(id) {
            self.records.insert(id.clone(), Record::default());
        }
        self.records.get_mut(id).expect("it was just put there")
    }

    /// It is on its way up; how often it was started again so far.
    pub(super) fn begins(&mut self, vetted: &Vetted, now: Instant, timing: &Timing) -> u64 {
        let id = &vetted.manifest.id;
        self.cancel(id);
        let record = self.record(id);
        record.supervision = vetted.supervision;
        record.file = Some(Known::of(vetted));
        record.history.begins(now, vetted.hash, timing);
        record.restarts
    }

    /// It runs. The first question comes within its interval, and those of several plugins are
    /// spread over it: by the golden ratio, which keeps any number of them apart (Weyl's sequence).
    pub(super) fn runs(&mut self, id: &PluginId, sequence: u64, instance: &Instance, now: Instant) {
        self.cancel(id);
        let spread = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let record = self.record(id);
        let interval = record.supervision.health_interval;
        let offset = interval.mul_f64(share(spread));
        let next = now + offset;
        record.runs(sequence, &instance.slot, &instance.room.tasks, next);
        record.history.is_well(now);
        self.due.insert((next, Due::Ask(id.clone(), sequence)));
        self.revive_those_that_wait(now);
        if let Some(cause) = instance.room.poison() {
            self.poisoned(id, sequence, cause);
        }
    }

    /// It is being stopped, for whatever reason.
    pub(super) fn leaves(&mut self, id: &PluginId) {
        let Some(record) = self.records.get_mut(id) else {
            return;
        };
        if let Some(up) = record.up.take() {
            record.leaves(Remains {
                slot: up.slot,
                tasks: up.tasks,
            });
            self.due
                .remove(&(up.next, Due::Ask(id.clone(), up.sequence)));
            self.waiting.retain(|(other, _)| other != id);
        }
    }

    /// Code of it panicked, and that is not borne.
    pub(super) fn poisoned(&mut self, id: &PluginId, sequence: u64, cause: String) {
        let is_it = |record: &&mut Record| {
            let up = record.up.as_ref();
            up.is_some_and(|up| up.sequence == sequence) && record.failing != Some(sequence)
        };
        if let Some(record) = self.records.get_mut(id).filter(is_it) {
            record.failing = Some(sequence);
            self.actions.push(Action::Fail(Failure {
                id: id.clone(),
                sequence,
                cause,
            }));
        }
    }

    /// Everything that is to be done now.
    pub(super) fn take_due(&mut self, now: Instant, timing: &Timing) -> Vec<Action> {
        while let Some((at, due)) = self.due.first() {
            let early = match due {
                Due::Ask(..) => EARLY,
                _ => Duration::ZERO,
            };
            if *at > now + early {
                break;
            }
            let (_, due) = self.due.pop_first().expect("it was just looked at");
            self.take(due, now, timing);
        }
        while let Some(ask) = self.next_question(now) {
            self.actions.push(Action::Ask(ask));
        }
        std::mem::take(&mut self.actions)
    }

    /// No thread could be made for it. A plugin is asked, and files are looked at, when it is time
    /// again; the rest is done then.
    pub(super) fn put_back(&mut self, action: Action, then: Instant) {
        match action {
            Action::Ask(ask) => drop(self.close(ask.number)),
            Action::Look(_) => self.is_looking = false,
            other => {
                self.put_back.push(other);
                self.due.insert((then, Due::Again));
            }
        }
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    fn take(&mut self, due: Due, now: Instant, timing: &Timing) {
        match due {
            Due::Ask(id, sequence) => self.is_to_be_asked(id, sequence, now, timing),
            Due::Overdue(number) => self.is_overdue(number, now, timing),
            Due::Slow(number) => {
                if let Some(open) = self.open.get_mut(&number) {
                    open.is_slow = true;
                }
            }
            Due::Restart(id) => self.is_to_start(id, now, timing),
            Due::Look => {
                self.due.insert((now + timing.look_at_files, Due::Look));
                let down = |(id, record): (&PluginId, &Record)| {
                    let file = record.file.as_ref().filter(|_| record.down.is_some());
                    Some((id.clone(), file?.clone()))
                };
                let files: Vec<_> = self.records.iter().filter_map(down).collect();
                if !files.is_empty() && !self.is_looking {
                    self.is_looking = true;
                    self.actions.push(Action::Look(files));
                }
            }
            Due::Watch => {
                self.due.insert((now + timing.watch, Due::Watch));
                self.actions.push(Action::Watch);
            }
            Due::Again => self.actions.append(&mut self.put_back),
        }
    }
}

/// A number of 32 bits as a share of them all.
fn share(number: u64) -> f64 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    f64::from(number) / f64::from(u32::MAX)
}
