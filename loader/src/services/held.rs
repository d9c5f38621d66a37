use super::{Offered, offered::Holders, seat::Counted};
use jackfield_abi::{RStr, ServiceLease};
use jackfield_manifest::PluginId;
use std::sync::Arc;

/// A service that a plugin holds. It is dropped by that plugin, and the last one perhaps drops the
/// provider's object; the provider's library stays mapped even then, until the loader closes it.
pub(crate) struct Held {
    /// `None` only while it is dropped.
    offered: Option<Arc<Offered>>,
    version: String,
    holders: Arc<Holders>,
    holder: PluginId,
    _counted: Counted,
}

impl Held {
    /// `None` when it was taken back just now.
    pub(super) fn new(offered: &Arc<Offered>, holder: &PluginId, counted: Counted) -> Option<Self> {
        offered.holders.add(holder).then(|| Self {
            version: offered.version.to_string(),
            holders: Arc::clone(&offered.holders),
            offered: Some(Arc::clone(offered)),
            holder: holder.clone(),
            _counted: counted,
        })
    }

    fn offered(&self) -> &Offered {
        let offered = self.offered.as_ref();
        offered.expect("only drop takes it out")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Before the provider hears of it: whoever waits for this is to find itself the last.
        self.offered = None;
        self.holders.remove(&self.holder);
    }
}

impl ServiceLease for Held {
    fn provider(&self) -> RStr<'_> {
        self.offered().provider.as_str().into()
    }

    fn version(&self) -> RStr<'_> {
        self.version.as_str().into()
    }

    fn object(&self) -> *const () {
        self.offered().object()
    }
}
