//! Is each drawing of a graph complete, readable and escaped?

use super::{EdgeKind, Graph, GraphEdge, GraphNode, NodeState, dot, mermaid, svg, text};

fn graph(nodes: &[(&str, NodeState)], edges: &[(usize, usize, EdgeKind)]) -> Graph {
    let node = |&(label, state): &(&str, NodeState)| {
        let (id, version) = label.split_once(' ').unwrap_or((label, ""));
        GraphNode {
            id: id.to_owned(),
            version: version.to_owned(),
            state,
            note: String::new(),
        }
    };
    let edge = |&(from, to, kind): &(usize, usize, EdgeKind)| GraphEdge { from, to, kind };
    Graph {
        nodes: nodes.iter().map(node).collect(),
        edges: edges.iter().map(edge).collect(),
    }
}

fn sample() -> Graph {
    use EdgeKind::{Optional, Order, Required};
    use NodeState::{Degraded, LeftOut, Missing, Starts};
    graph(
        &[
            ("store 1.4.0", Starts),
            ("cache 1.0.0", Starts),
            ("web 2.0.0", Degraded),
            ("chart 1.0.0", LeftOut),
            ("a\"<&>#\\", Missing),
        ],
        &[
            (1, 0, Required),
            (2, 1, Optional),
            (2, 0, Order),
            (3, 1, Required),
            (3, 4, Required),
        ],
    )
}

#[test]
fn a_tree() {
    assert_eq!(
        text(&sample()),
        "\
~ web 2.0.0
├── cache 1.0.0 (optional)
│   └── store 1.4.0
└── store 1.4.0 (order only)
✗ chart 1.0.0
├── cache 1.0.0 ↑
└── ? a\"<&>#\\
"
    );
}

#[test]
fn a_tree_of_a_cycle_and_of_a_long_chain() {
    use EdgeKind::Required;
    use NodeState::LeftOut;
    let ring = graph(
        &[("a", LeftOut), ("b", LeftOut), ("c", LeftOut)],
        &[(0, 1, Required), (1, 0, Required), (2, 2, Required)],
    );
    assert_eq!(text(&ring), "✗ c\n└── ✗ c ↑\n✗ a\n└── ✗ b\n    └── ✗ a ↑\n");
    let nodes = vec![("p", LeftOut); 2_000];
    let edges = (1..2_000)
        .map(|at| (at - 1, at, Required))
        .collect::<Vec<_>>();
    assert_eq!(text(&graph(&nodes, &edges)).lines().count(), 2_000);
}

#[test]
fn graphviz() {
    assert_eq!(
        dot(&sample()),
        r##"digraph plugins {
    rankdir=LR;
    node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];
    n0 [label="store 1.4.0"];
    n1 [label="cache 1.0.0"];
    n2 [label="web 2.0.0", fillcolor="#fff3cd"];
    n3 [label="chart 1.0.0", fillcolor="#f8d7da"];
    n4 [label="a\"<&>#\\", fillcolor="#eeeeee", style="dashed,filled"];
    n1 -> n0;
    n2 -> n1 [style=dashed];
    n2 -> n0 [style=dotted, arrowhead=open];
    n3 -> n1;
    n3 -> n4;
}
"##
    );
}

#[test]
fn flowchart() {
    assert_eq!(
        mermaid(&sample()),
        r#"flowchart LR
    n0["store 1.4.0"]
    n1["cache 1.0.0"]
    n2["web 2.0.0"]:::degraded
    n3["chart 1.0.0"]:::out
    n4["a#quot;#lt;#amp;#gt;#35;\"]:::missing
    n1 --> n0
    n2 -.-> n1
    n2 -. order .-> n0
    n3 --> n1
    n3 --> n4
    classDef degraded fill:#fff3cd,stroke:#b58900
    classDef out fill:#f8d7da,stroke:#b02a37
    classDef missing fill:#eeeeee,stroke:#888888,stroke-dasharray:4
"#
    );
}

#[test]
fn a_picture() {
    let picture = svg(&sample()).expect("a small graph");
    assert!(picture.starts_with("<?xml"));
    assert!(picture.contains("background:#ffffff"));
    assert!(picture.contains("&lt;&amp;&gt;"), "escaped");
    assert!(!picture.contains("<&>"), "nowhere as it is");
    assert_eq!(picture.matches("<rect").count(), 5);
    assert_eq!(picture.matches("<path").count(), 5);
    assert!(svg(&Graph::default()).is_ok());
}

#[test]
fn a_picture_of_cycles_and_of_the_most_there_may_be() {
    use EdgeKind::Required;
    let nodes = vec![("plugin 1.0.0", NodeState::Starts); 301];
    let ring = [
        (0, 1, Required),
        (1, 2, Required),
        (2, 0, Required),
        (1, 1, Required),
    ];
    assert!(svg(&graph(&nodes[..3], &ring)).is_ok());
    let many = svg(&graph(&nodes, &[])).expect_err("too many");
    assert_eq!(
        many.to_string(),
        "301 plugins with 0 edges are too many for a picture (at most 300 and 600): use the text \
         tree or dot"
    );
}
