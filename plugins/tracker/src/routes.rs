//! What it answers.

use crate::{
    hub::Routed,
    record::{Sample, Sort, bad, now_ms, refused},
    rules::Thing,
    source::NoReading,
    tracker::Tracker,
};
use futures_util::future::{join, join_all};
use plugin_api::{
    prelude::*,
    serde_json::{Map, Value, json},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tracking_api::{check_artifact_path, check_name};

/// The most metrics in one request.
const MOST: usize = 10_000;
/// How long a collection on request may take.
const COLLECT_LIMIT: Duration = Duration::from_secs(20);
/// Who measures where nobody says.
const HAND: &str = "hand";

pub(crate) fn declare(routes: &mut Routes<Tracker>) {
    routes.get("/status", Tracker::status);
    routes.get("/rules", quick(Tracker::rules));
    routes.post("/collect", Tracker::collect);
    routes.post("/metric", blocking(Tracker::metric));
    routes.post("/params", blocking(Tracker::params));
    routes.post("/artifact", blocking(Tracker::artifact));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricBody {
    name: String,
    value: f64,
    step: Option<i64>,
    source: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MetricBodies {
    Many(Vec<MetricBody>),
    One(MetricBody),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParamsBody {
    params: Map<String, Value>,
    source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtifactBody {
    path: PathBuf,
    artifact_path: Option<String>,
    source: Option<String>,
}

impl Tracker {
    async fn status(&self, _request: Request<'_>) -> Result<Response> {
        let context = &self.hub.context;
        // All at once, so that those that do not answer cost one limit together.
        let sinks = self.hub.sinks();
        let asked = sinks.iter().map(|sink| Arc::clone(sink).status(context));
        let backends = join_all(asked);
        let sources = self.hub.sources();
        let asked = sources
            .iter()
            .map(|source| Arc::clone(source).status(context));
        let (backends, collectors) = join(backends, join_all(asked)).await;
        Response::json(&json!({
            "backends": backends,
            "collectors": collectors,
            "skipped": self.hub.skipped(),
        }))
    }

    fn rules(&self, request: Request<'_>) -> Result<Response> {
        let rules: Vec<_> = self.hub.rules.list().collect();
        let (source, metric) = (request.query("source"), request.query("metric"));
        let (Some(source), Some(metric)) = (source, metric) else {
            return Response::json(&json!({ "rules": rules }));
        };
        let sort = match request.query("type").as_deref() {
            None | Some("metric") => Sort::Metric,
            Some("params") => Sort::Params,
            Some("artifact") => Sort::Artifact,
            Some(other) => {
                let expected = "`metric`, `params` or `artifact`";
                return Err(bad(format!("type: expected {expected}, found `{other}`")));
            }
        };
        let thing = Thing {
            sort,
            source: &source,
            name: &metric,
        };
        let sinks = self.hub.sinks();
        let targets = self
            .hub
            .rules
            .targets(thing, sinks.iter().map(|sink| sink.id()));
        Response::json(&json!({ "rules": rules, "targets": targets }))
    }

    async fn collect(&self, request: Request<'_>) -> Result<Response> {
        let wanted = request.query("source");
        let sources = self.hub.sources();
        let sources = sources.iter().filter(|source| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| wanted == source.id())
        });
        let mut collected = Map::new();
        for source in sources {
            let (hub, asked) = (Arc::clone(&self.hub), Arc::clone(source));
            let collect = move || {
                let (map, step) = asked.collect()?;
                Ok::<Routed, NoReading>(hub.reading(asked.id(), &map, Some(step), now_ms()))
            };
            let context = &self.hub.context;
            let collect = context.run_blocking("collect", collect);
            let became = match context.timeout(COLLECT_LIMIT, collect).await {
                Some(Ok(Ok(routed))) => json!(routed),
                Some(Ok(Err(NoReading::Failed(error)))) => json!({ "error": error }),
                Some(Ok(Err(NoReading::Busy(since)))) => {
                    json!({ "error": format!("it measures already, for {since:.1?}") })
                }
                Some(Err(error)) => json!({ "error": error.to_string() }),
                None => json!({ "error": format!("it did not measure within {COLLECT_LIMIT:?}") }),
            };
            collected.insert(source.id().to_owned(), became);
        }
        match wanted {
            Some(wanted) if collected.is_empty() => {
                let text = format!("no collector of `{wanted}` runs");
                Err(Error::with_status(404, text))
            }
            _ => Response::json(&collected),
        }
    }

    fn metric(&self, request: Request<'_>) -> Result<Response> {
        let bodies = match request.json()? {
            MetricBodies::One(body) => vec![body],
            MetricBodies::Many(bodies) if bodies.len() <= MOST => bodies,
            MetricBodies::Many(bodies) => {
                let found = bodies.len();
                return Err(bad(format!(
                    "expected at most {MOST} metrics, found {found}"
                )));
            }
        };
        let (now, mut sources) = (now_ms(), Vec::new());
        // All of them are good before the first is queued.
        for body in &bodies {
            sources.push(source(&request, body.source.as_deref())?);
            check_name(&body.name).map_err(refused)?;
            if !body.value.is_finite() {
                return Err(bad(format!(
                    "metric `{}`: expected a finite number",
                    body.name
                )));
            }
        }
        let mut routed = Routed::default();
        for (source, body) in sources.into_iter().zip(bodies) {
            let sample = Sample {
                name: body.name.as_str().into(),
                value: body.value,
                step: body.step,
                time_unix_ms: now,
            };
            let one = self.hub.metrics(&source, [(body.name, sample)].into_iter());
            routed.metrics += one.metrics;
            routed.targets.extend(one.targets);
        }
        self.queued(&routed)
    }

    fn params(&self, request: Request<'_>) -> Result<Response> {
        let body: ParamsBody = request.json()?;
        for name in body.params.keys() {
            check_name(name).map_err(refused)?;
        }
        let source = source(&request, body.source.as_deref())?;
        self.queued(&self.hub.params(&source, &body.params)?)
    }

    fn artifact(&self, request: Request<'_>) -> Result<Response> {
        let body: ArtifactBody = request.json()?;
        let source = source(&request, body.source.as_deref())?;
        let local = self.allowed(&body.path)?;
        let own = local.file_name().and_then(|name| name.to_str());
        let path = match (body.artifact_path, own) {
            (Some(path), _) => path,
            (None, Some(name)) => name.to_owned(),
            (None, None) => return Err(bad("artifact_path: missing, and the file has no name")),
        };
        check_artifact_path(&path).map_err(refused)?;
        self.queued(&self.hub.artifact(&source, local, path)?)
    }

    /// The file itself, where it lies below a directory whose files may be named. Looked at once more
    /// before a backend is given the path (`batch.rs`).
    fn allowed(&self, path: &std::path::Path) -> Result<PathBuf> {
        let shown = path.display();
        let unreadable = |error| bad(format!("{shown}: {error}"));
        // Links are followed first: what counts is where the bytes lie.
        let outside = || {
            let text = format!("{shown}: lies in none of the directories of `artifact_roots`");
            Error::with_status(403, text)
        };
        if self.artifact_roots.is_empty() {
            return Err(outside());
        }
        let local = path.canonicalize().map_err(unreadable)?;
        let roots = self
            .artifact_roots
            .iter()
            .filter_map(|root| root.canonicalize().ok());
        if roots.into_iter().any(|root| local.starts_with(root)) {
            Ok(local)
        } else {
            Err(outside())
        }
    }

    fn queued(&self, routed: &Routed) -> Result<Response> {
        if self.hub.sinks().is_empty() {
            return Err(Error::with_status(503, "no backend runs"));
        }
        Ok(Response::json(routed)?.with_status(202))
    }
}

/// Who says so.
fn source(request: &Request<'_>, said: Option<&str>) -> Result<String> {
    let source = said.or_else(|| request.extension("caller"));
    let source = source.unwrap_or(HAND);
    check_name(source).map_err(refused)?;
    Ok(source.to_owned())
}
