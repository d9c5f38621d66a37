use abi_stable::{
    sabi_trait,
    std_types::{RBox, RString},
};

/// The host's service `topology`: which plugins there are, and where. Every change of it is an event
/// `topology.changed` of the host's own.
#[sabi_trait]
pub trait Topology: Send + Sync {
    /// The name of the edge that the plugin runs on. `[any thread, any state]`
    fn edge(&self) -> RString;

    /// All edges and their plugins now, as JSON: `{"edges":{"<edge>":{"plugins":{"<id>":{"version",
    /// "state","kind","provides":[{"service","version"}]}}}}}`. Readers ignore what they do not
    /// know. `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn snapshot(&self) -> RString;
}

/// An owned [`Topology`].
pub type TopologyObject = Topology_TO<'static, RBox<()>>;
