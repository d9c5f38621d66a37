use super::{EdgeKind, Graph, GraphNode, NodeState};
use layout::{
    backends::svg::SVGWriter,
    core::{
        base::Orientation,
        color::Color,
        geometry::Point,
        style::{LineStyleKind, StyleAttr},
    },
    std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind},
    topo::layout::VisualGraph,
};

/// The most nodes that are drawn: beyond, a picture helps nobody, and laying it out takes long.
pub(crate) const MAX_NODES: usize = 300;

/// The most edges that are drawn.
pub(crate) const MAX_EDGES: usize = 600;

/// Beyond this many nodes and edges, crossings are left as they fall: sorting them out takes a
/// second at 300 together, and many at 600.
const MUCH: usize = 150;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SvgError {
    /// More than [`MAX_NODES`] or [`MAX_EDGES`].
    #[error(
        "{nodes} plugins with {edges} edges are too many for a picture (at most {MAX_NODES} and \
         {MAX_EDGES}): use the text tree or dot"
    )]
    TooLarge {
        /// How many nodes there are.
        nodes: usize,
        /// How many edges there are.
        edges: usize,
    },
}

/// A picture, laid out in layers from dependents at the left to what they depend on; light
/// background, text escaped.
///
/// # Errors
///
/// [`SvgError::TooLarge`].
pub(crate) fn svg(graph: &Graph) -> Result<String, SvgError> {
    let (nodes, edges) = (graph.nodes.len(), graph.edges.len());
    if nodes > MAX_NODES || edges > MAX_EDGES {
        return Err(SvgError::TooLarge { nodes, edges });
    }
    let mut picture = VisualGraph::new(Orientation::LeftToRight);
    let handles = graph
        .nodes
        .iter()
        .map(|node| picture.add_node(element(node)))
        .collect::<Vec<_>>();
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        let (line, color) = match edge.kind {
            EdgeKind::Required => (LineStyleKind::Normal, 0x33_3f_50_ff),
            EdgeKind::Optional => (LineStyleKind::Dashed, 0x33_3f_50_ff),
            EdgeKind::Order => (LineStyleKind::Dotted, 0x88_93_a0_ff),
        };
        let look = StyleAttr::new(Color::new(color), 1, None, 0, FONT_SIZE);
        let arrow = Arrow::new(
            LineEndKind::None,
            LineEndKind::Arrow,
            line,
            "",
            &look,
            &None,
            &None,
        );
        picture.add_edge(arrow, handles[edge.from], handles[edge.to]);
    }
    let mut writer = SVGWriter::new();
    if nodes > 0 {
        picture.do_it(false, nodes + edges > MUCH, false, &mut writer);
    }
    let text = writer.finalize();
    // The library has no setting for these two.
    Ok(text
        .replacen("<svg ", "<svg style=\"background:#ffffff\" ", 1)
        .replace(
            "font-family: Times, serif",
            "font-family: system-ui, sans-serif",
        ))
}

const FONT_SIZE: usize = 14;

fn element(node: &GraphNode) -> Element {
    let (line, fill) = match node.state {
        NodeState::Starts => (0x2f_6f_4e_ff, 0xe8_f5_ee_ff),
        NodeState::Degraded => (0xb5_89_00_ff, 0xff_f3_cd_ff),
        NodeState::LeftOut => (0xb0_2a_37_ff, 0xf8_d7_da_ff),
        NodeState::Missing => (0x88_88_88_ff, 0xf2_f2_f2_ff),
    };
    let label = node.label();
    let look = StyleAttr::new(Color::new(line), 1, Some(Color::new(fill)), 6, FONT_SIZE);
    // Room for the text in a font of which no character is wider than 0.62 of its height, mostly.
    let characters = u32::try_from(label.chars().count()).unwrap_or(u32::MAX);
    let size = Point::new(f64::from(characters) * 8.2 + 24.0, 36.0);
    Element::create(
        ShapeKind::new_box(&label),
        look,
        Orientation::LeftToRight,
        size,
    )
}
