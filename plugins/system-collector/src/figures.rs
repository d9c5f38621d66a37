//! What is computed from what the machine says.

use plugin_api::serde_json::Value;
use std::time::Duration;

/// A part of a whole, 0 to 100; `null` of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share is no exact figure")]
pub(crate) fn percent(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    (part as f64 * 100.0 / whole as f64).into()
}

/// So many in that time, a second.
#[expect(clippy::cast_precision_loss, reason = "a rate is no exact figure")]
pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}

/// The mount point that a path lies below: the longest.
pub(crate) fn mount<'m>(path: &str, mounts: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let path = std::path::Path::new(path);
    let above = mounts.filter(|mount| path.starts_with(mount));
    above.max_by_key(|mount| mount.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_not_known() {
        assert_eq!(percent(1, 4), 25.0);
        assert_eq!(percent(1, 0), Value::Null);
    }

    #[test]
    fn a_rate_is_a_second() {
        assert_eq!(rate(500, Duration::from_millis(250)), 2000.0);
        assert!(rate(1, Duration::ZERO).is_finite());
    }

    #[test]
    fn a_path_lies_in_the_innermost_file_system() {
        let mounts = ["/", "/home", "/ho"];
        let of = |path| mount(path, mounts.into_iter());
        assert_eq!(of("/home/you"), Some("/home"));
        assert_eq!(of("/hom"), Some("/"));
        assert_eq!(of("relative"), None);
    }
}
