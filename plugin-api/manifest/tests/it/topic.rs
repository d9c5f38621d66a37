//! Does a pattern match the topics that it should, and cover another only when it matches more?

use jackfield_manifest::{MAX_TOPIC_LEN, PatternError, TopicPattern, check_topic};
use proptest::{prelude::*, sample::select};

fn pattern(text: &str) -> TopicPattern {
    text.parse().unwrap()
}

#[test]
fn patterns_match_whole_names() {
    let matches = |text: &str, topic: &str| pattern(text).matches(topic);
    assert!(matches("a.b", "a.b") && !matches("a.b", "a.b.c"));
    assert!(matches("a.*", "a.b") && !matches("a.*", "a") && !matches("a.*", "a.b.c"));
    assert!(!matches("a.*", "ab.c"));
    assert!(matches("a.**", "a") && matches("a.**", "a.b.c") && !matches("a.**", "ab"));
    assert!(matches("**", "a") && matches("**", "a.b"));
}

#[test]
fn what_is_no_pattern_is_refused_with_the_forms_that_are() {
    for bad in [
        "", ".", "a..b", "*", "*.a", "a.*.b", "a b", "a.***", ".*", ".**", "a\0",
    ] {
        assert_eq!(TopicPattern::new(bad), Err(PatternError(bad.to_owned())));
    }
    assert_eq!(
        TopicPattern::new("*").unwrap_err().to_string(),
        "`*` is no pattern: expected a topic, `prefix.*`, `prefix.**` or `**`"
    );
    assert_eq!(
        check_topic("a.*").unwrap_err().to_string(),
        "`a.*` is no topic: expected names of [A-Za-z0-9_-], joined by dots, and at most 256 bytes"
    );
    assert!(check_topic(&"a".repeat(MAX_TOPIC_LEN)).is_ok());
    assert!(check_topic(&"a".repeat(MAX_TOPIC_LEN + 1)).is_err());
}

/// Every topic of up to four names out of three: patterns of up to two names cannot tell more apart.
fn topics() -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    let mut last = vec![String::new()];
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|topic| ["a", "ab", "c"].map(|name| format!("{topic}.{name}")))
            .collect();
        topics.extend(last.iter().map(|topic| topic[1..].to_owned()));
    }
    topics
}

fn any_pattern() -> impl Strategy<Value = TopicPattern> {
    let names = prop::collection::vec(select(vec!["a", "ab", "c"]), 0..=2);
    (names, select(vec!["", "*", "**"])).prop_filter_map("a pattern", |(mut names, end)| {
        names.extend((!end.is_empty()).then_some(end));
        TopicPattern::new(&names.join(".")).ok()
    })
}

/// By the definition, name by name.
fn matches(pattern: &str, topic: &str) -> bool {
    let topic: Vec<&str> = topic.split('.').collect();
    let names: Vec<&str> = pattern.split('.').collect();
    match names.split_last() {
        Some((&"**", stem)) => topic.starts_with(stem),
        Some((&"*", stem)) => topic.starts_with(stem) && topic.len() == names.len(),
        _ => topic == names,
    }
}

proptest! {
    #[test]
    fn matching_is_as_it_is_defined(pattern in any_pattern()) {
        for topic in topics() {
            prop_assert_eq!(pattern.matches(&topic), matches(pattern.as_str(), &topic), "{}", topic);
        }
    }

    #[test]
    fn covering_is_matching_all_that_the_other_matches(a in any_pattern(), b in any_pattern()) {
        let all = topics().iter().all(|topic| !b.matches(topic) || a.matches(topic));
        prop_assert_eq!(a.covers(&b), all, "{} {}", a, b);
    }
}
