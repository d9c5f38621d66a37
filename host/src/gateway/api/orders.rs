use super::{Own, Place, blocking, parts::Named, query::flag};
use crate::{
    control::{Code, Refusal, Verb, act, reload, would},
    gateway::{
        openapi::{Operation, schema},
        reply::Fault,
    },
};
use axum::{Json, extract::State};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

/// `POST /api/plugins/{id}/{verb}`.
pub(super) async fn order(
    State(own): Place,
    Named((id, verb)): Named<(String, String)>,
    uri: Uri,
) -> Result<Json<Value>, Fault> {
    let dry_run = flag(&uri, "dry_run")?;
    let Some(what) = What::read(&verb) else {
        let path = uri.path();
        let text = format!(
            "No route: POST {path}: expected one of enable, disable, start, stop, restart, reload"
        );
        return Err(Fault::new(StatusCode::NOT_FOUND, text));
    };
    // Before it is begun: a host that stops waits for those that are.
    let job = own.desk.job().map_err(refused)?;
    blocking(&own, move |own| {
        let _job = job;
        if own.loader().status(&id).is_none() && own.loader().would_enable(&id).is_err() {
            return Err(own.front.mounts.unknown(&id));
        }
        let done = carry_out(own, what, &id, dry_run);
        done.map(Json).map_err(|refusal| match refusal.code {
            Code::UnknownPlugin => fileless(own, &id),
            _ => refused(refusal),
        })
    })
    .await
}

enum What {
    Verb(Verb),
    Reload,
}

impl What {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "start" => Self::Verb(Verb::Start),
            "stop" => Self::Verb(Verb::Stop),
            "restart" => Self::Verb(Verb::Restart),
            "enable" => Self::Verb(Verb::Enable),
            "disable" => Self::Verb(Verb::Disable),
            "reload" => Self::Reload,
            _ => return None,
        })
    }
}

fn carry_out(own: &Own, what: What, id: &str, dry_run: bool) -> Result<Value, Refusal> {
    let done = match what {
        What::Verb(verb) if dry_run => would(&own.desk, verb, id)?,
        What::Verb(verb) => act(&own.desk, verb, id)?,
        What::Reload => return reload(&own.desk, id, dry_run),
    };
    Ok(json!(done))
}

/// Why nothing can be done with a plugin that no file has.
fn fileless(own: &Own, id: &str) -> Fault {
    if own.loader().status(id).is_none() {
        return own.front.mounts.unknown(id);
    }
    let detail = format!("Plugin '{id}' is here still, but its file is gone: put one there again");
    Fault::new(StatusCode::CONFLICT, detail).with("code", json!(Code::UnknownPlugin))
}

/// A refusal as HTTP has it.
pub(super) fn refused(refusal: Refusal) -> Fault {
    let status = match refusal.code {
        Code::UnknownPlugin => StatusCode::NOT_FOUND,
        Code::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::NotAllowed => StatusCode::FORBIDDEN,
        Code::Deadline => StatusCode::GATEWAY_TIMEOUT,
        Code::Unwritten | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    };
    Fault::new(status, refusal.message).with("code", json!(refusal.code))
}

pub(super) fn operation() -> Operation {
    let text = schema::text;
    let done = schema::object([
        ("id", text()),
        ("dry_run", schema::flag()),
        ("pending", schema::flag()),
        ("stop", schema::list(text())),
        ("start", schema::list(text())),
        ("state", schema::maybe(text())),
        ("file", schema::maybe(schema::any_object())),
    ]);
    Operation::new("Changes a plugin, and what has to go with it")
        .path("id", "the plugin's id")
        .path(
            "verb",
            "`enable`, `disable`, `start`, `stop`, `restart`, or `reload`",
        )
        .query(
            "dry_run",
            "say what would be done, and do nothing",
            schema::flag(),
        )
        .gives(done)
        .fails(404, "there is no such plugin, or no such verb")
        .fails(409, "it cannot be done as things are")
        .fails(410, "the plugin was removed")
        .fails(504, "it was not done in time, and goes on")
}
