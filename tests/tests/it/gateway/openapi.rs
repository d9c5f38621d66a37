//! Is what `/openapi.json` says of the host and its plugins all that there is, and true?

use super::{
    Got, Served,
    access::{token, with},
    site,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use ureq::http::Request;

fn document(served: &Served) -> Value {
    let got = served.get("/openapi.json");
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "application/json");
    got.json()
}

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().unwrap()
}

/// Those of a plugin, with their methods.
fn of(document: &Value, plugin: &str) -> Vec<String> {
    let begin = format!("/{plugin}/");
    let paths = paths(document)
        .iter()
        .filter(|(path, _)| path.starts_with(&begin));
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| format!("{method} {path}"))
    });
    all.collect()
}

/// What a document says of an answer, its reference followed.
fn response<'d>(document: &'d Value, operation: &'d Value, status: u16) -> Option<&'d Value> {
    let responses = &operation["responses"];
    let told = responses
        .get(status.to_string())
        .or_else(|| responses.get("default"))?;
    match told.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()),
        None => Some(told),
    }
}

/// Whether an answer is one that the document tells of.
fn check(document: &Value, operation: &Value, got: &Got, what: &str) {
    let Some(told) = response(document, operation, got.status) else {
        panic!("{what}: {} is not told", got.status);
    };
    let Some(content) = told.get("content").and_then(Value::as_object) else {
        return;
    };
    let bare = |media_type: &str| media_type.split(';').next().unwrap().to_owned();
    let media_type = bare(got.header("content-type"));
    let mut told = content.iter();
    let Some((_, content)) = told.find(|(told, _)| bare(told) == media_type) else {
        panic!("{what}: {} with {media_type} is not told", got.status);
    };
    if media_type != "application/json" {
        return;
    }
    // The schema as it stands in the document, whose definitions it may refer to.
    let mut schema = content["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let body = got.json();
    let errors: Vec<String> = validator
        .iter_errors(&body)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{what}: {body}");
}

#[test]
fn a_document_tells_of_the_host_and_of_running_plugins() {
    let site = site(&["shelf"], "");
    site.add("echo");
    let served = Served::start(site);
    let document = document(&served);
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(document.get("security"), None);
    let tags = document["tags"].as_array().unwrap().iter();
    let tags: Vec<&Value> = tags.map(|tag| &tag["name"]).collect();
    assert_eq!(tags, ["the host", "shelf"]);
    let own = &paths(&document)["/api/plugins/{id}"]["get"];
    assert_eq!(own["parameters"][0]["name"], "id");
    for (path, method, pointer, value) in [
        (
            "/shelf/books",
            "post",
            "/requestBody/content/application~1json/schema/properties/title/type",
            json!("string"),
        ),
        (
            "/shelf/books",
            "post",
            "/responses/409/description",
            json!("a book of that title stands there already"),
        ),
        ("/shelf/books", "get", "/parameters/0/in", json!("query")),
        (
            "/shelf/books/{number}",
            "get",
            "/responses/504/$ref",
            json!("#/components/responses/Error504"),
        ),
        (
            "/shelf/unregister_session/{sid}",
            "post",
            "/parameters/0/required",
            json!(true),
        ),
    ] {
        let operation = &paths(&document)[path][method];
        assert_eq!(operation.pointer(pointer), Some(&value), "{path} {pointer}");
    }
    let of = of(&document, "shelf");
    for common in [
        "get /shelf/version",
        "get /shelf/health",
        "get /shelf/ui_config",
        "post /shelf/register_session",
        "get /shelf/list_sessions",
    ] {
        assert!(of.contains(&common.to_owned()), "{common}");
    }
}

#[test]
fn a_plugin_that_comes_or_goes_comes_or_goes_there() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    let before = document(&served);
    assert!(of(&before, "echo").contains(&"get /echo/ask/{plugin}/{path}".to_owned()));
    assert!(!of(&before, "greeter").is_empty());
    assert_eq!(served.post("/api/plugins/greeter/stop", "").status, 200);
    assert_eq!(of(&document(&served), "greeter"), [""; 0]);
    assert_eq!(served.post("/api/plugins/greeter/restart", "").status, 200);
    assert_eq!(document(&served), before);
}

#[test]
fn what_is_told_is_there() {
    let served = Served::start(site(&["shelf", "greeter", "heartbeat"], ""));
    let document = document(&served);
    let mut ids = BTreeSet::new();
    for (path, methods) in paths(&document) {
        let url = path.replace("{plugin}", "x").replace(['{', '}'], "");
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{what}"
            );
            // The first has no end, the other ends what is asked next.
            if path == "/events" || (path.starts_with("/api/plugins/{id}") && method == "post") {
                continue;
            }
            let request = Request::builder().method(&*method.to_uppercase()).uri(&url);
            let got = served.ask(request, b"");
            assert_ne!(got.status, 405, "{what}");
            check(&document, operation, &got, &what);
            let no_route = got.status == 404 && got.detail().starts_with("No route:");
            assert!(!no_route, "{what}: {got:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_answered_as_told() {
    let served = Served::start(site(&["heartbeat"], ""));
    let document = document(&served);
    let own = paths(&document);
    let config = "/api/plugins/heartbeat/config";
    for (told, path, body, status) in [
        ("/api/plugins/{id}/config", config, "[", 400),
        ("/api/plugins/{id}/config", config, "[]", 422),
        (
            "/api/plugins/{id}/config",
            config,
            r#"{"config":{"period_ms":"x"}}"#,
            422,
        ),
        (
            "/api/plugins/{id}/config",
            "/api/plugins/%FF/config",
            "{}",
            400,
        ),
        ("/api/plugins/{id}/{verb}", "/api/plugins/%FF/x", "", 400),
        (
            "/api/plugins/{id}/{verb}",
            "/api/plugins/heartbeat/x",
            "",
            404,
        ),
        (
            "/api/plugins/{id}/{verb}",
            "/api/plugins/x/start?dry_run=1",
            "",
            404,
        ),
    ] {
        let got = served.post(path, body);
        assert_eq!(got.status, status, "{path}");
        check(&document, &own[told]["post"], &got, path);
        assert!(got.json()["detail"].is_string(), "{path}");
    }
}

#[test]
fn where_tokens_are_needed_it_says_so() {
    let served = Served::start(site(&["heartbeat"], "[http]\naccess = \"tokens\"\n"));
    assert_eq!(served.get("/openapi.json").status, 401);
    let token = token(&served, "--role read");
    let document = with(&served, &token, "GET", "/openapi.json").json();
    assert_eq!(
        document["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    assert_eq!(document["security"], json!([{ "token": [] }]));
    let own = paths(&document);
    assert_eq!(own["/healthz"]["get"]["security"], json!([]));
    assert!(
        own["/heartbeat/health"]["get"]["responses"]
            .get("401")
            .is_some()
    );
}
