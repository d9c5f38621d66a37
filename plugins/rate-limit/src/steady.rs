use governor::{clock::Clock, nanos::Nanos};
use plugin_api::Context;

/// The host's clock that never goes back, as the limiter takes it.
#[derive(Clone)]
pub(crate) struct Steady(pub(crate) Context);

impl Clock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.steady().into()
    }
}
