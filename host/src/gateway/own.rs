//! The routes that every plugin has and that the host answers for it: what it knows better, or has to
//! say of plugins that do not run.

use super::{
    api::{Own, blocking},
    call::until_cut,
    mounts::Mount,
    openapi::{Operation, schema},
    reply::{Fault, Reply, json as reply_json, whole},
};
use crate::control::{PluginReport, complete, report_of};
use http::{HeaderValue, Method, StatusCode, header};
use jackfield_loader::{HealthReport, HealthStatus, Loader, Request, State as Stage, Status};
use jackfield_manifest::Target;
use serde_json::{Value, json};
use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

const READING: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// What of a plugin is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
    Version,
    Health,
    UiConfig,
}

impl Common {
    /// By the path below the plugin's namespace.
    pub(super) fn of(rest: &str) -> Option<Self> {
        match rest {
            "/version" => Some(Self::Version),
            "/health" => Some(Self::Health),
            "/ui_config" => Some(Self::UiConfig),
            _ => None,
        }
    }

    /// Each of these paths with what is told of it.
    pub(super) fn operations() -> Vec<(&'static str, Operation)> {
        let version = schema::object([("version", schema::text())]);
        let ui_config = schema::object([
            ("plugin_name", schema::text()),
            ("instance_name", schema::text()),
            ("version", schema::text()),
            ("ui", schema::any_object()),
        ]);
        let health = Operation::new("How the plugin does")
            .gives(health_schema())
            .answers(503, "it does not run", "application/json", health_schema());
        vec![
            (
                "/version",
                Operation::new("The plugin's version").gives(version),
            ),
            ("/health", health),
            (
                "/ui_config",
                Operation::new("What a page shows of the plugin").gives(ui_config),
            ),
        ]
    }
}

/// Answers it.
///
/// # Errors
///
/// 404 where there is no such plugin, 503 where it does not run, 405 for what is no reading.
pub(super) async fn answer(
    own: &Arc<Own>,
    common: Common,
    id: &str,
    method: &Method,
) -> Result<Reply, Fault> {
    if *method == Method::OPTIONS {
        let mut reply = Reply::new(whole(""));
        *reply.status_mut() = StatusCode::NO_CONTENT;
        reply.headers_mut().insert(header::ALLOW, READING);
        return Ok(reply);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(only_reading(method));
    }
    let status = own.front.loader.status(id);
    let status = status.ok_or_else(|| own.front.mounts.unknown(id))?;
    let is_running = status.state == Stage::Running;
    match common {
        Common::Version => Ok(reply_json(
            StatusCode::OK,
            &json!({ "version": status.version }),
        )),
        Common::UiConfig if is_running => Ok(reply_json(StatusCode::OK, &ui_config(&status))),
        Common::UiConfig => Err(own.front.mounts.absent(id)),
        Common::Health => Ok(health(own, id, &status).await),
    }
}

#[cold]
fn only_reading(method: &Method) -> Fault {
    let text = format!("{method} is not allowed here, only GET, HEAD, OPTIONS");
    Fault::new(StatusCode::METHOD_NOT_ALLOWED, text).with_header(header::ALLOW, READING)
}

fn ui_config(status: &Status) -> Value {
    json!({
        "plugin_name": status.id,
        "instance_name": status.id,
        "version": status.version,
        "ui": ui(status),
    })
}

/// What a plugin shows of itself; an empty object where it says nothing.
pub(super) fn ui(status: &Status) -> Value {
    match &status.manifest.ui {
        Some(ui) => json!(ui),
        None => json!({}),
    }
}

async fn health(own: &Arc<Own>, id: &str, status: &Status) -> Reply {
    let sessions = match own.front.mounts.get(id) {
        Ok(mount) => sessions(&mount).await,
        Err(_) => None,
    };
    let (status, is_running) = (status.clone(), status.state == Stage::Running);
    let told = blocking(own, move |own| {
        let report = report_of(&own.desk, &status);
        Ok(health_object(&own.front.loader, &status, &report, sessions))
    });
    match told.await {
        Ok(object) if is_running => reply_json(StatusCode::OK, &object),
        Ok(object) => reply_json(StatusCode::SERVICE_UNAVAILABLE, &object),
        Err(fault) => fault.into(),
    }
}

/// How long a plugin may take to count.
const COUNTING: Duration = Duration::from_secs(2);

/// How many sessions a plugin has, where it says.
pub(super) async fn sessions(mount: &Mount) -> Option<u64> {
    let extensions = [jackfield_loader::Header::new("count", b"1")];
    let request = Request::new("GET", "/list_sessions").with_extensions(&extensions);
    let asked = pin!(mount.handle.request_with(&request, None, COUNTING));
    let answer = until_cut(&mount.cut, asked).await?;
    let answer = answer.ok().filter(|answer| answer.status() == 200)?;
    let told: Value = serde_json::from_slice(answer.body()).ok()?;
    told.get("active")?.as_u64()
}

/// Whether it runs, and says no other than that it does well.
pub(super) fn is_healthy(status: &Status) -> bool {
    let is_well =
        |health: &HealthReport| health.verdict != HealthStatus::Unhealthy && health.misses == 0;
    status.state == Stage::Running && status.health.as_ref().is_none_or(is_well)
}

/// How a plugin does, as all who ask are told of it.
pub(super) fn health_object(
    loader: &Loader,
    status: &Status,
    report: &PluginReport,
    sessions: Option<u64>,
) -> Value {
    let manifest = &status.manifest;
    let is_running = status.state == Stage::Running;
    let word = match (is_running, &report.health) {
        (false, _) => "unhealthy",
        (true, Some(health)) if health.misses == 0 => &*health.status,
        (true, Some(_)) => "unhealthy",
        (true, None) => "healthy",
    };
    let requires = manifest.requires.iter();
    let dependencies: Vec<&str> = requires
        .map(|need| match &need.target {
            Target::Plugin(id) => id.as_str(),
            Target::Service(id) => id.as_str(),
        })
        .collect();
    let mut object = json!({
        "status": word,
        "plugin": status.id,
        "name": manifest.name,
        "healthy": is_healthy(status),
        "state": status.state,
        "version": status.version,
        "uptime_seconds": is_running.then(|| uptime(status)),
        "active_sessions": sessions,
        "enabled": status.state != Stage::Disabled,
        "metadata": {
            "version": status.version,
            "description": manifest.description,
            "priority": loader.priority(status),
            "dependencies": dependencies,
        },
        "configuration": configuration(loader, status),
        "restarts": report.restarts,
    });
    if let Some(health) = &report.health {
        object["message"] = json!(health.message);
        object["details"] = json!(health.metadata);
        object["misses"] = json!(health.misses);
    }
    if let Some(reason) = report.reason() {
        object["error"] = json!(reason);
    }
    if !is_running {
        let (id, state) = (&status.id, status.state);
        object["detail"] = json!(match &object["error"] {
            Value::String(reason) => format!("Plugin '{id}' is {state}: {reason}"),
            _ => format!("Plugin '{id}' is {state}"),
        });
    }
    object
}

/// The shape of [`health_object`].
pub(super) fn health_schema() -> Value {
    let text = schema::text;
    schema::object([
        (
            "status",
            schema::words(&["healthy", "degraded", "unhealthy"]),
        ),
        ("plugin", text()),
        ("name", text()),
        ("healthy", schema::flag()),
        ("state", text()),
        ("version", text()),
        ("uptime_seconds", schema::maybe(schema::number())),
        ("active_sessions", schema::maybe(schema::count())),
        ("enabled", schema::flag()),
        ("metadata", schema::any_object()),
        ("configuration", schema::any_object()),
        ("restarts", schema::count()),
    ])
}

fn uptime(status: &Status) -> f64 {
    let since = SystemTime::now().duration_since(status.since);
    since.unwrap_or_default().as_secs_f64()
}

/// Which keys it has, with those that are as by default; no values, which may be secret.
fn configuration(loader: &Loader, status: &Status) -> Value {
    let given = loader.config(status.id.as_str());
    let schema = status.manifest.config_schema.as_deref();
    let complete = complete(schema, &given).unwrap_or(given);
    let keys: Vec<&String> = complete.keys().collect();
    json!({ "has_config": !keys.is_empty(), "config_keys": keys })
}
