//! Are services of the host's own met by the host, in the version that it has, and by nobody else?

use super::{check, plugin};

#[test]
fn the_host_meets_what_is_in_range_and_nobody_is_waited_for() {
    check(
        &[
            plugin("a")
                .requires("service clock ^1")
                .wants("service bus"),
            plugin("b").wants("service storage >=1, <3").requires("a"),
            // Vetting leaves it out; even so nobody would wait for it.
            plugin("c").provides("clock 1.0.0").requires("b"),
        ],
        &["a 1.0.0", "b 1.0.0 !a", "c 1.0.0 !b"],
    );
}

#[test]
fn another_version_is_told_with_the_hosts() {
    check(
        &[
            plugin("a").requires("service clock ^2"),
            plugin("b").wants("service topology ^1.1"),
            plugin("c").requires("a"),
            plugin("d").provides("clock 2.0.0"),
        ],
        &[
            "b 1.0.0",
            "d 1.0.0",
            "- a 1.0.0: version-mismatch: requires service clock ^2, and this host provides clock \
             1.0.0",
            "- c 1.0.0: dependency-failed: requires a, which was not started (root cause: this \
             host's clock 1.0.0 does not satisfy ^2)",
            "! b: optionally requires service topology ^1.1, and this host provides topology \
             1.0.0: treated as absent",
        ],
    );
}

#[test]
fn what_is_required_with_a_cycle_beside_it_is_met_all_the_same() {
    check(
        &[
            plugin("a").requires("service clock").requires("b"),
            plugin("b").wants("a"),
            plugin("c").requires("service config ^1").requires("d"),
            plugin("d").requires("c"),
        ],
        &[
            "b 1.0.0",
            "a 1.0.0 !b",
            "- c 1.0.0: cycle: requires itself: c → d → c",
            "- d 1.0.0: cycle: requires itself: c → d → c",
            "! b: optionally requires a and is not started after a: that would close a cycle",
        ],
    );
}

#[test]
fn a_name_that_is_nearly_one_is_suggested() {
    check(
        &[
            plugin("a").requires("service clok"),
            plugin("b").requires("clock"),
        ],
        &[
            "- a 1.0.0: missing-dependency: requires service clok, which nothing provides (did you \
             mean clock?)",
            "- b 1.0.0: missing-dependency: requires clock, which is not installed (clock is a \
             service: require it as one)",
        ],
    );
}
