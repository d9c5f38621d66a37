use crate::{
    query::{self, Filter, Topic},
    shelf::Shelf,
    store::{Entry, Store},
};
use plugin_api::{prelude::*, serde_json::json};
use sqlite_kit::{Batch, keep};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Its file, in the data directory.
const FILE: &str = "records.db";
/// The longest wait of `GET /next`.
const MOST_WAIT_MS: u64 = 60_000;
const DEFAULT_WAIT_MS: u64 = 10_000;

/// What stands under `[plugins.recorder.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
pub(crate) struct Config {
    topics: Vec<String>,
    keep: i64,
    flush_ms: u64,
}

pub(crate) struct Recorder {
    context: Context,
    store: Arc<Store>,
    batch: Arc<Batch<Shelf>>,
    flush_after: Duration,
}

impl Plugin for Recorder {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let path = context.data_dir()?.join(FILE);
        let store = Arc::new(Store::open(&path, config.keep, millis(now_ns()))?);
        // Events come once this plugin runs, so none is heard before it can be written.
        for topic in &config.topics {
            context.subscribe(topic)?;
        }
        log::info!("records {} in {}", config.topics.join(", "), path.display());
        Ok(Self {
            context,
            batch: Arc::new(Batch::new(Shelf::new(Arc::clone(&store)))),
            store,
            flush_after: Duration::from_millis(config.flush_ms),
        })
    }

    fn stop(&self) -> Result<()> {
        // No task and no event is under way any more: what is written now is the last.
        self.batch.flush()?;
        Ok(self.store.end_run(millis(now_ns()))?)
    }

    fn health(&self) -> Health {
        self.batch.health()
    }

    fn event(&self, event: Event<'_>) -> Result<()> {
        let entry = Entry {
            topic: event.topic().to_owned(),
            publisher: event.publisher().to_owned(),
            sequence: event.sequence(),
            time_unix_ns: nanos(event.time()),
            payload: event.payload().to_vec(),
        };
        keep(&self.context, &self.batch, entry, self.flush_after)
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/records", blocking(Self::records));
        routes.get("/summary", blocking(Self::summary));
        routes.get("/runs", blocking(Self::runs));
        routes.get("/next", Self::next);
        routes.post("/snapshot", Self::snapshot);
    }
}

impl Recorder {
    fn records(&self, request: Request<'_>) -> Result<Response> {
        Response::json(&self.store.records(&Filter::parse(request.query_pairs())?)?)
    }

    fn summary(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&json!({ "topics": self.store.summary()? }))
    }

    fn runs(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&json!({ "runs": self.store.runs()? }))
    }

    /// Holds no thread while it waits.
    async fn next(&self, request: Request<'_>) -> Result<Response> {
        let topic = request.query("topic");
        let topic = topic.map_or(Topic::Any, |topic| Topic::parse(&topic));
        let limit_ms = match request.query("timeout_ms") {
            Some(value) => query::number::<u64>("timeout_ms", &value)?.min(MOST_WAIT_MS),
            None => DEFAULT_WAIT_MS,
        };
        let record = self.batch.shelf().waiters().wait(topic)?;
        let limit = Duration::from_millis(limit_ms);
        match self.context.timeout(limit, record).await {
            Some(record) => Response::json(&record?),
            None => Ok(Response::new(204)),
        }
    }

    async fn snapshot(&self, _request: Request<'_>) -> Result<Response> {
        let asked = OutgoingRequest::get("/metrics");
        let answer = self.context.request("sysinfo", asked).await;
        let answer = answer.map_err(|error| match error.status() {
            404 | 503 => Error::with_status(
                503,
                format!("a snapshot needs the plugin sysinfo, which does not run: {error}"),
            ),
            _ => Error::with_status(502, format!("sysinfo gave no answer: {error}")),
        })?;
        if answer.status() != 200 {
            let text = format!("sysinfo answered with status {}", answer.status());
            return Err(Error::with_status(502, text));
        }
        let entry = Entry {
            topic: "recorder.snapshot".to_owned(),
            publisher: "sysinfo".to_owned(),
            sequence: 0,
            time_unix_ns: now_ns(),
            payload: answer.body().to_vec(),
        };
        let batch = Arc::clone(&self.batch);
        let write = move || batch.write_now(entry);
        let id = self.context.run_blocking("snapshot", write).await??;
        Ok(Response::json(&json!({ "id": id }))?.with_status(201))
    }
}

fn now_ns() -> u64 {
    nanos(SystemTime::now())
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(ns: u64) -> i64 {
    i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
