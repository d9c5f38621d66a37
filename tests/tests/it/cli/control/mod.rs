//! Does the running host do what an operator asks of it, tell the truth about it, and keep others
//! out?

mod change;
mod logs;
mod settings;
mod socket;
mod status;

use super::{configure, jackfield, running::Host};
use jackfield_tests::Site;

fn id(number: usize) -> String {
    format!("pace-{number:04}")
}

/// A `pace` plugin that requires another.
fn add(site: &Site, number: usize, requires: Option<usize>) {
    let own = id(number);
    let mut texts = vec![("pace-0000".to_owned(), own.clone())];
    texts.extend(requires.map(|other| {
        let line = |id: &str, rest| format!("plugin = \"{id}\", range = \"^1\", optional {rest}");
        (line("need-0000", "= true"), line(&id(other), "=false"))
    }));
    let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (&**a, &**b)).collect();
    site.add_patched("pace", &format!("lib{own}.so"), &texts);
}

/// What the configuration says of some of them.
fn enabled(numbers: &[usize]) -> String {
    let table = |number: &usize| format!("[plugins.{}]\nenabled = true\n", id(*number));
    numbers.iter().map(table).collect()
}

/// 3 requires 2, which requires 1; 4 stands alone; all run.
fn chain() -> (Site, Host) {
    let site = Site::new();
    add(&site, 1, None);
    add(&site, 2, Some(1));
    add(&site, 3, Some(2));
    add(&site, 4, None);
    configure(&site, &enabled(&[1, 2, 3, 4]));
    let mut host = Host::start(&site, "run");
    host.wait("4 running");
    (site, host)
}

/// The states of those plugins, as `status` tells them.
fn states(site: &Site) -> Vec<(String, String)> {
    let report = jackfield(site, "status --format json").json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let plugins = report["plugins"].as_array().unwrap().iter();
    plugins
        .map(|plugin| (text(&plugin["id"]), text(&plugin["state"])))
        .collect()
}

/// The same of the chain.
fn chain_states(site: &Site) -> [String; 4] {
    let states: Vec<String> = states(site).into_iter().map(|(_, state)| state).collect();
    states.try_into().unwrap()
}
