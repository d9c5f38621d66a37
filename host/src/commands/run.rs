use crate::{commands::Outcome, error::CommandError, executor::Tokio, logging, signals::Ending};
use jackfield_loader::{Loader, Options, State, Status};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Start the enabled plugins and keep them running until SIGINT or SIGTERM
#[derive(Debug, clap::Args)]
pub(crate) struct Run {}

impl Run {
    pub(crate) fn run(self, mut options: Options) -> Result<Outcome, CommandError> {
        let process = |doing| move |source| CommandError::Process { doing, source };
        logging::begin("info");
        let mut ending = Ending::listen().map_err(process("listen for signals"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_time()
            .thread_name("jackfield-async")
            .build()
            .map_err(process("start the asynchronous runtime"))?;
        options.executor = Arc::new(Tokio(runtime.handle().clone()));
        let began = Instant::now();
        let mut loader = Loader::open(options)?;
        loader.start();
        summarize(&loader.plugins(), began.elapsed());
        let signal = ending.wait();
        log::info!("{signal}: stopping");
        let report = loader.stop(Duration::from_secs(30));
        drop(loader);
        runtime.shutdown_background();
        Ok(Outcome::bad_if(!report.failed.is_empty()))
    }
}

fn summarize(plugins: &[Status], took: Duration) {
    let count = |state| {
        plugins
            .iter()
            .filter(|status| status.state == state)
            .count()
    };
    log::info!(
        "{} running in {} ms",
        count(State::Running),
        took.as_millis()
    );
}
