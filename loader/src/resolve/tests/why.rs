//! Does an answer to "why" lead from a plugin to the root cause, and name who requires it?

use super::{nodes, plugin};
use crate::{Need, Outcome, resolve, why};

#[test]
fn the_chain_of_what_stays_out() {
    let files = [
        plugin("store 1.4.0"),
        plugin("report").requires("store ^2"),
        plugin("chart").requires("report"),
        plugin("wall").requires("chart").wants("bad"),
        plugin("bad").rejected("cut short"),
        plugin("last").requires("bad"),
    ];
    let nodes = nodes(&files);
    let plan = resolve(&nodes);
    let chain = |id| match &why(&plan, &nodes, id)[0].outcome {
        Outcome::LeftOut { chain, root_cause } => {
            let ids = chain
                .iter()
                .map(|link| link.id.to_string())
                .collect::<Vec<_>>();
            (ids.join(" "), root_cause.clone())
        }
        other => panic!("{id} stays out: {other:?}"),
    };
    let root = Some("store 1.4.0 does not satisfy ^2".to_owned());
    assert_eq!(chain("wall"), ("wall chart report".to_owned(), root));
    assert_eq!(chain("report"), ("report".to_owned(), None));
    let root = Some("bad: cut short".to_owned());
    assert_eq!(chain("last"), ("last bad".to_owned(), root));
    let bad = &why(&plan, &nodes, "bad")[0];
    assert_eq!(bad.outcome, Outcome::RejectedBefore);
    assert_eq!(bad.required_by, [(5, false), (3, true)]);
    assert!(why(&plan, &nodes, "nobody").is_empty());
}

#[test]
fn what_starts_waits_for_these() {
    let files = [
        plugin("store 1.4.0").provides("rows"),
        plugin("store 1.3.0"),
        plugin("report").requires("service rows").wants("down"),
        plugin("down").requires("gone"),
    ];
    let nodes = nodes(&files);
    let plan = resolve(&nodes);
    let report = &why(&plan, &nodes, "report")[0];
    let expected = Outcome::Starts {
        step: 1,
        waits: vec![(0, Need::Required { requirement: 0 })],
        degraded: vec![
            "optionally requires down, which was not started (root cause: gone is not installed)"
                .to_owned(),
        ],
    };
    assert_eq!(report.outcome, expected);
    let stores = why(&plan, &nodes, "store");
    assert_eq!(
        stores.iter().map(|why| why.node).collect::<Vec<_>>(),
        [1, 0]
    );
    assert_eq!(stores[1].required_by, [(2, false)]);
}
