use crate::{
    Error, OutgoingRequest, Response, Result, Storage,
    ffi::{Hosted, guarded_task},
    outgoing::milliseconds,
    within,
};
use futures_channel::oneshot;
use jackfield_abi::{
    BorrowingFfiFuture, Failure, FailureCode, Header, ROption, RResult, RSlice, Reply,
};
use std::{
    future::{Future, poll_fn},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

/// The plugin's side of the host: everything that it can ask for. Cheap to clone; may be kept, and
/// used from any thread, until the plugin has stopped and was dropped. After that its methods fail, but
/// for those that only tell or wait: [`id`](Self::id), [`steady`](Self::steady), [`sleep`](Self::sleep).
#[derive(Clone)]
pub struct Context {
    host: Arc<Hosted>,
}

impl Context {
    pub(crate) fn new(host: Arc<Hosted>) -> Self {
        Self { host }
    }

    pub(crate) fn host(&self) -> &Arc<Hosted> {
        &self.host
    }

    /// The name under which this plugin runs.
    pub fn id(&self) -> &str {
        self.host.object.id().as_str()
    }

    /// A directory for the plugin's own files, absolute; made when it is first asked for, and kept
    /// between runs.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn data_dir(&self) -> Result<PathBuf> {
        let path = self
            .host
            .object
            .data_dir()
            .into_result()
            .map_err(Error::from_failure)?;
        Ok(PathBuf::from(path.into_string()))
    }

    /// The plugin's own keys and values, kept between runs. Costs nothing until it is used.
    ///
    /// # Errors
    ///
    /// When the host has none.
    pub fn storage(&self) -> Result<Storage> {
        Storage::new(&self.host)
    }

    /// Asks another plugin, wherever it runs. Dropping the future cancels the request: what the
    /// other was doing for it is dropped there and then.
    ///
    /// # Errors
    ///
    /// When there is no such plugin, it does not run, it panics, or it does not answer in time (504;
    /// [`OutgoingRequest::with_timeout`]). An answer of any status is no error.
    pub async fn request(&self, plugin: &str, request: OutgoingRequest<'_>) -> Result<Response> {
        let mut reply = ROption::RNone;
        let timeout = within::limit(request.timeout(), || self.steady());
        match timeout.map(milliseconds) {
            None => self.ask(plugin, request.raw(), &mut reply).await,
            Some(timeout) => {
                let timeout = timeout.to_string();
                let extensions = [Header::new("timeout-ms", timeout.as_bytes())];
                let raw = jackfield_abi::Request {
                    extensions: RSlice::from_slice(&extensions),
                    ..*request.raw()
                };
                self.ask(plugin, &raw, &mut reply).await;
            }
        }
        match reply {
            ROption::RSome(RResult::ROk(response)) if response.stream.is_rsome() => {
                Err(Error::from_failure(Failure::new(
                    FailureCode::UNSUPPORTED,
                    format!(
                        "`{plugin}` answered with a streamed body, which this plugin does not take"
                    ),
                )))
            }
            ROption::RSome(RResult::ROk(response)) => Ok(Response::from_abi(response)),
            ROption::RSome(RResult::RErr(failure)) => Err(Error::from_failure(failure)),
            ROption::RNone => Err(Error::new("the host gave no answer")),
        }
    }

    fn ask<'a>(
        &'a self,
        plugin: &'a str,
        request: &'a jackfield_abi::Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        self.host.object.request(plugin.into(), request, reply)
    }

    /// Runs a future on the host's executor. The name is for logs. It must not block. When the
    /// plugin stops, it is cancelled at its next `await`.
    ///
    /// # Errors
    ///
    /// When the plugin is stopping.
    pub fn spawn(
        &self,
        name: &str,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Task> {
        let id = self.host.object.spawn(name.into(), guarded_task(future));
        self.task(id.into_result())
    }

    /// Runs a function on a thread where blocking hurts nobody. The name is for logs. It cannot be
    /// cancelled once it runs, and the plugin's stop waits for it.
    ///
    /// # Errors
    ///
    /// When the plugin is stopping.
    pub fn spawn_blocking(
        &self,
        name: &str,
        function: impl FnOnce() + Send + 'static,
    ) -> Result<Task> {
        let id = self
            .host
            .object
            .spawn_blocking(name.into(), guarded_task(async { function() }));
        self.task(id.into_result())
    }

    /// Runs a function on a thread where blocking hurts nobody, and waits for what it returns. When
    /// the future is dropped before the function has begun, it does not begin.
    ///
    /// # Errors
    ///
    /// When the plugin is stopping, or the function panicked.
    pub async fn run_blocking<R: Send + 'static>(
        &self,
        name: &str,
        function: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R> {
        let (sender, receiver) = oneshot::channel();
        let task = self.spawn_blocking(name, move || {
            // A caller that has gone away wants no answer.
            let _ = sender.send(function());
        })?;
        let mut waiting = CancelOnDrop(Some(task));
        let done = receiver.await;
        // It has ended: there is nothing to cancel.
        waiting.0 = None;
        done.map_err(|_| Error::new(format!("`{name}` was cancelled or panicked")))
    }

    fn task(&self, id: Result<u64, Failure>) -> Result<Task> {
        match id {
            Ok(id) => Ok(Task {
                id,
                context: self.clone(),
            }),
            Err(failure) => Err(Error::from_failure(failure)),
        }
    }

    /// Is ready after that time.
    pub async fn sleep(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.host.object.sleep(nanoseconds).await;
    }

    /// What the future gives, or nothing when it is not ready within that time; it is dropped then.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let (mut future, mut sleep) = (pin!(future), pin!(self.sleep(limit)));
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            sleep.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    /// How long ago an arbitrary moment was, by the clock that [`sleep`](Context::sleep) goes by: to
    /// measure with. It never goes back. What is measured so rather than with
    /// [`Instant`](std::time::Instant) can be tested without waiting.
    pub fn steady(&self) -> Duration {
        Duration::from_nanos(self.steady_ns())
    }

    /// The same in nanoseconds.
    pub(crate) fn steady_ns(&self) -> u64 {
        self.host.object.steady_ns()
    }

    /// Ticks every `period`, first after one period. A tick that was missed is skipped, not made up
    /// for. A period that is too long to be counted ticks never.
    pub fn interval(&self, period: Duration) -> Interval {
        Interval {
            next: self.steady().saturating_add(period),
            context: self.clone(),
            period,
        }
    }
}

/// A task of this plugin on the host's executor. Dropping it lets the task go on.
pub struct Task {
    id: u64,
    context: Context,
}

impl Task {
    /// Cancels it at its next `await`; false when it has ended already. Does not wait for it.
    pub fn cancel(&self) -> bool {
        self.context.host.object.cancel(self.id)
    }
}

/// Ends a blocking task that nobody waits for any more, if it has not begun.
struct CancelOnDrop(Option<Task>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.cancel();
        }
    }
}

/// Made by [`Context::interval`].
pub struct Interval {
    context: Context,
    period: Duration,
    next: Duration,
}

impl Interval {
    /// Is ready at the next tick.
    pub async fn tick(&mut self) {
        let left = self.next.saturating_sub(self.context.steady());
        self.context.sleep(left).await;
        self.next = following(self.next, self.period, self.context.steady());
    }
}

/// The first tick after `now`, of those a whole number of periods after `last`.
fn following(last: Duration, period: Duration, now: Duration) -> Duration {
    let late = now.saturating_sub(last);
    if late < period {
        return last.saturating_add(period);
    }
    let period = period.as_nanos().max(1);
    let into = u64::try_from(late.as_nanos() % period).unwrap_or(0);
    let left = u64::try_from(period).unwrap_or(u64::MAX) - into;
    now.saturating_add(Duration::from_nanos(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_keeps_the_beat() {
        let last = Duration::from_secs(7);
        let next = |period, now| {
            let millis = Duration::from_millis;
            let next = following(last, millis(period), last + millis(now));
            (next - last).as_millis()
        };
        assert_eq!(next(100, 0), 100);
        assert_eq!(next(100, 99), 100);
        assert_eq!(next(100, 100), 200);
        assert_eq!(next(100, 250), 300);
        assert_eq!(next(100, 100_001), 100_100);
    }

    #[test]
    fn a_period_beyond_all_time_never_ends() {
        let now = Duration::from_secs(7);
        for last in [now, Duration::MAX] {
            assert_eq!(following(last, Duration::MAX, now), Duration::MAX);
        }
        let late = following(Duration::ZERO, Duration::from_secs(1), Duration::MAX);
        assert_eq!(late, Duration::MAX);
    }

    #[test]
    fn a_period_of_nothing_still_goes_on() {
        let last = Duration::from_secs(7);
        let next = following(last, Duration::ZERO, last + Duration::from_millis(1));
        assert!(next > last + Duration::from_millis(1));
    }
}
