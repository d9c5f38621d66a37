use super::*;
use crate::query::Range;
use tempfile::TempDir;
use tracking_api::Metric;

fn store(dir: &TempDir) -> Store {
    Store::open(&dir.path().join("experiments.db"), 64, "test").unwrap()
}

fn values(store: &Store, name: &str, range: Range) -> (Vec<(Option<i64>, f64)>, bool) {
    let points = store.points(store.experiment(), name, range).unwrap();
    let points = points.expect("the name is known");
    let values = points.points.iter().map(|point| (point.step, point.value));
    (values.collect(), points.more)
}

#[test]
fn values_come_back_by_step_and_page() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir);
    let metrics: Vec<Metric<'_>> = (1..=5)
        .map(|step| Metric::new("loss", f64::from(step) / 2.0, 7).at_step(Some(step.into())))
        .chain([Metric::new("loss", 9.0, 8), Metric::new("other", 1.0, 8)])
        .collect();
    store.metrics(&metrics).unwrap();
    let steps = |range| values(&store, "loss", range);
    let all = Range::default();
    assert_eq!(steps(all).0.len(), 6);
    let some = Range {
        from: Some(2),
        to: Some(3),
        ..all
    };
    assert_eq!(steps(some), (vec![(Some(2), 1.0), (Some(3), 1.5)], false));
    let first = Range { limit: 2, ..all };
    assert_eq!(steps(first), (vec![(Some(1), 0.5), (Some(2), 1.0)], true));
    let last = store.points(1, "loss", first).unwrap().unwrap().points[1].id;
    let rest = Range {
        after: Some(last),
        ..all
    };
    assert_eq!(steps(rest).0[0], (Some(3), 1.5));
    assert!(store.points(1, "none", all).unwrap().is_none());
}

#[test]
fn one_call_is_kept_whole_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(&dir.path().join("experiments.db"), 1, "test").unwrap();
    let name = "x".repeat(500);
    let names: Vec<String> = (0..4000).map(|number| format!("{name}{number}")).collect();
    let metrics: Vec<_> = names.iter().map(|name| Metric::new(name, 1.0, 1)).collect();
    let error = store.metrics(&metrics).unwrap_err();
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (
            503,
            "no room is left for it: delete experiments, raise `limit_mb`, or free the disk"
        )
    );
    assert_eq!(store.one(1).unwrap().unwrap().metrics, 0);
    store.metrics(&metrics[..10]).unwrap();
    assert_eq!(store.one(1).unwrap().unwrap().metrics, 10);
}

#[test]
fn an_experiment_to_which_nothing_came_is_forgotten() {
    let dir = TempDir::new().unwrap();
    let first = store(&dir);
    first.end().unwrap();
    drop(first);
    let second = store(&dir);
    second.metrics(&[Metric::new("loss", 1.0, 1)]).unwrap();
    second.end().unwrap();
    drop(second);
    let third = store(&dir);
    let all = third.experiments(crate::query::Page {
        before: None,
        limit: 9,
    });
    let ids: Vec<i64> = all
        .unwrap()
        .iter()
        .map(|experiment| experiment.id)
        .collect();
    assert_eq!(ids, [3, 2]);
    assert!(third.delete(2).unwrap() && !third.delete(2).unwrap());
    let left: i64 = lock(&third.reader)
        .query_row("SELECT count(*) FROM metrics", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}
