//! Does it come up and go, as often as one likes and in whatever order?

use crate::conformance::{bench::Bench, spec::Verdict};
use jackfield_loader::{Change, HealthStatus, Probed};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(300);
/// How long a host waits for what a plugin says of its health.
const HEALTH: Duration = Duration::from_secs(3);

type Checked = Result<String, Verdict>;

fn verdict(checked: Checked) -> Verdict {
    checked.map_or_else(|verdict| verdict, Verdict::passed)
}

/// It comes up within its deadlines, says how it does, and stops within its deadline.
pub(crate) fn start(bench: &Bench) -> Verdict {
    verdict(start_checked(bench))
}

fn start_checked(bench: &Bench) -> Checked {
    let begun = Instant::now();
    let (loader, plugin) = bench.up()?;
    let up = begun.elapsed();
    bench.step("health");
    let health = super::bench::in_time(HEALTH, move || plugin.health());
    let health = health.ok_or_else(|| {
        Verdict::failed(format!(
            "health: expected an answer within {} s, found none: say what is known already",
            HEALTH.as_secs_f64()
        ))
    })?;
    let health = health
        .map_err(|error| Verdict::failed(format!("health: expected an answer, found: {error}")))?;
    if health.status == HealthStatus::Unhealthy {
        return Err(Verdict::failed(format!(
            "health: expected a plugin that has just come up to work, found it unhealthy: {}",
            health.message
        )));
    }
    let begun = Instant::now();
    bench.down(&loader)?;
    let (up, down) = (up.as_millis(), begun.elapsed().as_millis());
    Ok(format!("up in {up} ms, down in {down} ms"))
}

/// It is started and stopped several times in one process.
pub(crate) fn rounds(bench: &Bench) -> Verdict {
    verdict(rounds_checked(bench))
}

fn rounds_checked(bench: &Bench) -> Checked {
    let (loader, _) = bench.up()?;
    for round in 1..=bench.spec.rounds {
        let deadline = Instant::now() + LONG;
        bench.step(&format!("stop of round {round}"));
        let stopped = loader.stop_plugin(bench.id(), deadline);
        stopped.map_err(|error| Verdict::failed(format!("round {round}: {error}")))?;
        bench.step(&format!("start of round {round}"));
        let started = loader.start_plugin(bench.id(), deadline);
        started.map_err(|error| Verdict::failed(format!("round {round}: {error}")))?;
    }
    bench.down(&loader)?;
    Ok(format!("{} rounds", bench.spec.rounds))
}

/// `stop` comes for every plugin that was created, also where `start` did not.
pub(crate) fn stop_without_start(bench: &Bench) -> Verdict {
    verdict(stop_without_start_checked(bench))
}

fn stop_without_start_checked(bench: &Bench) -> Checked {
    let (loader, _) = bench.up()?;
    bench.step("stop");
    let stopped = loader.stop_plugin(bench.id(), Instant::now() + LONG);
    stopped.map_err(|error| Verdict::failed(error.to_string()))?;
    let probe = loader.probe(bench.id());
    let probe = probe.map_err(|error| Verdict::failed(error.to_string()))?;
    bench.step("initialize");
    let created = probe.create(probe.config());
    let created = created.map_err(|error| Verdict::failed(format!("initialize: {error}")))?;
    end(bench, created)?;
    bench.down_rest(&loader)
}

fn end(bench: &Bench, created: Probed) -> Result<(), Verdict> {
    bench.step("stop without start");
    let (stopped, _) = created.stop(Instant::now() + LONG);
    stopped.map_err(|error| {
        Verdict::failed(format!(
            "stop: expected it to work also where `start` was not called, found: {error}"
        ))
    })
}

impl Bench {
    /// Stops what the plugin requires.
    fn down_rest(&self, loader: &jackfield_loader::Loader) -> Checked {
        self.step("stop of what it requires");
        loader.stop(LONG);
        Ok(String::new())
    }
}

/// A second start of what runs does nothing.
pub(crate) fn double_start(bench: &Bench) -> Verdict {
    verdict(double_start_checked(bench))
}

fn double_start_checked(bench: &Bench) -> Checked {
    let (loader, plugin) = bench.up()?;
    bench.step("second start");
    let again = loader.start_plugin(bench.id(), Instant::now() + LONG);
    let again = again.map_err(|error| Verdict::failed(error.to_string()))?;
    if again != Change::default() {
        return Err(Verdict::failed(format!(
            "expected a second start to do nothing, found {again:?}"
        )));
    }
    bench.step("health after a second start");
    plugin
        .health()
        .map_err(|error| Verdict::failed(format!("health after a second start: {error}")))?;
    bench.down(&loader)?;
    Ok(String::new())
}

/// Of two stops, the second has nothing to do, also when both come at once.
pub(crate) fn double_stop(bench: &Bench) -> Verdict {
    verdict(double_stop_checked(bench))
}

fn double_stop_checked(bench: &Bench) -> Checked {
    let (loader, _) = bench.up()?;
    bench.step("two stops at once");
    let stop = || loader.stop_plugin(bench.id(), Instant::now() + LONG);
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(stop);
        (stop(), other.join())
    });
    let other = other.map_err(|_| Verdict::failed("the check cannot be made: it panicked"))?;
    let mut stopped = 0;
    for change in [one, other] {
        let change = change.map_err(|error| Verdict::failed(error.to_string()))?;
        let own = change.stop.iter().filter(|id| id.as_str() == bench.id());
        stopped += own.count();
    }
    bench.step("a third stop");
    let third = loader.stop_plugin(bench.id(), Instant::now() + LONG);
    let third = third.map_err(|error| Verdict::failed(error.to_string()))?;
    if stopped != 1 || third != Change::default() {
        return Err(Verdict::failed(format!(
            "expected one of three stops to do something, found that {stopped} of the first two \
             did, and the third {third:?}"
        )));
    }
    bench.down_rest(&loader)
}
