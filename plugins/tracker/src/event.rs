//! What plugins publish as metrics.

use plugin_api::serde_json::Value;

/// What they publish it under.
const TOPIC: &str = "metrics.";

/// The metric's name, without the publisher's; `None` where the topic has none.
pub(crate) fn name<'t>(topic: &'t str, publisher: &str) -> Option<&'t str> {
    let name = topic.strip_prefix(TOPIC)?;
    // `metrics.train.loss` of `train` is its `loss`.
    let own = name
        .strip_prefix(publisher)
        .and_then(|name| name.strip_prefix('.'));
    Some(own.unwrap_or(name))
}

/// What was measured, and at which step: `{"value": 1, "step": 2}` is one number at a step. Of an
/// object with more in it all is measured.
pub(crate) fn measured(value: Value) -> (Value, Option<i64>) {
    let Value::Object(map) = &value else {
        return (value, None);
    };
    let alone = map.keys().all(|key| key == "value" || key == "step");
    match map.get("value") {
        Some(number @ Value::Number(_)) if alone => {
            let step = map.get("step").and_then(Value::as_i64);
            (number.clone(), step)
        }
        _ => (value, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::json;

    #[test]
    fn a_topic_names_a_metric_or_none() {
        assert_eq!(name("metrics.train.loss", "train"), Some("loss"));
        assert_eq!(name("metrics.trainer.loss", "train"), Some("trainer.loss"));
        assert_eq!(name("metrics.train", "train"), Some("train"));
        assert_eq!(name("metrics", "train"), None);
    }

    #[test]
    fn a_value_is_alone_where_nothing_else_but_a_step_is_there() {
        assert_eq!(measured(json!(1)), (json!(1), None));
        assert_eq!(
            measured(json!({"value": 1, "step": 2})),
            (json!(1), Some(2))
        );
        assert_eq!(measured(json!({"value": 1})), (json!(1), None));
        for all in [
            json!({"value": 1, "loss": 2}),
            json!({"value": 1, "loss": 2, "step": 3}),
            json!({"value": {"a": 1}}),
            json!({"loss": 1, "step": 2}),
        ] {
            assert_eq!(measured(all.clone()), (all, None));
        }
    }
}
