//! Is the right one of several versions and files chosen?

use super::{check, plugin};

#[test]
fn the_highest_that_all_dependents_accept() {
    check(
        &[
            plugin("store 1.4.0"),
            plugin("store 1.9.0"),
            plugin("store 2.1.0"),
            plugin("a").requires("store >=1.2"),
            plugin("b").requires("store ^1"),
        ],
        &[
            "store 1.9.0",
            "a 1.0.0 !store",
            "b 1.0.0 !store",
            "- store 1.4.0: superseded: superseded by store 1.9.0 (store-1.9.0.so)",
            "- store 2.1.0: superseded: superseded by store 1.9.0 (store-1.9.0.so)",
        ],
    );
}

#[test]
fn else_the_highest() {
    check(
        &[
            plugin("store 1.0.0"),
            plugin("store 2.0.0"),
            plugin("a").requires("store ^1"),
            plugin("b").requires("store ^2"),
        ],
        &[
            "store 2.0.0",
            "b 1.0.0 !store",
            "- a 1.0.0: version-mismatch: requires store ^1, and store 2.0.0 is installed (1.0.0 \
             was superseded by it)",
            "- store 1.0.0: superseded: superseded by store 2.0.0 (store-2.0.0.so)",
        ],
    );
}

#[test]
fn an_optional_wish_does_not_outweigh_a_requirement() {
    check(
        &[
            plugin("store 1.0.0"),
            plugin("store 2.0.0"),
            plugin("store 3.0.0"),
            plugin("a").requires("store ^1"),
            plugin("b").wants("store ^2"),
        ],
        &[
            "b 1.0.0",
            "store 1.0.0",
            "a 1.0.0 !store",
            "- store 2.0.0: superseded: superseded by store 1.0.0 (store-1.0.0.so)",
            "- store 3.0.0: superseded: superseded by store 1.0.0 (store-1.0.0.so)",
            "! b: optionally requires store ^2, and store 1.0.0 is installed (2.0.0 was \
             superseded by it): treated as absent",
        ],
    );
}

#[test]
fn only_chosen_and_enabled_dependents_have_a_say() {
    check(
        &[
            plugin("store 1.0.0"),
            plugin("store 2.0.0"),
            plugin("report 1.0.0").requires("store ^1"),
            plugin("report 2.0.0").requires("store ^2"),
            plugin("off").requires("store ^1").disabled(),
        ],
        &[
            "store 2.0.0",
            "report 2.0.0 !store",
            "- off 1.0.0: disabled: not enabled: set enabled = true under [plugins.off]",
            "- report 1.0.0: superseded: superseded by report 2.0.0 (report-2.0.0.so)",
            "- store 1.0.0: superseded: superseded by store 2.0.0 (store-2.0.0.so)",
        ],
    );
}

#[test]
fn ids_that_want_each_other_have_all_a_say() {
    check(
        &[
            plugin("a 1.0.0").wants("b ^1"),
            plugin("a 2.0.0").wants("b ^1"),
            plugin("b 1.0.0"),
            plugin("b 2.0.0").wants("a ^1"),
        ],
        &[
            "b 1.0.0",
            "a 1.0.0 ?b",
            "- a 2.0.0: superseded: superseded by a 1.0.0 (a-1.0.0.so)",
            "- b 2.0.0: superseded: superseded by b 1.0.0 (b-1.0.0.so)",
        ],
    );
}

#[test]
fn the_same_version_twice() {
    check(
        &[
            plugin("store").at("b/store.so"),
            plugin("store").at("a/store.so"),
            plugin("store").at("a/a.so").disabled(),
            plugin("store 0.9.0").at("z.so"),
        ],
        &[
            "store 1.0.0",
            "- store 0.9.0: superseded: superseded by store 1.0.0 (a/store.so)",
            "- store 1.0.0: disabled: not enabled: set enabled = true under [plugins.store]",
            "- store 1.0.0: duplicate-id: store 1.0.0 is already there as a/store.so: remove one \
             of the two",
        ],
    );
}

#[test]
fn a_disabled_version_is_no_candidate() {
    check(
        &[
            plugin("store 1.0.0"),
            plugin("store 2.0.0").disabled(),
            plugin("a").requires("store ^2"),
        ],
        &[
            "store 1.0.0",
            "- a 1.0.0: version-mismatch: requires store ^2, and store 1.0.0 is installed (2.0.0 \
             is disabled)",
            "- store 2.0.0: disabled: not enabled: set enabled = true under [plugins.store]",
        ],
    );
}

#[test]
fn pre_releases_by_the_rule_of_semver() {
    check(
        &[
            plugin("store 1.1.0-rc.1"),
            plugin("store 1.0.0"),
            plugin("a").requires("store ^1.0"),
        ],
        &[
            "store 1.0.0",
            "a 1.0.0 !store",
            "- store 1.1.0-rc.1: superseded: superseded by store 1.0.0 (store-1.0.0.so)",
        ],
    );
    check(
        &[
            plugin("store 1.1.0-rc.1"),
            plugin("store 1.1.0-rc.2"),
            plugin("store 1.0.0"),
            plugin("a").requires("store ^1.1.0-rc.1"),
            plugin("b").requires("store"),
        ],
        &[
            "store 1.1.0-rc.2",
            "a 1.0.0 !store",
            "- b 1.0.0: version-mismatch: requires store *, and store 1.1.0-rc.2 is installed \
             (1.0.0 was superseded by it)",
            "- store 1.0.0: superseded: superseded by store 1.1.0-rc.2 (store-1.1.0-rc.2.so)",
            "- store 1.1.0-rc.1: superseded: superseded by store 1.1.0-rc.2 (store-1.1.0-rc.2.so)",
        ],
    );
}

#[test]
fn a_dotted_id_is_quoted_as_a_key() {
    check(
        &[plugin("org.store").disabled()],
        &[
            "- org.store 1.0.0: disabled: not enabled: set enabled = true under [plugins.\"org.store\"]",
        ],
    );
}
