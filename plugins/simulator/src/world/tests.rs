use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn world() -> World {
    World::new(7, SECOND * 60, SECOND * 100)
}

fn set(metric: &str, value: f64, ttl_s: Option<u64>) -> NewOverride {
    NewOverride {
        metric: metric.to_owned(),
        value,
        ttl_s,
    }
}

fn incident(title: &str, metric: Option<&str>, factor: Option<f64>) -> NewIncident {
    NewIncident {
        title: title.to_owned(),
        severity: Severity::Major,
        metric: metric.map(str::to_owned),
        factor,
    }
}

fn figure(world: &World, now: Duration, metric: &str) -> f64 {
    world.metrics(now).metrics[metric]
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    format!("{} {error}", error.status())
}

#[test]
fn two_worlds_of_one_seed_are_the_same() {
    let (one, other) = (world(), World::new(7, SECOND, SECOND * 5));
    let after = |world: &World, began: u64| {
        world.metrics(SECOND * u32::try_from(began).unwrap() + SECOND * 9)
    };
    assert_eq!(after(&one, 100), after(&other, 5));
    assert_eq!(one.metrics(SECOND * 109).time_s, 9.0);
}

#[test]
fn an_override_holds_for_its_time() {
    let world = world();
    let now = SECOND * 200;
    let own = figure(&world, now + SECOND * 10, "cpu_percent");
    world.set(now, &set("cpu_percent", 99.5, Some(10))).unwrap();
    assert_eq!(figure(&world, now, "cpu_percent"), 99.5);
    let told = Overridden {
        metric: "cpu_percent",
        value: 99.5,
        ttl_s: 4.0,
    };
    assert_eq!(world.overrides(now + SECOND * 6), [told]);
    let almost = now + SECOND * 10 - Duration::from_nanos(1);
    assert_eq!(figure(&world, almost, "cpu_percent"), 99.5);
    assert_eq!(figure(&world, now + SECOND * 10, "cpu_percent"), own);
    assert_eq!(world.overrides(now + SECOND * 10), []);
}

#[test]
fn overrides_are_taken_back_one_or_all() {
    let world = world();
    let now = SECOND * 200;
    for metric in ["cpu_percent", "latency_ms", "queue_length"] {
        world.set(now, &set(metric, 1.0, None)).unwrap();
    }
    assert_eq!(world.unset(Some("latency_ms")).unwrap(), 1);
    assert_eq!(world.unset(Some("latency_ms")).unwrap(), 0);
    assert_eq!(
        world.metrics(now).overridden,
        ["cpu_percent", "queue_length"]
    );
    assert_eq!(world.unset(None).unwrap(), 2);
}

#[test]
fn what_cannot_be_set_is_told() {
    let world = world();
    let set = |metric, value, ttl_s| refused(world.set(SECOND, &set(metric, value, ttl_s)));
    assert_eq!(
        set("colour", 1.0, None),
        "400 metric: expected one of cpu_percent, memory_percent, requests_per_s, latency_ms, \
         error_percent, queue_length, found `colour`"
    );
    assert_eq!(
        set("cpu_percent", 101.0, None),
        "400 value: expected 0 to 100, found 101"
    );
    assert_eq!(
        set("cpu_percent", f64::NAN, None),
        "400 value: expected 0 to 100, found NaN"
    );
    assert_eq!(
        set("cpu_percent", 1.0, Some(0)),
        "400 ttl_s: expected 1 to 60, found 0"
    );
    assert_eq!(
        set("cpu_percent", 1.0, Some(61)),
        "400 ttl_s: expected 1 to 60, found 61"
    );
}

#[test]
fn an_open_incident_raises_its_metric() {
    let world = world();
    let now = SECOND * 200;
    let own = figure(&world, now, "latency_ms");
    let opened = world
        .open(now, incident(" Slow ", Some("latency_ms"), Some(3.0)))
        .unwrap();
    assert_eq!(
        (opened.id, &*opened.title, opened.opened_s),
        (1, "Slow", 100.0)
    );
    assert!((figure(&world, now, "latency_ms") - own * 3.0).abs() < 0.02);
    assert_eq!(world.metrics(now).open_incidents, 1);
    let resolved = world.resolve(now + SECOND, 1).unwrap();
    assert_eq!((resolved.open, resolved.resolved_s), (false, Some(101.0)));
    assert_eq!(world.resolve(now + SECOND * 9, 1).unwrap(), resolved);
    assert_eq!(figure(&world, now, "latency_ms"), own);
    assert_eq!(world.incidents(), [resolved]);
}

#[test]
fn incidents_are_bounded() {
    let world = world();
    assert_eq!(
        refused(world.open(SECOND, incident("", None, None))),
        "400 title: expected 1 to 200 bytes"
    );
    assert_eq!(
        refused(world.open(SECOND, incident("a", None, Some(-1.0)))),
        "400 factor: expected 0 to 1000, found -1"
    );
    assert_eq!(refused(world.resolve(SECOND, 1)), "404 unknown incident: 1");
    for _ in 0..MOST_INCIDENTS {
        world.open(SECOND, incident("a", None, None)).unwrap();
    }
    assert_eq!(
        refused(world.open(SECOND, incident("a", None, None))),
        "429 200 incidents are open, which is the most"
    );
    world.resolve(SECOND, 7).unwrap();
    assert_eq!(
        world.open(SECOND, incident("a", None, None)).unwrap().id,
        201
    );
    assert_eq!(world.incidents().len(), MOST_INCIDENTS);
    assert!(world.incidents().iter().all(|incident| incident.id != 7));
}

#[test]
fn a_restart_begins_anew() {
    let world = world();
    let now = SECOND * 200;
    let first = world.metrics(SECOND * 100);
    world.set(now, &set("cpu_percent", 1.0, None)).unwrap();
    world.open(now, incident("a", None, None)).unwrap();
    assert_eq!(world.restart(now), 1);
    let again = world.metrics(now);
    assert_eq!(again.metrics, first.metrics);
    assert_eq!((again.time_s, again.restarts), (0.0, 1));
    assert_eq!((world.overrides(now), world.incidents()), (vec![], vec![]));
    assert_eq!(world.restart(now), 2);
}
