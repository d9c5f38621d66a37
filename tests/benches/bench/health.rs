//! What it costs to ask two hundred plugins for their health.

use crate::report::{Bar, Bench};
use jackfield_loader::{Loader, Options};
use jackfield_tests::Site;
use rustix::time::{ClockId, clock_gettime};
use std::{thread, time::Duration};

const PLUGINS: usize = 200;
const INTERVAL: Duration = Duration::from_secs(1);
/// How long one round is.
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("time goes forward");
    Duration::from_secs(seconds)
        + Duration::from_nanos(u64::try_from(time.tv_nsec).expect("and so it does within a second"))
}

/// The share of a processor that the process takes while nothing but the questions goes on.
fn share() -> f64 {
    let before = cpu();
    thread::sleep(ROUND);
    (cpu() - before).as_secs_f64() / ROUND.as_secs_f64() * 100.0
}

/// All rows of this module.
pub fn measure(bench: &mut Bench) {
    if !bench.wants("health.poll") {
        return;
    }
    let site = Site::new();
    let mut options = Options::new(site.plugins(), site.state());
    for number in 0..PLUGINS {
        let id = format!("minimal-{number:04}");
        site.add_patched("minimal", &format!("lib{id}.so"), &[("minimal-0000", &id)]);
        let settings = options.settings.entry(id).or_default();
        settings.health_interval = Some(INTERVAL);
    }
    let loader = Loader::open(options).expect("a fresh state directory");
    loader.start();
    // Until each was asked once.
    thread::sleep(INTERVAL * 2);
    let asked = |loader: &Loader| {
        let plugins = loader.plugins();
        plugins
            .iter()
            .filter(|plugin| plugin.health.is_some())
            .count()
    };
    assert_eq!(asked(&loader), PLUGINS, "not every plugin was asked");
    let mut shares: Vec<f64> = (0..ROUNDS).map(|_| share()).collect();
    shares.sort_unstable_by(f64::total_cmp);
    bench.value(
        "health.poll",
        "% of a core",
        shares[ROUNDS / 2],
        Bar::Max(2.0),
    );
}
