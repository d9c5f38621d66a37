use super::{EdgeKind, Graph, NodeState};
use std::fmt::Write as _;

/// The graph as a Mermaid flowchart, as wikis and forges draw it.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (at, node) in graph.nodes.iter().enumerate() {
        let class = match node.state {
            NodeState::Starts => "",
            NodeState::Degraded => ":::degraded",
            NodeState::LeftOut => ":::out",
            NodeState::Missing => ":::missing",
        };
        let label = escaped(&node.label());
        writeln!(text, "    n{at}[\"{label}\"]{class}").expect("a string takes all");
    }
    for edge in &graph.edges {
        let arrow = match edge.kind {
            EdgeKind::Required => "-->",
            EdgeKind::Optional => "-.->",
            EdgeKind::Order => "-. order .->",
        };
        writeln!(text, "    n{} {arrow} n{}", edge.from, edge.to).expect("a string takes all");
    }
    text + "    classDef degraded fill:#fff3cd,stroke:#b58900\n    \
            classDef out fill:#f8d7da,stroke:#b02a37\n    \
            classDef missing fill:#eeeeee,stroke:#888888,stroke-dasharray:4\n"
}

/// Mermaid reads `#name;` as a character in a quoted label.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' => escaped += "#quot;",
            '#' => escaped += "#35;",
            '<' => escaped += "#lt;",
            '>' => escaped += "#gt;",
            '&' => escaped += "#amp;",
            '\n' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}
