use crate::conformance::{
    bench::Bench,
    child, configuration, leftovers, lifecycle, requests,
    site::Site,
    spec::{Asks, ConformanceError, Outcome, Spec, Verdict},
};
use jackfield_loader::{Found, Inventory, Options};
use serde::Serialize;
use std::time::{Duration, Instant};

/// One check.
pub(crate) struct Case {
    /// Its group and its own name.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Bench) -> Verdict,
}

/// Every check, in the order in which they are made.
pub(crate) const CASES: &[Case] = &[
    case("lifecycle.start", lifecycle::start),
    case("lifecycle.rounds", lifecycle::rounds),
    case(
        "lifecycle.stop-without-start",
        lifecycle::stop_without_start,
    ),
    case("lifecycle.double-start", lifecycle::double_start),
    case("lifecycle.double-stop", lifecycle::double_stop),
    case("configuration.violations", configuration::violations),
    case("configuration.unchecked", configuration::unchecked),
    case("requests.paths", requests::paths),
    case("requests.methods", requests::methods),
    case("requests.bodies", requests::bodies),
    case("requests.given", requests::given),
    case("requests.concurrent", requests::concurrent),
    case("leftovers.threads", leftovers::threads),
    case("leftovers.mapping", leftovers::mapping),
];

const fn case(name: &'static str, run: fn(&Bench) -> Verdict) -> Case {
    Case { name, run }
}

/// What the loader's own deadlines leave to a check, besides.
const LEAST: Duration = Duration::from_secs(60);

/// A check that was made.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) duration_ms: u128,
    pub(crate) message: String,
}

/// All checks of one file.
#[derive(Debug, Serialize)]
pub(crate) struct Examined {
    pub(crate) path: String,
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    pub(crate) cases: Vec<Made>,
}

impl Examined {
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }

    fn new(found: &Found, cases: Vec<Made>) -> Self {
        let count = |outcome| cases.iter().filter(|made| made.outcome == outcome).count();
        let manifest = found.manifest.as_ref();
        Self {
            path: found.path.to_string_lossy().into_owned(),
            id: manifest.map(|manifest| manifest.id.to_string()),
            version: manifest.map(|manifest| manifest.version.to_string()),
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            skipped: count(Outcome::Skipped),
            cases,
        }
    }
}

/// Makes every check of a file; `done` is told of each.
pub(crate) fn examine(
    found: &Found,
    inventory: &mut Inventory,
    options: &Options,
    asks: &Asks,
    done: &mut dyn FnMut(),
) -> Result<Examined, ConformanceError> {
    let loadable = loadable(found);
    let Some(manifest) = found
        .manifest
        .as_ref()
        .filter(|_| loadable.outcome == Outcome::Passed)
    else {
        let made = made("file.loadable", Instant::now(), loadable);
        return Ok(Examined::new(found, vec![made]));
    };
    let mut cases = vec![made("file.loadable", Instant::now(), loadable)];
    let site = Site::new(found, &inventory.survey())?;
    let mut spec = Spec::new(manifest.id.as_str(), asks, options)?;
    spec.lacks = site.lacks().map(str::to_owned);
    let own = manifest.deadlines;
    let limit = LEAST + own.initialize + own.start + own.stop.saturating_mul(2);
    for case in CASES.iter().filter(|case| asks.want(case.name)) {
        let begun = Instant::now();
        let verdict = child::run(&site, &spec, case.name, limit)?;
        cases.push(made(case.name, begun, verdict));
        done();
    }
    Ok(Examined::new(found, cases))
}

fn loadable(found: &Found) -> Verdict {
    let faults = found.faults();
    let Some(first) = faults.first() else {
        return match &found.manifest {
            Some(_) => Verdict::passed(""),
            None => Verdict::failed("expected a plugin, found a file without a manifest"),
        };
    };
    Verdict::failed(format!("{}: {}", first.code, first.message))
}

fn made(name: &'static str, begun: Instant, verdict: Verdict) -> Made {
    let Verdict { outcome, message } = verdict;
    Made {
        name,
        outcome,
        duration_ms: begun.elapsed().as_millis(),
        message,
    }
}
