//! What goes where.

use crate::record::Sort;
use plugin_api::serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

/// One rule as it is configured. What it does not say, it does not ask.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(crate) struct Rule {
    #[serde(default = "anything")]
    source: String,
    #[serde(default = "anything")]
    metric: String,
    #[serde(default, rename = "type")]
    sort: Which,
    #[serde(default = "anything")]
    target: String,
    #[serde(default)]
    exclude: bool,
}

fn anything() -> String {
    "*".to_owned()
}

/// Of which sort it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    #[default]
    Any,
    #[serde(untagged)]
    Only(Sort),
}

/// All of them. Their order does not matter.
pub(crate) struct Rules {
    rules: Vec<(Rule, Patterns)>,
}

struct Patterns {
    source: WildMatch,
    metric: WildMatch,
    target: WildMatch,
}

/// What the rules are asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thing<'a> {
    pub(crate) sort: Sort,
    /// The plugin that it is of.
    pub(crate) source: &'a str,
    /// Its name, without the plugin's.
    pub(crate) name: &'a str,
}

impl Rules {
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        let with_patterns = |rule: Rule| {
            let patterns = Patterns {
                source: WildMatch::new(&rule.source),
                metric: WildMatch::new(&rule.metric),
                target: WildMatch::new(&rule.target),
            };
            (rule, patterns)
        };
        Self {
            rules: rules.into_iter().map(with_patterns).collect(),
        }
    }

    pub(crate) fn list(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|(rule, _)| rule)
    }

    /// The rules that such a thing comes under, whatever their targets.
    fn about<'r>(&'r self, thing: Thing<'_>) -> Vec<&'r (Rule, Patterns)> {
        let whole = format!("{}.{}", thing.source, thing.name);
        let matches = |(rule, patterns): &&(Rule, Patterns)| {
            (rule.sort == Which::Any || rule.sort == Which::Only(thing.sort))
                && patterns.metric.matches(thing.name)
                && (patterns.source.matches(thing.source) || patterns.source.matches(&whole))
        };
        self.rules.iter().filter(matches).collect()
    }

    /// Which of those backends it goes to: those that an including rule names, but for those that an
    /// excluding one does.
    pub(crate) fn targets<'t>(
        &self,
        thing: Thing<'_>,
        backends: impl Iterator<Item = &'t str>,
    ) -> Vec<&'t str> {
        let rules = self.about(thing);
        let named = |backend: &str, exclude| {
            let mut rules = rules.iter().filter(|(rule, _)| rule.exclude == exclude);
            rules.any(|(_, patterns)| patterns.target.matches(backend))
        };
        backends
            .filter(|backend| named(backend, false) && !named(backend, true))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::{from_value, json};

    fn rules(rules: plugin_api::serde_json::Value) -> Rules {
        Rules::new(from_value(rules).unwrap())
    }

    fn targets(rules: &Rules, sort: Sort, source: &str, name: &str) -> String {
        let thing = Thing { sort, source, name };
        let backends = ["other", "sqlite-backend"];
        rules.targets(thing, backends.into_iter()).join(" ")
    }

    #[test]
    fn a_rule_that_says_nothing_takes_everything() {
        let all = rules(json!([{}]));
        assert_eq!(
            targets(&all, Sort::Metric, "a", "b"),
            "other sqlite-backend"
        );
        let none = rules(json!([]));
        assert_eq!(targets(&none, Sort::Metric, "a", "b"), "");
    }

    #[test]
    fn each_part_of_a_rule_selects() {
        let some = rules(json!([
            {"source": "system-collector.*", "metric": "cpu_*", "target": "sqlite-*"},
            {"source": "tra?n", "type": "params", "target": "other"},
        ]));
        let of = |sort, source, name| targets(&some, sort, source, name);
        assert_eq!(
            of(Sort::Metric, "system-collector", "cpu_percent"),
            "sqlite-backend"
        );
        assert_eq!(of(Sort::Metric, "system-collector", "disk_used"), "");
        assert_eq!(of(Sort::Metric, "other-collector", "cpu_percent"), "");
        assert_eq!(of(Sort::Params, "train", "lr"), "other");
        assert_eq!(of(Sort::Metric, "train", "lr"), "");
    }

    #[test]
    fn what_is_excluded_stays_out_in_any_order() {
        let of = |value| {
            let rules = rules(value);
            let of = |name| targets(&rules, Sort::Metric, "a", name);
            [of("top.0.pid"), of("cpu")]
        };
        let (all, none) = (
            json!({}),
            json!({"metric": "top.*", "target": "other", "exclude": true}),
        );
        let expected = ["sqlite-backend", "other sqlite-backend"];
        assert_eq!(of(json!([all, none])), expected);
        assert_eq!(of(json!([none, all])), expected);
    }
}
