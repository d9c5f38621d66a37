use super::{EdgeKind, Graph, NodeState};

/// A tree: dependents at the left, what they depend on below and to the right. What several depend
/// on is drawn once with all below it, and elsewhere marked `↑`.
///
/// ```text
/// recorder 1.0.0
/// ├── heartbeat 1.0.0
/// └── sysinfo 1.0.0 (optional)
/// ```
pub(crate) fn text(graph: &Graph) -> String {
    let mut tree = Tree::new(graph);
    let mut is_root = vec![true; graph.nodes.len()];
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        is_root[edge.to] = false;
    }
    // Whoever is in a cycle that nothing else leads to is below no root.
    let all = 0..graph.nodes.len();
    let (roots, others): (Vec<_>, Vec<_>) = all.partition(|&node| is_root[node]);
    for root in roots.into_iter().chain(others) {
        if !tree.drawn[root] {
            tree.draw(root);
        }
    }
    tree.text
}

struct Tree<'a> {
    graph: &'a Graph,
    below: Vec<Vec<(usize, EdgeKind)>>,
    drawn: Vec<bool>,
    text: String,
}

impl<'a> Tree<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut below = vec![Vec::new(); graph.nodes.len()];
        for edge in &graph.edges {
            below[edge.from].push((edge.to, edge.kind));
        }
        Self {
            graph,
            below,
            drawn: vec![false; graph.nodes.len()],
            text: String::new(),
        }
    }

    /// Draws a root and everything below it, without recursion.
    fn draw(&mut self, root: usize) {
        self.line(root, "");
        // For each open level the node and how many of its children are drawn; and how far each
        // line begins with bars of the levels above.
        let mut open = vec![(root, 0_usize)];
        let mut bars = String::new();
        while let Some((node, next)) = open.last_mut() {
            let Some(&(child, kind)) = self.below[*node].get(*next) else {
                open.pop();
                // Each level but the root's has put four characters.
                for _ in 0..4 {
                    bars.pop();
                }
                continue;
            };
            *next += 1;
            let last = *next == self.below[*node].len();
            self.text += &bars;
            self.text += if last { "└── " } else { "├── " };
            let known = self.drawn[child] && !self.below[child].is_empty();
            let kind = match kind {
                EdgeKind::Required => "",
                EdgeKind::Optional => " (optional)",
                EdgeKind::Order => " (order only)",
            };
            if known {
                self.line(child, &format!("{kind} ↑"));
            } else {
                self.line(child, kind);
                bars += if last { "    " } else { "│   " };
                open.push((child, 0));
            }
        }
    }

    fn line(&mut self, node: usize, rest: &str) {
        self.drawn[node] = true;
        let drawn = &self.graph.nodes[node];
        let mark = match drawn.state {
            NodeState::Starts => "",
            NodeState::Degraded => "~ ",
            NodeState::LeftOut => "✗ ",
            NodeState::Missing => "? ",
        };
        self.text += &format!("{mark}{}{rest}\n", drawn.label());
    }
}
