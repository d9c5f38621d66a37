//! Does a schedule come when it should: through summer time, and clocks that are set?

use super::*;
use std::{
    future::ready,
    sync::{Mutex, PoisonError},
};

fn parse(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn zone() -> TimeZone {
    // As in Central Europe, without the system's list of zones.
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn ns(time: &str) -> i64 {
    let time: Timestamp = time.parse().unwrap();
    i64::try_from(time.as_nanosecond()).unwrap()
}

/// The next times after one, as they are on the wall and in UTC.
fn times(expression: &str, after: &str, count: usize) -> Vec<String> {
    let (expression, mut at) = (parse(expression), ns(after));
    let next = |_| {
        at = expression.next(at, &zone()).unwrap();
        let time = Timestamp::from_nanosecond(i128::from(at)).unwrap();
        time.to_zoned(zone()).strftime("%d %H:%M:%S%:z").to_string()
    };
    (0..count).map(next).collect()
}

fn error(text: &str) -> String {
    Expression::parse(text)
        .err()
        .map_or_else(String::new, |error| error.to_string())
}

#[test]
fn a_bad_expression_is_told_with_its_place() {
    assert_eq!(
        error("0 */5 25 * * *"),
        "`0 */5 25 * * *` is no schedule: column 7: expected hours, 0 to 23, found `25`"
    );
    assert_eq!(
        error("0 0  0 * FOO *"),
        "`0 0  0 * FOO *` is no schedule: column 10: expected months, 1 to 12 or JAN to DEC, \
         found `FOO`"
    );
    assert_eq!(
        error("61 * * * *"),
        "`61 * * * *` is no schedule: column 1: expected minutes, 0 to 59, found `61`"
    );
    for (text, found) in [("", 0), ("* * *", 3), ("* * * * * * * *", 8), ("hourly", 1)] {
        assert_eq!(
            error(text),
            format!(
                "`{text}` is no schedule: expected 6 fields (second minute hour day month weekday), \
                 found {found}"
            )
        );
    }
}

#[test]
fn ordinary_times() {
    assert_eq!(
        times("0 */5 * * * *", "2026-01-01T00:03:00Z", 2),
        ["01 01:05:00+01:00", "01 01:10:00+01:00"]
    );
    assert_eq!(
        times("30 2 * * *", "2026-01-01T00:00:00Z", 1),
        ["01 02:30:00+01:00"]
    );
    assert_eq!(
        times("0 0 12 * * MON", "2026-01-01T00:00:00Z", 1),
        ["05 12:00:00+01:00"]
    );
    assert_eq!(parse("0 0 0 30 2 *").next(0, &zone()), None);
}

#[test]
fn what_summer_time_skips_comes_after_the_gap() {
    let before = "2026-03-28T12:00:00Z";
    assert_eq!(
        times("0 30 2 * * *", before, 2),
        ["29 03:00:00+02:00", "30 02:30:00+02:00"]
    );
    assert_eq!(
        times("0 */30 * * * *", "2026-03-29T00:29:00Z", 3),
        [
            "29 01:30:00+01:00",
            "29 03:00:00+02:00",
            "29 03:30:00+02:00"
        ]
    );
}

#[test]
fn what_is_there_twice_comes_once() {
    assert_eq!(
        times("0 30 2 * * *", "2026-10-24T12:00:00Z", 2),
        ["25 02:30:00+02:00", "26 02:30:00+01:00"]
    );
    assert_eq!(
        times("0 */30 * * * *", "2026-10-25T00:00:00Z", 4),
        [
            "25 02:30:00+02:00",
            "25 02:00:00+01:00",
            "25 02:30:00+01:00",
            "25 03:00:00+01:00"
        ]
    );
}

/// Passes the time that is slept, and jumps once, during the sleep of that number.
struct Made {
    now: Mutex<i64>,
    jump: Option<(usize, i64)>,
    slept: Mutex<Vec<Duration>>,
}

impl Made {
    fn at(time: &str, jump: Option<(usize, &str)>) -> Self {
        Self {
            now: Mutex::new(ns(time)),
            jump: jump.map(|(sleep, to)| (sleep, ns(to))),
            slept: Mutex::default(),
        }
    }
}

impl Clock for &Made {
    fn now(&self) -> i64 {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let (mut now, mut slept) = (self.now.lock().unwrap(), self.slept.lock().unwrap());
        slept.push(duration);
        *now = match self.jump {
            Some((sleep, to)) if sleep == slept.len() => to,
            _ => *now + i64::try_from(duration.as_nanos()).unwrap(),
        };
        ready(())
    }
}

fn waited(clock: &Made, expression: &str, after: i64) -> String {
    let time = pollster::block_on(wait(parse(expression), after, clock));
    if time == i64::MAX {
        return "never".to_owned();
    }
    let time = Timestamp::from_nanosecond(i128::from(time)).unwrap();
    time.to_string()
}

const EVERY_5: &str = "0 */5 * * * *";

#[test]
fn it_waits_in_slices() {
    let clock = Made::at("2026-01-01T00:03:50Z", None);
    assert_eq!(waited(&clock, EVERY_5, 0), "2026-01-01T00:05:00Z");
    let seconds: Vec<u64> = clock
        .slept
        .lock()
        .unwrap()
        .iter()
        .map(Duration::as_secs)
        .collect();
    assert_eq!(seconds, [30, 30, 10]);
}

#[test]
fn what_passed_meanwhile_is_skipped() {
    let clock = Made::at("2026-01-01T00:17:00Z", None);
    assert_eq!(
        waited(&clock, EVERY_5, ns("2026-01-01T00:05:00Z")),
        "2026-01-01T00:20:00Z"
    );
}

#[test]
fn a_clock_set_forward_has_it_come_once() {
    let clock = Made::at("2026-01-01T00:01:00Z", Some((1, "2026-01-01T07:02:00Z")));
    assert_eq!(waited(&clock, EVERY_5, 0), "2026-01-01T00:05:00Z");
    assert_eq!(
        waited(&clock, EVERY_5, ns("2026-01-01T00:05:00Z")),
        "2026-01-01T07:05:00Z"
    );
}

#[test]
fn a_clock_set_back_a_little_repeats_nothing() {
    // Set back between two runs.
    let clock = Made::at("2026-01-01T00:04:00Z", None);
    assert_eq!(
        waited(&clock, EVERY_5, ns("2026-01-01T00:05:00Z")),
        "2026-01-01T00:10:00Z"
    );
    // Set back while it waits.
    let clock = Made::at("2026-01-01T00:06:00Z", Some((2, "2026-01-01T00:01:00Z")));
    assert_eq!(
        waited(&clock, EVERY_5, ns("2026-01-01T00:05:00Z")),
        "2026-01-01T00:10:00Z"
    );
}

#[test]
fn a_clock_set_back_far_is_believed() {
    let clock = Made::at("2026-01-01T00:04:00Z", None);
    assert_eq!(
        waited(&clock, EVERY_5, ns("2031-01-01T00:05:00Z")),
        "2026-01-01T00:05:00Z"
    );
    let clock = Made::at("2031-01-01T00:06:00Z", Some((2, "2026-01-01T00:01:00Z")));
    assert_eq!(waited(&clock, EVERY_5, 0), "2026-01-01T00:05:00Z");
}

#[test]
fn what_never_comes_is_told_at_once() {
    let clock = Made::at("2026-01-01T00:00:00Z", None);
    assert_eq!(waited(&clock, "0 0 0 30 2 *", 0), "never");
    assert_eq!(waited(&clock, "0 0 0 1 1 * 2020", 0), "never");
    assert!(clock.slept.lock().unwrap().is_empty());
}
