//! Is there an end to how many questions are open, and does everybody come to be asked?

use super::*;
use crate::{HealthStatus, ffi::Slot, tasks::Tasks};
use std::collections::BTreeSet;

/// Plugins that all run since then and are asked at once.
struct Scene {
    state: State,
    timing: Timing,
    now: Instant,
    /// Those that are asked, in order.
    asked: Vec<Ask>,
    /// Those of whom something is told.
    told: BTreeSet<PluginId>,
    _slots: Vec<Arc<Slot>>,
}

impl Scene {
    fn new(plugins: usize) -> Self {
        let (timing, now) = (Timing::default(), Instant::now());
        let mut state = State::new(&timing, now);
        let mut slots = Vec::new();
        for number in 0..plugins {
            let id = PluginId::new(&format!("pace-{number:04}")).unwrap();
            let slot = Arc::new(Slot::of_nothing());
            let tasks = Arc::new(Tasks::default());
            state.record(&id).runs(1, &slot, &tasks, now);
            state.due.insert((now, Due::Ask(id, 1)));
            slots.push(slot);
        }
        Self {
            state,
            timing,
            now,
            asked: Vec::new(),
            told: BTreeSet::new(),
            _slots: slots,
        }
    }

    /// Nobody answers for so long; how many questions were not answered in time.
    fn pass(&mut self, time: Duration) -> usize {
        let until = self.now + time;
        let mut overdue = 0;
        while let Some(next) = self.state.next().filter(|next| *next <= until) {
            self.now = next.max(self.now);
            for action in self.state.take_due(self.now, &self.timing) {
                match action {
                    Action::Ask(ask) => self.asked.push(ask),
                    Action::Abandon => overdue += 1,
                    Action::Tell(id, _) => drop(self.told.insert(id)),
                    _ => {}
                }
            }
        }
        self.now = until;
        overdue
    }

    fn answer(&mut self, number: u64) -> (bool, Option<(PluginId, Box<Told>)>) {
        let health = Health {
            status: HealthStatus::Healthy,
            message: String::new(),
            metadata: String::new(),
        };
        let took = Duration::from_secs(60);
        self.state.answered(number, Ok(health), took, &self.timing)
    }
}

#[test]
fn where_256_plugins_hang_the_others_wait_until_one_comes_back() {
    let mut scene = Scene::new(MOST_OPEN + 2);
    let overdue = scene.pass(Duration::from_secs(60));
    assert_eq!((scene.asked.len(), overdue), (MOST_OPEN, MOST_OPEN));
    // Each hangs in one; of who was not asked nothing is told.
    let asked = scene.asked.iter().map(|ask| &*ask.name);
    assert!(asked.eq(scene.told.iter().map(PluginId::as_str)));

    let (was_late, told) = scene.answer(17);
    assert!(was_late && told.is_none());
    let now = scene.now;
    let next = scene.state.next_question(now).unwrap();
    assert_eq!(&*next.name, "pace-0256");
    assert!(scene.state.next_question(now).is_none());

    // And it is served as any.
    let (was_late, told) = scene.answer(next.number);
    let (id, told) = told.unwrap();
    assert!(!was_late);
    assert_eq!(
        (id.as_str(), told.report.verdict),
        ("pace-0256", HealthStatus::Healthy)
    );
}

#[test]
fn one_is_asked_once_at_a_waking_however_short_its_interval() {
    for interval in [Duration::ZERO, Duration::from_nanos(1), EARLY] {
        let mut scene = Scene::new(1);
        let id = PluginId::new("pace-0000").unwrap();
        scene.state.record(&id).supervision.health_interval = interval;
        for number in 1..=10 {
            scene.pass(2 * EARLY);
            assert_eq!(scene.asked.last().map(|ask| ask.number), Some(number));
            let (was_late, told) = scene.answer(number);
            assert!(!was_late && told.is_some());
        }
        assert_eq!(scene.asked.len(), 10);
    }
}

#[test]
fn a_question_for_which_there_is_no_thread_is_asked_when_it_is_time_again() {
    let mut scene = Scene::new(1);
    let interval = Duration::from_secs(15);
    scene.pass(Duration::ZERO);
    let ask = scene.asked.pop().unwrap();
    let later = scene.now + scene.timing.watch;
    scene.state.put_back(Action::Ask(ask), later);
    // It is not overdue, and nothing is held against the plugin.
    assert_eq!(scene.pass(interval - EARLY), 0);
    assert!(scene.told.is_empty() && scene.asked.is_empty());
    scene.pass(2 * EARLY);
    assert_eq!(scene.asked.len(), 1);
}

#[test]
fn what_there_is_no_thread_for_is_done_later() {
    let mut scene = Scene::new(1);
    let id = PluginId::new("pace-0000").unwrap();
    let (now, timing) = (scene.now, scene.timing);
    scene.state.poisoned(&id, 1, "it panicked".to_owned());
    for _ in 0..3 {
        let later = scene.now + timing.watch;
        let is_to_fail = |action: &Action| matches!(action, Action::Fail(_));
        let due = scene.state.take_due(scene.now, &timing);
        let failure = due
            .into_iter()
            .find(is_to_fail)
            .expect("it is not taken down");
        scene.state.put_back(failure, later);
        scene.now = later;
    }
    assert_eq!(scene.now, now + 3 * timing.watch);
}
