use crate::{
    Context, Error, Result, Task,
    ffi::{Hosted, guarded},
};
use jackfield_abi::FfiFuture;
use std::{future::Future, sync::Arc};

impl Context {
    /// Runs what `run` gives at each time of a cron expression, in a task of its own. The name is for
    /// logs.
    ///
    /// Six fields: second, minute, hour, day of the month, month, day of the week (`MON` to `SUN`, or
    /// 0 and 7 for Sunday); a seventh may be the year. Each is `*`, a number, a list `1,2`, a range
    /// `1-5` or steps `*/5`. Without the seconds (five fields) it is at second 0. Where both days
    /// are given, either one is enough. Times are those of the host's time zone:
    ///
    /// - A time that summer time skips comes at the first moment after the gap; one that is there
    ///   twice comes once, the first time; what recurs within the hour goes on through both.
    /// - There are never two runs at once: a time that passes while a run is under way is skipped.
    /// - A clock that is set forward past a time has it run once, however many times were passed. One
    ///   that is set back by up to an hour does not repeat what was run.
    ///
    /// A run that panics is reported; the next comes all the same. Cancelling the task ends the
    /// schedule, also inside a run, as the plugin's stop does.
    ///
    /// # Errors
    ///
    /// For an expression that is none, with the place in it, and when the plugin is stopping.
    pub fn schedule<F>(
        &self,
        expression: &str,
        name: &str,
        mut run: impl FnMut() -> F + Send + 'static,
    ) -> Result<Task>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (host, expression) = (Arc::clone(self.host()), expression.to_owned());
        let mut next = ask(&host, &expression, 0)?;
        self.spawn(name, async move {
            loop {
                let time = next.await;
                if time == i64::MAX {
                    return;
                }
                guarded(async { run().await }).await;
                next = match ask(&host, &expression, time) {
                    Ok(next) => next,
                    Err(error) => return log::error!("no further run is scheduled: {error}"),
                };
            }
        })
    }
}

fn ask(host: &Hosted, expression: &str, after_ns: i64) -> Result<FfiFuture<i64>> {
    let next = host.object.schedule(expression.into(), after_ns);
    next.into_result().map_err(Error::from_failure)
}
