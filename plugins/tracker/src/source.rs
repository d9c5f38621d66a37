//! One collector.

use crate::{asking::Asking, hub::Hub, record::now_ms, sink::millis};
use plugin_api::{Context, Task, log, serde_json::json};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tracking_api::{CollectorLease, Map};

/// No collector is asked more often than this, nor less often than that.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(86_400);

/// A collector.
pub(crate) struct Source {
    lease: CollectorLease,
    state: Mutex<State>,
    /// Asks it at its interval.
    task: Mutex<Option<Task>>,
    asking: Asking,
}

#[derive(Default)]
struct State {
    /// How often it has measured: the step of the last time.
    step: i64,
    failures: u64,
    /// Why it gave nothing the last time; `None` when it did.
    fault: Option<String>,
    /// It measures just now.
    collecting: Option<Instant>,
    interval: Option<Duration>,
}

/// Why there is no reading.
pub(crate) enum NoReading {
    /// It is measuring already.
    Busy(Duration),
    /// It says so.
    Failed(String),
}

impl Source {
    pub(crate) fn new(lease: CollectorLease) -> Self {
        Self {
            lease,
            state: Mutex::default(),
            task: Mutex::default(),
            asking: Asking::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.lease.provider()
    }

    pub(crate) fn lease(&self) -> &CollectorLease {
        &self.lease
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks it from now on.
    pub(crate) fn begin(self: &Arc<Self>, context: &Context, hub: &Arc<Hub>) {
        let collect = run(context.clone(), Arc::clone(hub), Arc::clone(self));
        if let Ok(task) = context.spawn("collect", collect) {
            *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        }
    }

    /// It is gone, and not asked any more.
    pub(crate) fn close(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.cancel();
        }
    }

    /// A reading and its step, unless it measures already. Blocks for as long as it does.
    pub(crate) fn collect(&self) -> Result<(Map, i64), NoReading> {
        {
            let mut state = self.state();
            if let Some(since) = state.collecting {
                return Err(NoReading::Busy(since.elapsed()));
            }
            state.collecting = Some(Instant::now());
        }
        let reading = self.lease.collect();
        let mut state = self.state();
        state.collecting = None;
        match reading {
            Ok(map) => {
                state.step += 1;
                if state.fault.take().is_some() {
                    log::info!("{}: measures again", self.id());
                }
                Ok((map, state.step))
            }
            Err(error) => {
                let text = error.to_string();
                state.failures += 1;
                if state.fault.is_none() {
                    log::warn!("{}: does not measure: {text}", self.id());
                }
                state.fault = Some(text.clone());
                Err(NoReading::Failed(text))
            }
        }
    }

    /// How it does, by its own word and by what is known of it.
    pub(crate) async fn status(self: Arc<Self>, context: &Context) -> Map {
        let asked = Arc::clone(&self);
        let question = move || asked.lease.get_status();
        let mut status = Map::from_iter([("id".to_owned(), self.id().into())]);
        status.extend(self.asking.ask(context, question).await);
        let state = self.state();
        let known = json!({
            "interval_ms": state.interval.map(millis),
            "readings": state.step,
            "failures": state.failures,
            "fault": state.fault,
            "collecting_for_ms": state.collecting.map(|since| millis(since.elapsed())),
        });
        status.extend(known.as_object().cloned().unwrap_or_default());
        status
    }
}

/// Asks a collector at its interval, until it is cancelled.
async fn run(context: Context, hub: Arc<Hub>, source: Arc<Source>) {
    let asked = Arc::clone(&source);
    let interval = context.run_blocking("interval", move || asked.lease.interval());
    let Ok(interval) = interval.await else { return };
    let interval = interval.clamp(SHORTEST, LONGEST);
    source.state().interval = Some(interval);
    let mut ticks = context.interval(interval);
    loop {
        let (hub, asked) = (Arc::clone(&hub), Arc::clone(&source));
        let collect = move || {
            if let Ok((map, step)) = asked.collect() {
                hub.reading(asked.id(), &map, Some(step), now_ms());
            }
        };
        if context.run_blocking("collect", collect).await.is_err() {
            return;
        }
        ticks.tick().await;
    }
}
