//! Is an answer that cannot be believed a miss, and are three too many?

use super::*;
use jackfield_abi::FailureCode;

fn health(status: u32, message: &str, metadata: &str) -> jackfield_abi::Health {
    jackfield_abi::Health {
        status: jackfield_abi::HealthStatus(status),
        message: message.into(),
        metadata: metadata.into(),
    }
}

fn miss() -> Result<Health, String> {
    Err("nothing".to_owned())
}

fn says(status: u32) -> Result<Health, String> {
    judge(Ok(health(status, "", "")))
}

#[test]
fn what_is_no_answer_is_said() {
    let words = |answer| judge(answer).unwrap_err();
    let long = "x".repeat(4097);
    assert_eq!(
        words(Ok(health(0, &long, ""))),
        "the message of its health has 4097 bytes: it may have 4096"
    );
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(65_536));
    assert_eq!(
        words(Ok(health(0, "", &large))),
        "the metadata of its health has 65544 bytes: it may have 65536"
    );
    for no_object in ["[1]", "7", "{", "{}{}"] {
        let words = words(Ok(health(0, "", no_object)));
        assert!(
            words.starts_with("the metadata of its health is no JSON object: "),
            "{words}"
        );
    }
    assert_eq!(
        words(Err(Failure::new(FailureCode::PANIC, "ouch"))),
        "it panicked over its health: ouch"
    );
    assert_eq!(
        words(Err(Failure::new(FailureCode::ERROR, "no"))),
        "it did not say: no"
    );
}

#[test]
fn a_verdict_of_a_later_sdk_counts_as_degraded() {
    let health = judge(Ok(health(7, "odd", "{\"a\":1}"))).unwrap();
    assert_eq!(health.status, HealthStatus::Degraded);
    assert_eq!((&*health.message, &*health.metadata), ("odd", "{\"a\":1}"));
}

#[test]
fn three_misses_make_it_unhealthy_and_one_answer_well() {
    let mut course = Course::default();
    let mut note = |outcome| {
        let told = course.note(outcome, Duration::ZERO, 3);
        (
            told.report.verdict,
            told.report.misses,
            told.before,
            told.is_lost,
        )
    };
    use HealthStatus::{Degraded, Healthy, Unhealthy};
    assert_eq!(note(says(0)), (Healthy, 0, Some(None), false));
    assert_eq!(note(says(0)), (Healthy, 0, None, false));
    assert_eq!(note(miss()), (Degraded, 1, Some(Some(Healthy)), false));
    assert_eq!(note(miss()), (Degraded, 2, None, false));
    assert_eq!(note(miss()), (Unhealthy, 3, Some(Some(Degraded)), true));
    assert_eq!(note(miss()), (Unhealthy, 4, None, true));
    assert_eq!(note(says(0)), (Healthy, 0, Some(Some(Unhealthy)), false));
    assert_eq!(note(miss()), (Degraded, 1, Some(Some(Healthy)), false));
}

#[test]
fn saying_thrice_that_it_is_unhealthy_is_too_much_as_well() {
    let mut course = Course::default();
    let mut note = |outcome| {
        let told = course.note(outcome, Duration::ZERO, 3);
        (told.report.verdict, told.is_lost)
    };
    use HealthStatus::{Degraded, Unhealthy};
    assert_eq!(note(says(2)), (Unhealthy, false));
    assert_eq!(note(miss()), (Unhealthy, false));
    assert_eq!(note(says(2)), (Unhealthy, true));
    assert_eq!(note(says(1)), (Degraded, false));
    assert_eq!(note(says(2)), (Unhealthy, false));
}
