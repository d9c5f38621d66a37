//! When a cron expression comes next, and waiting for it.
//!
//! Expressions are read here rather than in the SDK, so that no plugin carries a calendar.

use croner::{Cron, parser::CronParser};
use jiff::{Timestamp, tz::TimeZone};
use std::{future::Future, time::Duration};

/// The longest sleep, so that a clock that was set is noticed.
const SLICE: Duration = Duration::from_secs(30);

/// A clock that is set back by no more than this does not bring back what has come already.
const SET_BACK_NS: i64 = 3600 * 1_000_000_000;

/// What each field is, where there are seven.
const FIELDS: [&str; 7] = [
    "seconds, 0 to 59",
    "minutes, 0 to 59",
    "hours, 0 to 23",
    "days of the month, 1 to 31",
    "months, 1 to 12 or JAN to DEC",
    "days of the week, 0 to 7 or SUN to SAT",
    "years, 1 to 5000",
];

/// Why an expression is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CronError {
    /// Too few, or too many.
    #[error(
        "`{expression}` is no schedule: expected 6 fields (second minute hour day month weekday), \
         found {found}"
    )]
    Fields {
        /// All of it.
        expression: String,
        /// How many fields.
        found: usize,
    },
    /// One of them does not fit.
    #[error("`{expression}` is no schedule: column {column}: expected {expected}, found `{found}`")]
    Field {
        /// All of it.
        expression: String,
        /// Where the field begins, in characters from 1.
        column: usize,
        /// What it has to be.
        expected: &'static str,
        /// The field.
        found: String,
    },
}

/// A cron expression that was read.
#[derive(Clone)]
pub(crate) struct Expression(Cron);

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        let parser = CronParser::new();
        match parser.parse(text) {
            Ok(cron) => Ok(Self(cron)),
            Err(_) => Err(fault(parser, text)),
        }
    }

    /// The first time after `after_ns` in that zone; both in nanoseconds since 1970.
    fn next(&self, after_ns: i64, zone: &TimeZone) -> Option<i64> {
        let after = Timestamp::from_nanosecond(i128::from(after_ns)).ok()?;
        let next = self
            .0
            .find_next_occurrence(&after.to_zoned(zone.clone()), false);
        i64::try_from(next.ok()?.timestamp().as_nanosecond()).ok()
    }
}

/// Which field it is: the one that does not fit among others that do.
fn fault(parser: CronParser, text: &str) -> CronError {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let wrong = |(place, field): (usize, &&str)| {
        let mut alone = ["*"; 7];
        alone[place] = field;
        parser.parse(&alone.join(" ")).is_err()
    };
    // Without seconds the first field is the minutes.
    let skipped = usize::from(fields.len() == 5);
    let named = (skipped..)
        .zip(&fields)
        .find(|field| field.0 < 7 && wrong(*field));
    match named {
        Some((place, field)) if (5..=7).contains(&fields.len()) => {
            let before = &text[..field.as_ptr().addr() - text.as_ptr().addr()];
            CronError::Field {
                expression: text.to_owned(),
                column: before.chars().count() + 1,
                expected: FIELDS[place],
                found: (*field).to_owned(),
            }
        }
        _ => CronError::Fields {
            expression: text.to_owned(),
            found: fields.len(),
        },
    }
}

/// What time it is, and waiting.
pub(crate) trait Clock {
    /// Nanoseconds since 1970.
    fn now(&self) -> i64;
    fn zone(&self) -> TimeZone;
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Waits for the next time, and gives it; `i64::MAX` where there is none. `after` is the one that
/// was given last, or 0.
pub(crate) async fn wait(expression: Expression, after: i64, clock: impl Clock) -> i64 {
    let mut seen = clock.now();
    let from = if after.saturating_sub(seen) > SET_BACK_NS {
        seen
    } else {
        seen.max(after)
    };
    let mut next = expression.next(from, &clock.zone());
    loop {
        let Some(until) = next else {
            return i64::MAX;
        };
        let now = clock.now();
        if now >= until {
            return until;
        }
        if seen.saturating_sub(now) > SET_BACK_NS {
            next = expression.next(now, &clock.zone());
            seen = now;
            continue;
        }
        seen = seen.max(now);
        let left = Duration::from_nanos(until.saturating_sub(now).unsigned_abs());
        clock.sleep(left.min(SLICE)).await;
    }
}

#[cfg(test)]
mod tests;
