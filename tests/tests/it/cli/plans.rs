//! Do `plan`, `why` and `graph` say what would start, in which order, and why the rest would not?

use super::{add, configure, jackfield};
use jackfield_tests::Site;
use serde_json::{Value, json};

/// `top` needs `middle`, which needs more of `store` than there is; `web` can do without `middle`.
fn broken() -> Site {
    let site = Site::new();
    add(&site, "store", "1.4.0", "");
    add(
        &site,
        "middle",
        "1.0.0",
        "requires = [{ plugin = \"store\", range = \"^2\" }]\n",
    );
    add(
        &site,
        "top",
        "1.0.0",
        "requires = [{ plugin = \"middle\", range = \"^1\" }]\n",
    );
    add(
        &site,
        "web",
        "1.0.0",
        "requires = [{ plugin = \"store\", range = \"^1\" }, \
         { plugin = \"middle\", range = \"^1\", optional = true }]\n",
    );
    site
}

#[test]
fn a_plan_for_people() {
    let said = jackfield(&broken(), "plan");
    let expected = "\
STEP  PLUGIN  VERSION  AFTER
   1  store   1.4.0    -
   2  web     1.0.0    store

NOT STARTED
middle 1.0.0 (plugins/libmiddle-1.0.0.so)
    version-mismatch: requires store ^2, and store 1.4.0 is installed
top 1.0.0 (plugins/libtop-1.0.0.so)
    dependency-failed: requires middle, which was not started (root cause: store 1.4.0 does not satisfy ^2)
    root cause: store 1.4.0 does not satisfy ^2
";
    assert_eq!((said.out.as_str(), said.code), (expected, Some(1)));
}

#[test]
fn the_json_of_a_plan() {
    let site = broken();
    let said = jackfield(&site, "plan --format json");
    let expected = json!({
        "start": [
            {"id": "store", "version": "1.4.0", "path": "plugins/libstore-1.4.0.so", "after": []},
            {"id": "web", "version": "1.0.0", "path": "plugins/libweb-1.0.0.so", "after": ["store"]},
        ],
        "rejected": [
            {
                "id": "middle",
                "path": "plugins/libmiddle-1.0.0.so",
                "code": "version-mismatch",
                "message": "requires store ^2, and store 1.4.0 is installed",
                "root_cause": null,
            },
            {
                "id": "top",
                "path": "plugins/libtop-1.0.0.so",
                "code": "dependency-failed",
                "message": "requires middle, which was not started \
                            (root cause: store 1.4.0 does not satisfy ^2)",
                "root_cause": "store 1.4.0 does not satisfy ^2",
            },
        ],
    });
    assert_eq!(said.out, format!("{expected:#}\n"));
}

#[test]
fn what_is_disabled_is_left_out_and_nothing_is_wrong() {
    let site = Site::new();
    add(&site, "store", "1.0.0", "");
    configure(&site, "[plugins.stroe]\nenabled = true\n");
    let said = jackfield(&site, "plan --format json");
    assert_eq!(said.code, Some(0));
    let plan = said.json();
    assert_eq!(plan["start"], json!([]));
    assert_eq!(plan["rejected"][0]["code"], "disabled");
    assert_eq!(
        said.err,
        "warning: stroe is enabled, and no plugin has that id, did you mean `store`?\n"
    );
    let all = jackfield(&site, "plan --format json --all").json();
    assert_eq!(all["start"][0]["id"], "store");
}

#[test]
fn why_something_starts() {
    let site = broken();
    let said = jackfield(&site, "why store --format json");
    let expected = json!({
        "id": "store",
        "version": "1.4.0",
        "path": "plugins/libstore-1.4.0.so",
        "outcome": "starts",
        "chain": [],
        "root_cause": null,
        "waits_for": [],
        "required_by": [{"id": "middle", "optional": false}, {"id": "web", "optional": false}],
        "degraded": [],
        "did_you_mean": null,
    });
    assert_eq!((said.json(), said.code), (expected, Some(0)));
    let said = jackfield(&site, "why web");
    assert_eq!(
        said.out,
        "web 1.0.0 starts\n  after store (required)\n  degraded: optionally requires middle, which \
         was not started (root cause: store 1.4.0 does not satisfy ^2)\n"
    );
}

#[test]
fn why_something_does_not_start() {
    let site = broken();
    let said = jackfield(&site, "why top");
    let expected = "\
top 1.0.0 does not start
  top 1.0.0 (plugins/libtop-1.0.0.so)
    dependency-failed: requires middle, which was not started (root cause: store 1.4.0 does not satisfy ^2)
  middle 1.0.0 (plugins/libmiddle-1.0.0.so)
    version-mismatch: requires store ^2, and store 1.4.0 is installed
root cause: store 1.4.0 does not satisfy ^2
";
    assert_eq!((said.out.as_str(), said.code), (expected, Some(1)));
    let told = jackfield(&site, "why top --format json").json();
    assert_eq!(told["outcome"], "left-out");
    assert_eq!(told["chain"][1]["id"], "middle");
    assert_eq!(told["chain"][1]["reasons"][0]["code"], "version-mismatch");
    assert_eq!(told["root_cause"], "store 1.4.0 does not satisfy ^2");
}

#[test]
fn an_id_that_nobody_has() {
    let site = broken();
    let said = jackfield(&site, "why midle");
    assert_eq!(
        said.out,
        "there is no plugin midle, did you mean `middle`?\n"
    );
    assert_eq!(said.code, Some(1));
    let told = jackfield(&site, "why midle --format json").json();
    assert_eq!(
        (&told["outcome"], &told["did_you_mean"]),
        (&json!("unknown"), &json!("middle"))
    );
    let told = jackfield(&site, "why elsewhere --format json").json();
    assert_eq!(told["did_you_mean"], Value::Null);
}

#[test]
fn a_graph_in_every_form() {
    let site = broken();
    let said = jackfield(&site, "graph");
    assert_eq!(said.code, Some(1));
    for (format, beginning) in [
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("svg", "<?xml"),
    ] {
        let said = jackfield(&site, &format!("graph --format {format}"));
        assert!(said.out.starts_with(beginning), "{}", said.out);
    }
    let good = Site::new();
    add(&good, "store", "1.4.0", "");
    add(
        &good,
        "web",
        "1.0.0",
        "requires = [{ plugin = \"store\", range = \"^1\" }]\n",
    );
    let said = jackfield(&good, "graph");
    assert_eq!(said.out, "web 1.0.0\n└── store 1.4.0\n");
    assert_eq!(said.code, Some(0));
}

/// One that requires what this host has, one that requires more, one that says that it provides it.
fn with_host_services() -> Site {
    let site = Site::new();
    for (id, rest) in [
        (
            "fits",
            "requires = [{ service = \"clock\", range = \"^1\" }]\n",
        ),
        (
            "later",
            "requires = [{ service = \"clock\", range = \"^2\" }]\n",
        ),
        (
            "forger",
            "provides = [{ service = \"clock\", version = \"2.0.0\" }]\n",
        ),
        (
            "lost",
            "requires = [{ service = \"bus\", range = \"^1\" }, { plugin = \"gone\", range = \"^1\" }]\n",
        ),
    ] {
        add(&site, id, "1.0.0", rest);
    }
    site
}

#[test]
fn services_of_the_host_are_met_by_the_host() {
    let site = with_host_services();
    let said = jackfield(&site, "plan");
    let expected = "\
STEP  PLUGIN  VERSION  AFTER
   1  fits    1.0.0    -

NOT STARTED
forger 1.0.0 (plugins/libforger-1.0.0.so)
    invalid-manifest: provides service `clock`, which is the host's own: give it another id
later 1.0.0 (plugins/liblater-1.0.0.so)
    version-mismatch: requires service clock ^2, and this host provides clock 1.0.0
lost 1.0.0 (plugins/liblost-1.0.0.so)
    missing-dependency: requires gone ^1, which is not installed
";
    assert_eq!((said.out.as_str(), said.code), (expected, Some(1)));
    let said = jackfield(&site, "why later");
    let reason = "requires service clock ^2, and this host provides clock 1.0.0";
    assert!(said.out.contains(reason), "{said:?}");
    let said = jackfield(&site, "graph");
    let expected = "\
fits 1.0.0
✗ later 1.0.0 (version-mismatch)
└── ? service clock 1.0.0 (of this host)
✗ lost 1.0.0 (missing-dependency)
└── ? gone (missing)
✗ forger 1.0.0 (rejected)
";
    assert_eq!(said.out, expected);
}
