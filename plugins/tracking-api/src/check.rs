//! What a backend may rely on.

use crate::{Map, Metric, TrackingError};
use plugin_api::serde_json;

/// The longest name of a metric or parameter, and the longest path of an artifact, in bytes.
pub const MAX_NAME_LEN: usize = 512;
/// The longest text of a map, in bytes.
pub const MAX_MAP_LEN: usize = 1 << 20;

/// Whether a metric or parameter may have that name.
///
/// # Errors
///
/// [`TrackingError::Invalid`] where it is empty, too long, or has a control character.
pub fn check_name(name: &str) -> Result<(), TrackingError> {
    let wrong = |found: String| {
        Err(TrackingError::Invalid(format!(
            "expected a name of 1 to {MAX_NAME_LEN} bytes without control characters, found {found}"
        )))
    };
    match name.len() {
        0 => wrong("an empty one".to_owned()),
        1..=MAX_NAME_LEN if !name.contains(char::is_control) => Ok(()),
        1..=MAX_NAME_LEN => wrong(format!("{name:?}")),
        len => wrong(format!("one of {len} bytes")),
    }
}

/// Whether an artifact may have that path: names joined by `/`, none of them `.` or `..`, so that
/// it cannot lead out of where a backend puts it.
///
/// # Errors
///
/// [`TrackingError::Invalid`] where it may not.
pub fn check_artifact_path(path: &str) -> Result<(), TrackingError> {
    let name = |name: &str| {
        !matches!(name, "" | "." | "..") && !name.contains(|c: char| c.is_control() || c == '\\')
    };
    if path.len() <= MAX_NAME_LEN && path.split('/').all(name) {
        return Ok(());
    }
    let shown: String = path.chars().take(MAX_NAME_LEN).collect();
    Err(TrackingError::Invalid(format!(
        "expected a relative path of at most {MAX_NAME_LEN} bytes, such as \"models/best.bin\", \
         found {shown:?}"
    )))
}

pub(crate) fn check_metric(metric: &Metric<'_>) -> Result<(), TrackingError> {
    check_name(metric.name())?;
    let value = metric.value();
    if value.is_finite() {
        return Ok(());
    }
    Err(TrackingError::Invalid(format!(
        "metric `{}`: expected a finite number, found {value}",
        metric.name()
    )))
}

pub(crate) fn read_map(text: &str) -> Result<Map, TrackingError> {
    if text.len() > MAX_MAP_LEN {
        return Err(TrackingError::Invalid(format!(
            "expected a map of at most {MAX_MAP_LEN} bytes, found one of {}",
            text.len()
        )));
    }
    serde_json::from_str(text)
        .map_err(|error| TrackingError::Invalid(format!("expected a JSON object: {error}")))
}

pub(crate) fn write_map(map: &Map) -> Result<String, TrackingError> {
    let text = serde_json::to_string(map)
        .map_err(|error| TrackingError::Failed(format!("cannot write a map: {error}")))?;
    if text.len() > MAX_MAP_LEN {
        return Err(TrackingError::Invalid(format!(
            "expected a map of at most {MAX_MAP_LEN} bytes, found one of {}",
            text.len()
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: Result<T, TrackingError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_name_is_a_line_of_some_length() {
        let expected = "expected a name of 1 to 512 bytes without control characters, found ";
        check_name("train.loss/α").unwrap();
        assert_eq!(message(check_name("")), format!("{expected}an empty one"));
        assert_eq!(message(check_name("a\nb")), format!("{expected}\"a\\nb\""));
        let long = "x".repeat(513);
        assert_eq!(
            message(check_name(&long)),
            format!("{expected}one of 513 bytes")
        );
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        for good in ["a", "a/b.bin", "..a/b..", "über/1"] {
            check_artifact_path(good).unwrap();
        }
        for bad in ["", "/a", "a/", "a//b", ".", "../a", "a/../b", "a\\b", "a\0"] {
            assert_eq!(
                message(check_artifact_path(bad)),
                format!(
                    "expected a relative path of at most 512 bytes, such as \"models/best.bin\", \
                     found {bad:?}"
                )
            );
        }
        check_artifact_path(&"x".repeat(513)).unwrap_err();
    }

    #[test]
    fn a_value_is_finite() {
        let nan = Metric::new("loss", f64::NAN, 0);
        assert_eq!(
            message(check_metric(&nan)),
            "metric `loss`: expected a finite number, found NaN"
        );
        check_metric(&Metric::new("loss", -0.5, 0)).unwrap();
    }

    #[test]
    fn a_map_is_an_object_of_some_size() {
        assert_eq!(read_map("{\"a\":[1]}").unwrap()["a"][0], 1);
        assert!(message(read_map("[]")).starts_with("expected a JSON object: invalid type"));
        let long = " ".repeat(MAX_MAP_LEN + 1);
        assert_eq!(
            message(read_map(&long)),
            "expected a map of at most 1048576 bytes, found one of 1048577"
        );
    }
}
