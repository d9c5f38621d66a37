use super::*;
use crate::query::Topic;
use plugin_api::serde_json::json;
use std::path::PathBuf;
use tempfile::TempDir;

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("records.db")
    }

    fn open(&self, keep: i64) -> Store {
        Store::open(&self.path(), keep, 1000).unwrap()
    }
}

fn entry(topic: &str, sequence: u64, payload: &str) -> Entry {
    Entry {
        topic: topic.to_owned(),
        publisher: topic.split('.').next().unwrap().to_owned(),
        sequence,
        time_unix_ns: sequence * 1_000_000,
        payload: payload.into(),
    }
}

fn ticks(store: &Store, sequences: std::ops::RangeInclusive<u64>) {
    let entries: Vec<Entry> = sequences
        .map(|sequence| entry("heartbeat.tick", sequence, "{}"))
        .collect();
    store.write(&entries).unwrap();
}

fn ids(store: &Store, filter: &Filter) -> Vec<i64> {
    let page = store.records(filter).unwrap();
    page.records.iter().map(|record| record.id).collect()
}

#[test]
fn what_is_written_comes_back_whole() {
    let place = Place::new();
    let store = place.open(10);
    let written = entry("sysinfo.metrics", 4, r#"{"uptime_s":7}"#);
    assert_eq!(store.write(std::slice::from_ref(&written)).unwrap(), 1);
    let expected = Record {
        id: 1,
        run: 1,
        topic: "sysinfo.metrics".to_owned(),
        publisher: "sysinfo".to_owned(),
        sequence: 4,
        time_unix_ms: 4,
        payload: json!({"uptime_s": 7}),
    };
    assert_eq!(store.shown(1, &written), expected);
    let page = store.records(&Filter::default()).unwrap();
    assert_eq!(page.records, [expected]);
    assert!(!page.more);
}

#[test]
fn a_payload_that_is_no_json_is_a_string() {
    let place = Place::new();
    let store = place.open(10);
    store.write(&[entry("a.b", 1, "plain")]).unwrap();
    let page = store.records(&Filter::default()).unwrap();
    assert_eq!(page.records[0].payload, json!("plain"));
}

#[test]
fn a_filter_selects_and_orders() {
    let place = Place::new();
    let store = place.open(100);
    ticks(&store, 1..=3);
    store
        .write(&[
            entry("sysinfo.metrics", 9, "{}"),
            entry("heartbeat", 2, "{}"),
        ])
        .unwrap();
    let any = Filter::default();
    assert_eq!(ids(&store, &any), [5, 4, 3, 2, 1]);
    let ascending = Filter {
        order: Order::Ascending,
        limit: 2,
        ..any.clone()
    };
    assert_eq!(ids(&store, &ascending), [1, 2]);
    assert!(store.records(&ascending).unwrap().more);
    let after = Filter {
        after: Some(3),
        order: Order::Ascending,
        ..any.clone()
    };
    assert_eq!(ids(&store, &after), [4, 5]);
    let exact = Filter {
        topic: Topic::parse("heartbeat"),
        ..any.clone()
    };
    assert_eq!(ids(&store, &exact), [5]);
    let below = Filter {
        topic: Topic::parse("heartbeat.**"),
        ..any.clone()
    };
    assert_eq!(ids(&store, &below), [3, 2, 1]);
    let publisher = Filter {
        publisher: Some("heartbeat".to_owned()),
        ..any.clone()
    };
    assert_eq!(ids(&store, &publisher), [5, 3, 2, 1]);
    let since = Filter {
        since_unix_ms: Some(3),
        ..any
    };
    assert_eq!(ids(&store, &since), [4, 3]);
}

#[test]
fn only_the_latest_are_kept() {
    let place = Place::new();
    let store = place.open(5);
    ticks(&store, 1..=4);
    ticks(&store, 5..=12);
    assert_eq!(ids(&store, &Filter::default()), [12, 11, 10, 9, 8]);
    drop(store);
    let store = place.open(2);
    ticks(&store, 13..=13);
    assert_eq!(ids(&store, &Filter::default()), [13, 12]);
}

#[test]
fn a_page_holds_no_more_than_its_bytes() {
    let place = Place::new();
    let store = place.open(100);
    let large = "1".repeat(MOST_BYTES / 2);
    let entries: Vec<Entry> = (1..=3).map(|n| entry("a.b", n, &large)).collect();
    store.write(&entries).unwrap();
    let page = store.records(&Filter::default()).unwrap();
    assert_eq!((page.records.len(), page.more), (2, true));
}

#[test]
fn a_summary_counts_by_topic() {
    let place = Place::new();
    let store = place.open(100);
    assert_eq!(store.summary().unwrap(), []);
    ticks(&store, 2..=5);
    store.write(&[entry("a.b", 1, "{}")]).unwrap();
    let of = |topic: &str, count, first_unix_ms, last_unix_ms| TopicSummary {
        topic: topic.to_owned(),
        count,
        first_unix_ms,
        last_unix_ms,
    };
    assert_eq!(
        store.summary().unwrap(),
        [of("a.b", 1, 1, 1), of("heartbeat.tick", 4, 2, 5)]
    );
}

#[test]
fn a_run_that_was_killed_never_ended() {
    let place = Place::new();
    let first = Store::open(&place.path(), 10, 1000).unwrap();
    ticks(&first, 1..=2);
    drop(first);
    let second = Store::open(&place.path(), 10, 2000).unwrap();
    ticks(&second, 1..=1);
    second.end_run(2500).unwrap();
    drop(second);
    let third = Store::open(&place.path(), 10, 3000).unwrap();
    let of = |id, started_unix_ms, ended_unix_ms, records, current| Run {
        id,
        started_unix_ms,
        ended_unix_ms,
        records,
        current,
    };
    assert_eq!(
        third.runs().unwrap(),
        [
            of(3, 3000, None, 0, true),
            of(2, 2000, Some(2500), 1, false),
            of(1, 1000, None, 2, false),
        ]
    );
}

#[test]
fn old_runs_are_forgotten() {
    let place = Place::new();
    let store = place.open(10);
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS})
         INSERT INTO runs (started_unix_ms) SELECT i FROM n"
    );
    lock(&store.writer).execute_batch(&many).unwrap();
    drop(store);
    let runs = place.open(10).runs().unwrap();
    assert_eq!(runs.len(), usize::try_from(RUNS).unwrap());
    assert_eq!(runs[0].id, RUNS + 2);
}
