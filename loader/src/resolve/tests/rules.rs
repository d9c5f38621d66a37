//! Does each rule of requirements, services, order and cycles hold?

use super::{check, plugin};

#[test]
fn dependencies_then_priority_then_id() {
    check(
        &[
            plugin("d").priority(10).requires("c"),
            plugin("c").priority(50),
            plugin("b").priority(20),
            plugin("a").priority(20),
            plugin("e").priority(-5),
        ],
        &["e 1.0.0", "a 1.0.0", "b 1.0.0", "c 1.0.0", "d 1.0.0 !c"],
    );
}

#[test]
fn what_is_broken_stays_out_and_the_rest_starts() {
    check(
        &[
            plugin("store 1.4.0"),
            plugin("report").requires("store ^2"),
            plugin("chart").requires("report"),
            plugin("wall").requires("chart").requires("store ^1"),
            plugin("clock"),
        ],
        &[
            "clock 1.0.0",
            "store 1.4.0",
            "- chart 1.0.0: dependency-failed: requires report, which was not started (root \
             cause: store 1.4.0 does not satisfy ^2)",
            "- report 1.0.0: version-mismatch: requires store ^2, and store 1.4.0 is installed",
            "- wall 1.0.0: dependency-failed: requires chart, which was not started (root cause: \
             store 1.4.0 does not satisfy ^2)",
        ],
    );
}

#[test]
fn all_faults_at_once_the_decisive_first() {
    check(
        &[
            plugin("a")
                .requires("down")
                .requires("stroe ^2")
                .requires("store ^3")
                .requires("off")
                .requires("service mail ^1")
                .requires("a"),
            plugin("down").requires("nowhere"),
            plugin("store"),
            plugin("off").disabled(),
        ],
        &[
            "store 1.0.0",
            "- a 1.0.0: missing-dependency: requires stroe ^2, which is not installed (did you \
             mean store?)",
            "- a 1.0.0: version-mismatch: requires store ^3, and store 1.0.0 is installed",
            "- a 1.0.0: missing-dependency: requires off, which is disabled",
            "- a 1.0.0: missing-dependency: requires service mail ^1, which nothing provides",
            "- a 1.0.0: cycle: requires itself: a → a",
            "- a 1.0.0: dependency-failed: requires down, which was not started (root cause: \
             nowhere is not installed)",
            "- down 1.0.0: missing-dependency: requires nowhere, which is not installed",
            "- off 1.0.0: disabled: not enabled: set enabled = true under [plugins.off]",
        ],
    );
}

#[test]
fn a_cycle_leaves_out_exactly_its_members() {
    check(
        &[
            plugin("b").requires("c"),
            plugin("c").requires("a"),
            plugin("a").requires("b").requires("base"),
            plugin("base"),
            plugin("below").requires("b"),
            plugin("deeper").requires("below"),
        ],
        &[
            "base 1.0.0",
            "- a 1.0.0: cycle: requires itself: a → b → c → a",
            "- b 1.0.0: cycle: requires itself: a → b → c → a",
            "- below 1.0.0: dependency-failed: requires b, which is a member of a cycle (root \
             cause: cycle a → b → c → a)",
            "- c 1.0.0: cycle: requires itself: a → b → c → a",
            "- deeper 1.0.0: dependency-failed: requires below, which was not started (root \
             cause: cycle a → b → c → a)",
        ],
    );
}

#[test]
fn each_member_is_shown_a_cycle_that_it_is_in() {
    check(
        &[
            plugin("a").requires("b"),
            plugin("b").requires("a").requires("c"),
            plugin("c").requires("b"),
        ],
        &[
            "- a 1.0.0: cycle: requires itself: a → b → a",
            "- b 1.0.0: cycle: requires itself: a → b → a",
            "- c 1.0.0: cycle: requires itself: b → c → b",
        ],
    );
}

#[test]
fn a_member_of_a_cycle_may_lack_something_as_well() {
    check(
        &[
            plugin("a").requires("b"),
            plugin("b").requires("a").requires("gone"),
            plugin("x").requires("b"),
        ],
        &[
            "- a 1.0.0: cycle: requires itself: a → b → a",
            "- b 1.0.0: missing-dependency: requires gone, which is not installed",
            "- b 1.0.0: cycle: requires itself: a → b → a",
            "- x 1.0.0: dependency-failed: requires b, which was not started (root cause: gone \
             is not installed)",
        ],
    );
}

#[test]
fn optional_requirements() {
    check(
        &[
            plugin("absent").wants("gone ^1"),
            plugin("early").wants("late ^1"),
            plugin("late").priority(90),
            plugin("mismatched").wants("late ^2"),
            plugin("off").disabled(),
            plugin("silent").wants("off"),
        ],
        &[
            "absent 1.0.0",
            "mismatched 1.0.0",
            "silent 1.0.0",
            "late 1.0.0",
            "early 1.0.0 ?late",
            "- off 1.0.0: disabled: not enabled: set enabled = true under [plugins.off]",
            "! mismatched: optionally requires late ^2, and late 1.0.0 is installed: treated as \
             absent",
        ],
    );
}

#[test]
fn degraded_without_what_failed() {
    check(
        &[
            plugin("a").wants("broken").wants("service watch"),
            plugin("b").wants("bad"),
            plugin("broken").requires("gone"),
            plugin("timer").provides("watch").requires("broken"),
            plugin("bad").rejected("built for ABI 2.1, this host speaks 1.4"),
        ],
        &[
            "a 1.0.0",
            "b 1.0.0",
            "- broken 1.0.0: missing-dependency: requires gone, which is not installed",
            "- timer 1.0.0: dependency-failed: requires broken, which was not started (root \
             cause: gone is not installed)",
            "~ a: optionally requires broken, which was not started (root cause: gone is not \
             installed)",
            "~ a: optionally requires service watch, and its provider timer was not started \
             (root cause: gone is not installed)",
            "~ b: optionally requires bad, which was rejected (root cause: bad: built for ABI \
             2.1, this host speaks 1.4)",
        ],
    );
}

#[test]
fn rejected_before() {
    check(
        &[
            plugin("bad").provides("watch").rejected("cut short"),
            plugin("a").requires("bad"),
            plugin("b").requires("service watch ^1"),
            plugin("c").requires("a"),
            plugin("d").requires("bad ^2"),
        ],
        &[
            "- a 1.0.0: dependency-failed: requires bad, which was rejected (root cause: bad: \
             cut short)",
            "- b 1.0.0: dependency-failed: requires service watch, and its provider bad was \
             rejected (root cause: bad: cut short)",
            "- c 1.0.0: dependency-failed: requires a, which was not started (root cause: bad: \
             cut short)",
            "- d 1.0.0: version-mismatch: requires bad ^2, and bad 1.0.0 is installed",
        ],
    );
}

#[test]
fn a_cycle_is_broken_at_its_optional_edge() {
    check(
        &[
            plugin("a").wants("b"),
            plugin("b").requires("c"),
            plugin("c").requires("a"),
        ],
        &[
            "a 1.0.0",
            "c 1.0.0 !a",
            "b 1.0.0 !c",
            "! a: optionally requires b and is not started after b: that would close a cycle",
        ],
    );
}

#[test]
fn order_gives_way_to_optional() {
    check(
        &[plugin("a").wants("b"), plugin("b").after("a")],
        &[
            "b 1.0.0",
            "a 1.0.0 ?b",
            "! b: is not started after a: that would close a cycle",
        ],
    );
}

#[test]
fn one_edge_of_a_ring_of_orders_is_given_up() {
    check(
        &[
            plugin("a").after("b"),
            plugin("b").after("c"),
            plugin("c").after("a"),
            plugin("x").after("c"),
        ],
        &[
            "a 1.0.0",
            "c 1.0.0 >a",
            "b 1.0.0 >c",
            "x 1.0.0 >c",
            "! a: is not started after b: that would close a cycle",
        ],
    );
}

#[test]
fn order_only() {
    check(
        &[
            plugin("a").after("z").after("gone"),
            plugin("z").priority(90),
            plugin("y").priority(95).before("m").before("off"),
            plugin("m"),
            plugin("off").disabled(),
        ],
        &[
            "z 1.0.0",
            "a 1.0.0 >z",
            "y 1.0.0",
            "m 1.0.0 >y",
            "- off 1.0.0: disabled: not enabled: set enabled = true under [plugins.off]",
        ],
    );
}

#[test]
fn order_about_itself_or_against_a_requirement() {
    check(
        &[
            plugin("a").after("a").before("a").wants("a"),
            plugin("b").requires("c").before("c"),
            plugin("c"),
        ],
        &[
            "a 1.0.0",
            "c 1.0.0",
            "b 1.0.0 !c",
            "! a: optionally requires a and is not started after a: that would close a cycle",
            "! a: is not started after a: that would close a cycle",
            "! a: is not started before a: that would close a cycle",
            "! b: is not started before c: that would close a cycle",
        ],
    );
}

#[test]
fn services() {
    check(
        &[
            plugin("user").priority(1).requires("service watch ^1"),
            plugin("old").priority(20).provides("watch 1.0.0"),
            plugin("new").priority(20).provides("watch 1.3.0"),
            plugin("first").priority(30).provides("watch 1.9.0"),
            plugin("other").priority(10).provides("watch 2.0.0"),
        ],
        &[
            "other 1.0.0",
            "new 1.0.0",
            "old 1.0.0",
            "first 1.0.0",
            "user 1.0.0 !new !old !first",
        ],
    );
}

#[test]
fn services_that_are_not_there() {
    check(
        &[
            plugin("a").requires("service watch ^3"),
            plugin("b").provides("watch 1.0.0"),
            plugin("c").provides("watch 2.0.0"),
            plugin("d").provides("mail").disabled(),
            plugin("e").requires("service mail"),
            plugin("f")
                .requires("b2")
                .requires("service b")
                .requires("mail"),
        ],
        &[
            "b 1.0.0",
            "c 1.0.0",
            "- a 1.0.0: version-mismatch: requires service watch ^3, and c provides 2.0.0 and b \
             provides 1.0.0",
            "- d 1.0.0: disabled: not enabled: set enabled = true under [plugins.d]",
            "- e 1.0.0: missing-dependency: requires service mail, and its provider d is disabled",
            "- f 1.0.0: missing-dependency: requires b2, which is not installed",
            "- f 1.0.0: missing-dependency: requires service b, which nothing provides (b is a \
             plugin: require it as one)",
            "- f 1.0.0: missing-dependency: requires mail, which is not installed (mail is a \
             service: require it as one)",
        ],
    );
}

#[test]
fn another_provider_stands_in_for_one_that_fails() {
    check(
        &[
            plugin("user").requires("service watch"),
            plugin("best")
                .priority(1)
                .provides("watch")
                .requires("gone"),
            plugin("next").provides("watch"),
        ],
        &[
            "next 1.0.0",
            "user 1.0.0 !next",
            "- best 1.0.0: missing-dependency: requires gone, which is not installed",
        ],
    );
}

#[test]
fn all_providers_fail() {
    check(
        &[
            plugin("user").requires("service watch"),
            plugin("a").provides("watch").requires("gone"),
            plugin("b").provides("watch").requires("user"),
            plugin("other").requires("service watch"),
        ],
        &[
            "- a 1.0.0: missing-dependency: requires gone, which is not installed",
            "- b 1.0.0: cycle: requires itself: b → user → b",
            "- other 1.0.0: dependency-failed: requires service watch, and of its providers a \
             and b none was started (root cause: gone is not installed)",
            "- user 1.0.0: cycle: requires itself: b → user → b",
        ],
    );
}

#[test]
fn a_provider_that_needs_its_user_gives_way_to_another() {
    check(
        &[
            plugin("user").requires("service watch"),
            plugin("best")
                .priority(1)
                .provides("watch")
                .requires("user"),
            plugin("next").provides("watch"),
        ],
        &[
            "next 1.0.0",
            "user 1.0.0 !next",
            "best 1.0.0 !user",
            "! user: requires service watch and is started after next, not after best: that \
             would close a cycle",
        ],
    );
}

#[test]
fn a_spare_provider_that_needs_its_user_comes_later_without_a_word() {
    check(
        &[
            plugin("user").requires("service watch"),
            plugin("best").provides("watch"),
            plugin("spare").provides("watch").requires("user"),
        ],
        &["best 1.0.0", "user 1.0.0 !best", "spare 1.0.0 !user"],
    );
}

#[test]
fn the_preferred_provider_outweighs_order() {
    check(
        &[
            plugin("user").requires("service watch"),
            plugin("best").priority(1).provides("watch").after("user"),
            plugin("next").provides("watch"),
        ],
        &[
            "best 1.0.0",
            "next 1.0.0",
            "user 1.0.0 !best !next",
            "! best: is not started after user: that would close a cycle",
        ],
    );
}

#[test]
fn a_provider_wraps_another_of_the_same_service() {
    check(
        &[
            plugin("cache")
                .priority(1)
                .provides("store 1.1.0")
                .requires("service store ^1"),
            plugin("disk").provides("store"),
        ],
        &["disk 1.0.0", "cache 1.0.0 !disk"],
    );
    check(
        &[plugin("cache").provides("store").requires("service store")],
        &["- cache 1.0.0: cycle: requires itself: cache → cache"],
    );
}
