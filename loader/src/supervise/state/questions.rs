//! Questions after the health of plugins: when each is due, and what comes of it.

use super::{Action, Ask, Due, EARLY, MOST_OPEN, Open, PROMPT, State, WIDTH};
use crate::{
    request::Health,
    supervise::{Timing, health::Told},
};
use jackfield_manifest::PluginId;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl State {
    pub(super) fn is_to_be_asked(
        &mut self,
        id: PluginId,
        sequence: u64,
        now: Instant,
        timing: &Timing,
    ) {
        let Some(record) = self.records.get_mut(&id) else {
            return;
        };
        let interval = record.supervision.health_interval;
        let Some(up) = record.up.as_mut().filter(|up| up.sequence == sequence) else {
            return;
        };
        // What was slept through is not made up for, and none is asked twice at one waking: an
        // interval may be of any length, even none.
        let soonest = now + EARLY + Duration::from_nanos(1);
        up.next = (up.next + interval).max(soonest);
        self.due.insert((up.next, Due::Ask(id.clone(), sequence)));
        match up.asked {
            None => {
                up.asked = Some(0);
                self.waiting.push_back((id, sequence));
            }
            // It waits for its turn.
            Some(0) => {}
            Some(number) => {
                let open = self.open.get(&number);
                if let Some(open) = open.filter(|open| open.is_overdue) {
                    let took = now.duration_since(open.since);
                    let why = format!("has not answered for {} ms", took.as_millis());
                    self.note(&id, sequence, Err(why), took, timing);
                }
            }
        }
    }

    pub(super) fn is_overdue(&mut self, number: u64, now: Instant, timing: &Timing) {
        let Some(open) = self.open.get_mut(&number) else {
            return;
        };
        (open.is_overdue, open.is_slow) = (true, true);
        let (id, sequence, took) = (
            open.id.clone(),
            open.sequence,
            now.duration_since(open.since),
        );
        self.actions.push(Action::Abandon);
        let limit = self.record(&id).supervision.health_deadline;
        let why = format!("has not answered within {} ms", limit.as_millis());
        self.note(&id, sequence, Err(why), took, timing);
    }

    /// Opens the next of those that wait, if one more may be open.
    pub(in crate::supervise) fn next_question(&mut self, now: Instant) -> Option<Ask> {
        while !self.waiting.is_empty() && self.open.len() < MOST_OPEN {
            let prompt = self.open.values().filter(|open| !open.is_slow);
            if prompt.count() >= WIDTH {
                self.look_for_slow_ones(now);
                return None;
            }
            let (id, sequence) = self.waiting.pop_front()?;
            if let Some(ask) = self.ask(id, sequence, now) {
                return Some(ask);
            }
        }
        None
    }

    /// Whether the thread has to look at once: there is something to do, or the first that is due was
    /// put there just now.
    pub(in crate::supervise) fn is_urgent(&self, asked: Option<&Ask>) -> bool {
        let first = self.due.first().map(|(_, due)| due);
        let own = asked.map(|ask| Due::Overdue(ask.number));
        let is_slow = matches!(first, Some(Due::Slow(_)));
        !self.actions.is_empty() || is_slow || (own.is_some() && first == own.as_ref())
    }

    pub(super) fn look_for_slow_ones(&mut self, now: Instant) {
        for (number, open) in &mut self.open {
            if !open.is_slow && open.slow_at.is_none() {
                let at = (open.since + PROMPT).max(now);
                open.slow_at = Some(at);
                self.due.insert((at, Due::Slow(*number)));
            }
        }
    }

    pub(super) fn ask(&mut self, id: PluginId, sequence: u64, now: Instant) -> Option<Ask> {
        let number = self.last_question + 1;
        let name: Arc<str> = id.as_str().into();
        let record = self.records.get_mut(&id)?;
        let limit = record.supervision.health_deadline;
        let up = record.up.as_mut().filter(|up| up.sequence == sequence)?;
        let slot = up.slot.upgrade()?;
        up.asked = Some(number);
        self.last_question = number;
        self.open.insert(
            number,
            Open {
                id,
                sequence,
                since: now,
                slow_at: None,
                overdue_at: now + limit,
                is_slow: false,
                is_overdue: false,
            },
        );
        self.due.insert((now + limit, Due::Overdue(number)));
        Some(Ask { number, name, slot })
    }

    /// A question was answered; whether that came too late, and what is to be told.
    pub(in crate::supervise) fn answered(
        &mut self,
        number: u64,
        outcome: Result<Health, String>,
        took: Duration,
        timing: &Timing,
    ) -> (bool, Option<(PluginId, Box<Told>)>) {
        let Some(open) = self.close(number) else {
            return (false, None);
        };
        if open.is_overdue {
            // It was counted as a miss, and what it says is old.
            return (true, None);
        }
        let before = self.actions.len();
        self.note(&open.id, open.sequence, outcome, took, timing);
        let told = (self.actions.len() > before).then(|| self.actions.remove(before));
        match told {
            Some(Action::Tell(id, told)) => (false, Some((id, told))),
            _ => (false, None),
        }
    }

    /// The question is open no more.
    pub(super) fn close(&mut self, number: u64) -> Option<Open> {
        let open = self.open.remove(&number)?;
        if let Some(at) = open.slow_at {
            self.due.remove(&(at, Due::Slow(number)));
        }
        self.due.remove(&(open.overdue_at, Due::Overdue(number)));
        let up = self.record(&open.id).up.as_mut();
        if let Some(up) = up.filter(|up| up.asked == Some(number)) {
            up.asked = None;
        }
        Some(open)
    }

    /// Takes down what came of a question.
    pub(super) fn note(
        &mut self,
        id: &PluginId,
        sequence: u64,
        outcome: Result<Health, String>,
        took: Duration,
        timing: &Timing,
    ) {
        let Some(record) = self.records.get_mut(id) else {
            return;
        };
        let Some(up) = record.up.as_mut().filter(|up| up.sequence == sequence) else {
            return;
        };
        let told = up.course.note(outcome, took, timing.misses);
        if told.report.verdict == crate::HealthStatus::Unhealthy {
            record.history.is_ill();
        } else {
            record.history.is_well(Instant::now());
        }
        let cause = (told.is_lost && record.supervision.restart_when_unhealthy)
            .then(|| format!("unhealthy: {}", told.report.message));
        self.actions.push(Action::Tell(id.clone(), Box::new(told)));
        if let Some(cause) = cause {
            self.poisoned(id, sequence, cause);
        }
    }
}

#[cfg(test)]
mod tests;
