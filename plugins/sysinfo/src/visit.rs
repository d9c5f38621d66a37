use crate::{Sysinfo, overview::Overview};
use plugin_api::{NoArguments, SessionContext, prelude::*};
use std::time::Instant;

/// What a client has while it looks at the machine: nothing but its place.
pub(crate) struct Visit {
    context: SessionContext<Sysinfo>,
}

impl Session for Visit {
    type Plugin = Sysinfo;
    type Arguments = NoArguments;

    fn new(context: SessionContext<Sysinfo>, _arguments: NoArguments) -> Result<Self> {
        Ok(Self { context })
    }

    fn context(&self) -> &SessionContext<Sysinfo> {
        &self.context
    }
}

impl Visit {
    pub(crate) fn metrics(&self) -> Result<Json<Overview>> {
        let machine = self.context.plugin().machine.read(Instant::now())?;
        Ok(Json(Overview::from(&*machine)))
    }
}
