use super::{EdgeKind, Graph, NodeState};
use std::fmt::Write as _;

/// The graph in the language of Graphviz: `jackfield graph --format dot | dot -Tsvg`.
pub(crate) fn dot(graph: &Graph) -> String {
    let mut text = String::from(
        "digraph plugins {\n    rankdir=LR;\n    node [shape=box, style=\"rounded,filled\", \
         fillcolor=white, fontname=\"sans-serif\"];\n",
    );
    for (at, node) in graph.nodes.iter().enumerate() {
        let style = match node.state {
            NodeState::Starts => "",
            NodeState::Degraded => ", fillcolor=\"#fff3cd\"",
            NodeState::LeftOut => ", fillcolor=\"#f8d7da\"",
            NodeState::Missing => ", fillcolor=\"#eeeeee\", style=\"dashed,filled\"",
        };
        let label = quoted(&node.label());
        writeln!(text, "    n{at} [label={label}{style}];").expect("a string takes all");
    }
    for edge in &graph.edges {
        let style = match edge.kind {
            EdgeKind::Required => "",
            EdgeKind::Optional => " [style=dashed]",
            EdgeKind::Order => " [style=dotted, arrowhead=open]",
        };
        writeln!(text, "    n{} -> n{}{style};", edge.from, edge.to).expect("a string takes all");
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted += "\\n",
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}
