use super::{NoArguments, Session, SessionContext};
use crate::Result;

/// The sessions of a plugin that declares none: an id, and nothing else.
pub(crate) struct Plain<P>(SessionContext<P>);

impl<P: Send + Sync + 'static> Session for Plain<P> {
    type Plugin = P;
    type Arguments = NoArguments;

    fn new(context: SessionContext<P>, _arguments: NoArguments) -> Result<Self> {
        Ok(Self(context))
    }

    fn context(&self) -> &SessionContext<P> {
        &self.0
    }
}
