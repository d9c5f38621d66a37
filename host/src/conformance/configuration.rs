//! Is a configuration that it cannot use refused, by its schema and by itself?

use crate::conformance::{bench::Bench, spec::Verdict};
use jackfield_loader::{Code, ProbeError, State, check_config};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(300);

/// Values of every type, ordinary and odd.
fn values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\0\u{202e}…"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([[[[[[[[null]]]]]]]]),
        json!({}),
        json!({ "a": { "b": [1, "2"] } }),
    ]
}

/// The plugin's schema, and the names of what stands at its top.
fn schema(bench: &Bench) -> Result<(String, Vec<String>), Verdict> {
    let loader = bench.open(bench.options())?;
    let plugins = loader.start().plugins;
    let own = plugins
        .iter()
        .find(|plugin| plugin.manifest.id.as_str() == bench.id());
    let text = own.and_then(|plugin| plugin.manifest.config_schema.clone());
    loader.stop(LONG);
    let text = text.ok_or_else(|| Verdict::skipped("it has no configuration schema"))?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let properties = value.get("properties").and_then(Value::as_object);
    let names = properties.map(|all| all.keys().cloned().collect());
    Ok((text, names.unwrap_or_default()))
}

/// What breaks the schema is refused before anything of the plugin is mapped.
pub(crate) fn violations(bench: &Bench) -> Verdict {
    violations_checked(bench).unwrap_or_else(|verdict| verdict)
}

fn violations_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    let (schema, names) = schema(bench)?;
    let base = bench.spec.config();
    let mut refused = Vec::new();
    for name in &names {
        let broken = values().into_iter().find_map(|value| {
            let mut config = base.clone();
            config.insert(name.clone(), value);
            check_config(Some(&schema), &config)
                .is_err()
                .then_some(config)
        });
        refused.extend(broken.map(|config| (name.clone(), config)));
    }
    if refused.is_empty() {
        return Err(Verdict::skipped(
            "its schema takes a value of any type for every key: say `type` there",
        ));
    }
    for (name, config) in &refused {
        bench.step(&format!("start with a bad `{name}`"));
        refuse(bench, name, config)?;
    }
    let count = refused.len();
    Ok(Verdict::passed(format!("{count} of {} keys", names.len())))
}

fn refuse(bench: &Bench, name: &str, config: &Map<String, Value>) -> Result<(), Verdict> {
    let mut options = bench.options();
    let settings = options.settings.entry(bench.id().to_owned()).or_default();
    settings.config = config.clone();
    let loader = bench.open(options)?;
    loader.start();
    let status = loader.status(bench.id());
    loader.stop(LONG);
    let found = status.ok_or_else(|| Verdict::failed("it is not known to the loader"))?;
    let is_refused = found.state == State::Rejected
        && found
            .reasons
            .iter()
            .any(|reason| reason.code == Code::InvalidConfig);
    if is_refused && found.unload.is_none() {
        return Ok(());
    }
    Err(Verdict::failed(format!(
        "a bad `{name}`: expected the plugin to be refused before it is mapped, found it {}",
        found.state
    )))
}

/// Configurations that no host would give it, each with what is odd about it. That says nothing of
/// the others' values, which may be secret.
fn texts(whole: &Map<String, Value>, names: &[String]) -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = ["", "{", "nul", "\u{feff}{}", "{}{}"]
        .map(|text| (format!("the text {text:?}"), text.to_owned()))
        .into();
    let alone = values().into_iter().map(|value| {
        let shown = format!("{} instead of a table", kind(&value));
        (shown, value.to_string())
    });
    texts.extend(alone);
    for name in names {
        let broken = values().into_iter().map(|value| {
            let shown = format!("{} as `{name}`", kind(&value));
            let mut config = whole.clone();
            config.insert(name.clone(), value);
            (shown, Value::Object(config).to_string())
        });
        texts.extend(broken);
        let mut without = whole.clone();
        without.remove(name);
        let text = Value::Object(without).to_string();
        texts.push((format!("no `{name}`"), text));
    }
    texts
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// What no host would give it is refused by the plugin itself, or taken, and does no harm.
pub(crate) fn unchecked(bench: &Bench) -> Verdict {
    unchecked_checked(bench).unwrap_or_else(|verdict| verdict)
}

fn unchecked_checked(bench: &Bench) -> Result<Verdict, Verdict> {
    let (_, names) = schema(bench).unwrap_or_default();
    let (loader, _) = bench.up()?;
    bench.step("stop");
    let stopped = loader.stop_plugin(bench.id(), Instant::now() + LONG);
    stopped.map_err(|error| Verdict::failed(error.to_string()))?;
    let probe = loader.probe(bench.id());
    let probe = probe.map_err(|error| Verdict::failed(error.to_string()))?;
    let whole: Map<String, Value> = serde_json::from_str(probe.config()).unwrap_or_default();
    let texts = texts(&whole, &names);
    let (mut taken, all) = (0, texts.len());
    for (shown, text) in texts {
        bench.step(&format!("initialize with {shown}"));
        match probe.create(&text) {
            Ok(created) => {
                taken += 1;
                let (stopped, _) = created.stop(Instant::now() + LONG);
                stopped.map_err(|error| {
                    Verdict::failed(format!("stop, created with {shown}: {error}"))
                })?;
            }
            Err(ProbeError::Create(..)) => {}
            Err(error) => return Err(Verdict::failed(format!("with {shown}: {error}"))),
        }
    }
    loader.stop(LONG);
    let refused = all - taken;
    Ok(Verdict::passed(format!("{refused} refused, {taken} taken")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_configuration_holds_no_value_of_it() {
        let whole = json!({ "token": "hunter2", "port": 4711 });
        let names = ["token", "port"].map(str::to_owned);
        let texts = texts(whole.as_object().unwrap(), &names);
        let with = |text: &str| texts.iter().filter(|(_, own)| own.contains(text)).count();
        assert!(with("hunter2") > 10 && with("4711") > 10);
        let shown: Vec<&str> = texts.iter().map(|(shown, _)| &**shown).collect();
        for expected in ["a list as `token`", "no `port`", "null instead of a table"] {
            assert!(shown.contains(&expected), "{shown:#?}");
        }
        for shown in shown {
            assert!(
                !shown.contains("hunter2") && !shown.contains("4711"),
                "{shown}"
            );
        }
    }
}
