//! Keeps the host's log, which the host publishes on `logs.<level>`, and answers queries.
//!
//! | route | answer (JSON) |
//! |---|---|
//! | `GET /logs?level=&plugin=&since=&until=&text=&before=&limit=` | records, the latest first; `query.rs` has the keys |
//! | `GET /summary` | for each plugin and level: how many, and the last time |
//!
//! It hears what is logged from when it starts until it stops, and before that up to 512 records from
//! when the host began to start plugins; what waits for it when it stops is on standard error only.
//! Records are collected and written many at a time; a query writes first what waits, so it sees all
//! that has come. Where that fails it sees what is kept, and `behind` says how many records are not.
//! Written, they survive the end of the process. At most `keep` are kept, none longer
//! than `keep_days`.
//!
//! What this plugin logs is kept like the rest and makes no further record: the host publishes
//! nothing that is logged while it hands out the log, and this logs a failure to write once, until
//! writing works again.
#![forbid(unsafe_code)]

mod entry;
mod open;
mod query;
mod store;

use entry::Entry;
use plugin_api::{prelude::*, serde_json::json};
use query::Filter;
use sqlite_kit::{Batch, keep};
use std::{sync::Arc, time::Duration};
use store::Store;

/// Its file, in the data directory.
const FILE: &str = "logs.db";

/// What stands under `[plugins.log-store.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    topics: Vec<String>,
    keep: i64,
    keep_days: i64,
    flush_ms: u64,
}

struct LogStore {
    context: Context,
    batch: Arc<Batch<Store>>,
    flush_after: Duration,
}

impl Plugin for LogStore {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let path = context.data_dir()?.join(FILE);
        let store = Store::open(&path, config.keep, config.keep_days)?;
        for topic in &config.topics {
            context.subscribe(topic)?;
        }
        Ok(Self {
            context,
            batch: Arc::new(Batch::new(store)),
            flush_after: Duration::from_millis(config.flush_ms),
        })
    }

    fn stop(&self) -> Result<()> {
        self.batch.flush()
    }

    fn health(&self) -> Health {
        self.batch.health()
    }

    fn event(&self, event: Event<'_>) -> Result<()> {
        keep(
            &self.context,
            &self.batch,
            Entry::of(&event),
            self.flush_after,
        )
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/logs", blocking(Self::logs));
        routes.get("/summary", blocking(Self::summary));
    }
}

impl LogStore {
    fn logs(&self, request: Request<'_>) -> Result<Response> {
        let filter = Filter::parse(request.query_pairs())?;
        let behind = self.batch.behind();
        let page = self.batch.shelf().records(&filter)?;
        Response::json(&json!({ "records": page.records, "more": page.more, "behind": behind }))
    }

    fn summary(&self, _request: Request<'_>) -> Result<Response> {
        let behind = self.batch.behind();
        Response::json(&json!({ "plugins": self.batch.shelf().summary()?, "behind": behind }))
    }
}

plugin_api::export_plugin!(LogStore);
