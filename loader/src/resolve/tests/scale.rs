//! Do long chains, large rings and crowded names neither overflow the stack nor take for ever?

use super::{File, nodes, plugin};
use crate::{Code, resolve};

const MANY: usize = 100_000;

/// `p0` requires `p1` requires `p2` …
fn chain(length: usize) -> Vec<File> {
    let link = |at: usize| plugin(&format!("p{at}")).requires(&format!("p{}", at + 1));
    (0..length).map(link).collect()
}

#[test]
fn a_chain_starts_from_its_end() {
    let mut files = chain(MANY);
    files.push(plugin(&format!("p{MANY}")));
    let plan = resolve(&nodes(&files));
    assert!(plan.start.iter().map(|step| step.node).eq((0..=MANY).rev()));
    assert!((1..=MANY).all(|step| plan.waits(step)[0].step as usize == step - 1));
}

#[test]
fn a_chain_fails_with_one_root_cause() {
    let files = chain(MANY);
    let plan = resolve(&nodes(&files));
    assert!(plan.start.is_empty());
    let root = format!("p{MANY} is not installed");
    let with_root = plan
        .rejected
        .iter()
        .filter(|r| r.root_cause.as_ref() == Some(&root));
    assert_eq!(with_root.count(), MANY - 1);
}

#[test]
fn a_ring_is_printed_in_short() {
    let mut files = chain(MANY - 1);
    files.push(plugin(&format!("p{}", MANY - 1)).requires("p0"));
    let plan = resolve(&nodes(&files));
    assert_eq!(plan.rejected.len(), MANY);
    for rejection in &plan.rejected {
        assert_eq!(rejection.reasons.len(), 1);
        assert_eq!(rejection.reasons[0].code, Code::Cycle);
        assert_eq!(
            rejection.reasons[0].message,
            "requires itself: p0 → p1 → p2 → p3 → p4 → p5 → p6 → p7 → p8 → p9 → … 99987 more … → \
             p99997 → p99998 → p99999 → p0"
        );
    }
}

#[test]
fn a_ring_of_orders_is_opened_once() {
    let mut files = (0..MANY)
        .map(|at| plugin(&format!("p{at}")).after(&format!("p{}", (at + 1) % MANY)))
        .collect::<Vec<_>>();
    files.rotate_left(MANY / 3);
    let plan = resolve(&nodes(&files));
    assert_eq!(plan.start.len(), MANY);
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn many_versions_with_many_dependents() {
    let many = MANY / 10;
    let mut files = Vec::new();
    for at in 1..=many {
        files.push(plugin(&format!("store {at}.0.0")));
        files.push(plugin(&format!("user{at}")).requires(&format!("store <={at}")));
    }
    let plan = resolve(&nodes(&files));
    assert_eq!(plan.start.len(), many + 1);
    assert_eq!(nodes(&files)[plan.start[0].node].manifest.version.major, 1);
}

#[test]
fn many_unknown_names_among_many_known() {
    let files = (0..MANY)
        .map(|at| plugin(&format!("plugin-{at:06}")).requires(&format!("plugim-{at:06}")))
        .collect::<Vec<_>>();
    let plan = resolve(&nodes(&files));
    assert_eq!(plan.rejected.len(), MANY);
    assert_eq!(
        plan.rejected[0].reasons[0].message,
        "requires plugim-000000, which is not installed (did you mean plugin-000000?)"
    );
}

#[test]
fn a_clique_of_requirements() {
    let many = 300;
    let files = (0..many)
        .map(|at| {
            let others = (0..many).filter(|&other| other != at);
            others.fold(plugin(&format!("p{at}")), |file, other| {
                file.requires(&format!("p{other}"))
            })
        })
        .collect::<Vec<_>>();
    let plan = resolve(&nodes(&files));
    assert_eq!(plan.rejected.len(), many);
    assert!(
        plan.rejected
            .iter()
            .all(|rejection| rejection.reasons.len() == 1)
    );
}
