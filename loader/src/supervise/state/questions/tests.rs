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
