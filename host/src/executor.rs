use jackfield_loader::{BoxFuture, Executor};
use std::time::Duration;
use tokio::runtime::Handle;

/// What plugins spawn, on the host's tokio runtime.
pub(crate) struct Tokio(pub(crate) Handle);

impl Executor for Tokio {
    fn spawn(&self, future: BoxFuture) {
        self.0.spawn(future);
    }

    fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
        self.0.spawn_blocking(function);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        // A timer belongs to a runtime, and the plugin's thread may be in none.
        let _inside = self.0.enter();
        Box::pin(tokio::time::sleep(duration))
    }
}
