//! What is computed from what the machine says.

use plugin_api::serde_json::Value;
use std::time::Duration;

/// A part of a whole, 0 to 100; `null` of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    share(part, whole).into()
}

/// The same of what there may be nothing of: 0 then.
#[expect(clippy::cast_precision_loss, reason = "a share is no exact figure")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// So many in that time, a second.
#[expect(clippy::cast_precision_loss, reason = "a rate is no exact figure")]
pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_not_known() {
        assert_eq!(percent(1, 4), 25.0);
        assert_eq!(percent(1, 0), Value::Null);
        assert_eq!((share(1, 4), share(0, 0)), (25.0, 0.0));
    }

    #[test]
    fn a_rate_is_a_second() {
        assert_eq!(rate(500, Duration::from_millis(250)), 2000.0);
        assert!(rate(1, Duration::ZERO).is_finite());
    }
}
