use jackfield_loader::{BoxFuture, Executor, Threads};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// What plugins spawn, on the host's tokio runtime.
pub(crate) struct Tokio(pub(crate) Handle);

/// That of a worker, which lives as long as its process.
#[cfg(unix)]
pub(crate) fn of_worker() -> Arc<dyn Executor> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .thread_name("worker-async")
        .enable_all();
    match builder.build() {
        Ok(runtime) => {
            // It is never dropped: nothing of it is waited for when the process ends.
            let runtime = Box::leak(Box::new(runtime));
            Arc::new(Tokio(runtime.handle().clone()))
        }
        // There are no threads for it: then there are hardly any for the others.
        Err(_) => Arc::new(Threads),
    }
}

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
