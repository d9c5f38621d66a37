use crate::conformance::{
    bench::Bench,
    child, configuration, leftovers, lifecycle, requests,
    site::Site,
    spec::{Asks, ConformanceError, Outcome, Spec, Verdict},
};
use jackfield_loader::{Found, Inventory, Options, Settings};
use jackfield_manifest::Manifest;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

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

/// What a step of a check may take besides the deadlines of the plugins.
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
    /// Nothing was wrong, of which something was looked at.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0 && self.unchecked().is_none()
    }

    /// Why nothing but the file was looked at, where that is so.
    pub(crate) fn unchecked(&self) -> Option<&str> {
        let mut rest = self.cases.iter().skip(1);
        let first = rest.next()?;
        let all =
            first.outcome == Outcome::Skipped && rest.all(|made| made.outcome == Outcome::Skipped);
        all.then_some(&*first.message)
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
    let is_loadable = loadable.outcome == Outcome::Passed;
    let mut cases = vec![made("file.loadable", Instant::now(), loadable)];
    if !is_loadable {
        return Ok(Examined::new(found, cases));
    }
    let site = Site::new(found, &inventory.survey())?;
    let mut spec = Spec::new(site.manifests(), asks, options)?;
    spec.lacks = site.lacks().map(str::to_owned);
    let limit = limit(site.manifests(), &options.settings).saturating_add(asks.answer);
    for case in CASES.iter().filter(|case| asks.want(case.name)) {
        let begun = Instant::now();
        let verdict = child::run(&site, &spec, case.name, limit, &asks.interrupted)?;
        cases.push(made(case.name, begun, verdict));
        done();
    }
    Ok(Examined::new(found, cases))
}

/// How long a step of a check may take: more than all of those plugins may take to come up and to
/// go, one after another, by their manifests and by what the host says instead.
fn limit(plugins: &[Arc<Manifest>], settings: &BTreeMap<String, Settings>) -> Duration {
    let each = plugins.iter().flat_map(|plugin| {
        let own = plugin.deadlines;
        let set = settings.get(plugin.id.as_str());
        [
            set.and_then(|set| set.initialize_deadline)
                .unwrap_or(own.initialize),
            set.and_then(|set| set.start_deadline).unwrap_or(own.start),
            set.and_then(|set| set.stop_deadline).unwrap_or(own.stop),
        ]
    });
    each.fold(LEAST, Duration::saturating_add)
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
