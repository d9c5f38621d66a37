use crate::{
    commands::Outcome,
    config::Config,
    error::CommandError,
    graph::{self, NodeState},
    output::{Out, waiting},
};
use clap::ValueEnum;
use jackfield_loader::Inventory;

const EXAMPLES: &str = "\
Examples:
  jackfield graph
  jackfield graph --format svg > plugins.svg
  jackfield graph --format dot | dot -Tpdf > plugins.pdf
  jackfield graph --format mermaid   for a document on a forge or a wiki

What requires stands above or left of what it requires. Runs nothing of a plugin. Exits with 1 where
an enabled plugin would not start";

/// Draw which plugin depends on which
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Graph {
    /// How to draw it
    #[arg(long, value_enum, default_value_t)]
    format: Drawing,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Drawing {
    /// A tree of text
    #[default]
    Text,
    /// For Graphviz
    Dot,
    /// A Mermaid flowchart
    Mermaid,
    /// A picture
    Svg,
}

impl Graph {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let options = config.options();
        let mut inventory = Inventory::new(options.clone());
        let proposal = waiting("checking plugins", None, |_| inventory.propose())?;
        inventory.remember();
        let graph = graph::Graph::of_plan(&proposal.plan, &proposal.nodes());
        let text = match self.format {
            Drawing::Text if graph.nodes.is_empty() => super::list::nothing(&options),
            Drawing::Text => graph::text(&graph),
            Drawing::Dot => graph::dot(&graph),
            Drawing::Mermaid => graph::mermaid(&graph),
            Drawing::Svg => graph::svg(&graph)?,
        };
        Out::new().line(text.trim_end())?;
        let bad = graph
            .nodes
            .iter()
            .any(|node| node.state == NodeState::LeftOut);
        Ok(Outcome::bad_if(bad || !proposal.unreadable.is_empty()))
    }
}
