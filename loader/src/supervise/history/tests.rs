//! Does the delay grow, reset and end as it should?

use super::*;

const TIMING: Timing = Timing {
    first_delay: Duration::from_millis(100),
    longest_delay: Duration::from_secs(300),
    forgotten_after: Duration::from_secs(600),
    most_starts: 5,
    within: Duration::from_secs(60),
    look_at_files: Duration::from_secs(5),
    misses: 3,
    watch: Duration::from_secs(1),
    inside_for: Duration::from_secs(10),
};
const SECOND: Duration = Duration::from_secs(1);

fn content(byte: u8) -> ContentHash {
    ContentHash([byte; 32])
}

/// A clock that goes when it is told to, and a plugin that fails whenever it is told to.
struct Scene {
    now: Instant,
    history: History,
}

impl Scene {
    fn new() -> Self {
        Self {
            now: Instant::now(),
            history: History::default(),
        }
    }

    /// It starts, runs for so long and fails; the largest delay that may follow.
    fn run(&mut self, time: Duration) -> Next {
        self.run_of(content(1), time)
    }

    fn run_of(&mut self, content: ContentHash, time: Duration) -> Next {
        self.history.begins(self.now, content, &TIMING);
        self.history.is_well(self.now);
        self.now += time;
        self.history.fails(self.now, &TIMING);
        self.decide(Restart::OnFailure)
    }

    fn decide(&self, policy: Restart) -> Next {
        // As much as the largest delay has nanoseconds gives all of it.
        let least = decide(&self.history, policy, &TIMING, self.now, 0);
        let Next::Again { after, attempt } = least else {
            return least;
        };
        let most = u64::try_from(after.as_nanos()).unwrap();
        let whole = decide(&self.history, policy, &TIMING, self.now, most);
        let after = after * 2;
        assert_eq!(whole, Next::Again { after, attempt });
        whole
    }
}

fn again(after: Duration, attempt: u32) -> Next {
    Next::Again { after, attempt }
}

#[test]
fn the_delay_doubles_up_to_its_bound() {
    let mut scene = Scene::new();
    let delays: Vec<u128> = (1..=14)
        .map(|failure| {
            // So slowly that it never starts too often.
            let Next::Again { after, attempt } = scene.run(30 * SECOND) else {
                panic!("it gives up at the failure {failure}");
            };
            assert_eq!(attempt, failure);
            after.as_millis()
        })
        .collect();
    let expected = [
        100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 204_800, 300_000,
        300_000,
    ];
    assert_eq!(delays, expected);
    // However long that goes on.
    for _ in 0..100 {
        scene.run(30 * SECOND);
    }
    assert_eq!(scene.run(30 * SECOND), again(300 * SECOND, 115));
}

#[test]
fn every_delay_is_between_half_and_all_of_it() {
    let mut scene = Scene::new();
    scene.run(SECOND);
    for random in [
        0,
        1,
        49_999_999,
        50_000_000,
        50_000_001,
        u64::MAX / 3,
        u64::MAX,
    ] {
        let next = decide(
            &scene.history,
            Restart::OnFailure,
            &TIMING,
            scene.now,
            random,
        );
        let Next::Again { after, .. } = next else {
            panic!("{next:?}");
        };
        assert!(
            (50..=100).contains(&after.as_millis()),
            "{random}: {after:?}"
        );
    }
}

#[test]
fn ten_minutes_of_health_reset_the_delay() {
    let mut scene = Scene::new();
    scene.run(30 * SECOND);
    scene.run(30 * SECOND);
    assert_eq!(scene.run(599 * SECOND), again(SECOND * 4 / 10, 3));
    assert_eq!(scene.run(600 * SECOND), again(SECOND / 10, 1));
    // Time in which it was ill does not count.
    scene.run(30 * SECOND);
    scene.history.begins(scene.now, content(1), &TIMING);
    scene.history.is_well(scene.now);
    scene.now += 500 * SECOND;
    scene.history.is_ill();
    scene.now += 100 * SECOND;
    scene.history.is_well(scene.now);
    scene.now += 500 * SECOND;
    scene.history.fails(scene.now, &TIMING);
    assert_eq!(scene.decide(Restart::OnFailure), again(SECOND * 4 / 10, 3));
}

#[test]
fn the_fifth_start_in_a_minute_is_the_last() {
    let mut scene = Scene::new();
    for failure in 1..=4 {
        assert!(
            matches!(scene.run(14 * SECOND), Next::Again { attempt, .. } if attempt == failure)
        );
    }
    assert_eq!(scene.run(3 * SECOND), Next::GivesUp { starts: 5 });
    assert_eq!(scene.decide(Restart::Always), Next::GivesUp { starts: 5 });
    // A minute after the first it would not be so.
    scene.now += SECOND;
    assert_eq!(scene.decide(Restart::OnFailure), again(SECOND * 16 / 10, 5));
}

#[test]
fn another_content_begins_anew() {
    let mut scene = Scene::new();
    for _ in 1..=5 {
        scene.run(SECOND);
    }
    assert_eq!(
        scene.decide(Restart::OnFailure),
        Next::GivesUp { starts: 5 }
    );
    assert_eq!(scene.run_of(content(2), SECOND), again(SECOND / 10, 1));
}

#[test]
fn what_is_forgotten_counts_no_more() {
    let mut scene = Scene::new();
    for _ in 1..=5 {
        scene.run(SECOND);
    }
    scene.history.forget();
    assert_eq!(scene.run(SECOND), again(SECOND / 10, 1));
}

#[test]
fn never_is_never() {
    let mut scene = Scene::new();
    scene.run(SECOND);
    assert_eq!(scene.decide(Restart::Never), Next::Stays);
}
