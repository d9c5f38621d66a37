//! Does every crate depend only on what it may?

use super::read;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Each crate, by its folder, and which crates of the house it may depend on.
const MAY: [(&str, &[&str]); 21] = [
    ("plugin-api/abi", &[]),
    ("plugin-api/manifest", &[]),
    ("plugin-api/macros", &["jackfield-manifest"]),
    ("plugin-api", &["jackfield-abi", "jackfield-macros"]),
    (
        "plugin-api/testkit",
        &[
            "jackfield-abi",
            "jackfield-loader",
            "jackfield-manifest",
            "jackfield-plugin-api",
        ],
    ),
    ("loader", &["jackfield-abi", "jackfield-manifest"]),
    ("host", &["jackfield-loader", "jackfield-manifest"]),
    ("plugins/heartbeat", &["jackfield-plugin-api"]),
    ("plugins/jobs", &["jackfield-plugin-api"]),
    (
        "plugins/log-store",
        &["jackfield-plugin-api", "jackfield-sqlite-kit"],
    ),
    ("plugins/rate-limit", &["jackfield-plugin-api"]),
    (
        "plugins/recorder",
        &["jackfield-plugin-api", "jackfield-sqlite-kit"],
    ),
    ("plugins/request-log", &["jackfield-plugin-api"]),
    ("plugins/simulator", &["jackfield-plugin-api"]),
    (
        "plugins/sqlite-backend",
        &[
            "jackfield-plugin-api",
            "jackfield-sqlite-kit",
            "jackfield-tracking-api",
        ],
    ),
    ("plugins/sqlite-kit", &["jackfield-plugin-api"]),
    ("plugins/staging", &["jackfield-plugin-api"]),
    ("plugins/sysinfo", &["jackfield-plugin-api"]),
    (
        "plugins/system-collector",
        &["jackfield-plugin-api", "jackfield-tracking-api"],
    ),
    (
        "plugins/tracker",
        &["jackfield-plugin-api", "jackfield-tracking-api"],
    ),
    ("plugins/tracking-api", &["jackfield-plugin-api"]),
];

/// The names under every `[dependencies]` and `[build-dependencies]` of a manifest, also those for
/// one system only; not those for tests.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (key, value) in manifest {
        let Value::Table(table) = value else { continue };
        match key.as_str() {
            "dependencies" | "build-dependencies" => names.extend(table.keys().cloned()),
            "target" => {
                let systems = table.values().filter_map(Value::as_table);
                names.extend(systems.flat_map(dependencies));
            }
            _ => {}
        }
    }
    names
}

fn of(folder: &str) -> BTreeSet<String> {
    dependencies(&read(&format!("{folder}/Cargo.toml")).parse().unwrap())
}

/// Everything that a package is built with, as Cargo.lock has it: what its tests need included.
fn closure(package: &str) -> BTreeSet<String> {
    let lock: Table = read("Cargo.lock").parse().unwrap();
    let mut direct: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in lock["package"].as_array().unwrap() {
        let needs = entry.get("dependencies").and_then(Value::as_array);
        let names = needs.into_iter().flatten().filter_map(Value::as_str);
        let names = names.filter_map(|name| name.split(' ').next());
        let own = entry["name"].as_str().unwrap();
        direct.entry(own).or_default().extend(names);
    }
    let (mut seen, mut open) = (BTreeSet::new(), vec![package]);
    while let Some(name) = open.pop() {
        if seen.insert(name.to_owned()) {
            open.extend(&direct[name]);
        }
    }
    seen
}

#[test]
fn they_point_one_way() {
    for (folder, may) in MAY {
        for name in of(folder)
            .iter()
            .filter(|name| name.starts_with("jackfield-"))
        {
            assert!(may.contains(&name.as_str()), "{folder} depends on {name}");
        }
    }
}

#[test]
fn every_crate_of_the_product_is_judged() {
    let workspace: Table = read("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    for member in members.iter().filter_map(Value::as_str) {
        let known = MAY.iter().any(|(folder, _)| *folder == member);
        assert!(known || member.starts_with("test"), "{member}");
    }
}

#[test]
fn one_crate_maps_libraries_and_three_know_the_boundary() {
    let having = |name: &str| -> Vec<&str> {
        let folders = MAY.iter().map(|(folder, _)| *folder);
        folders.filter(|folder| of(folder).contains(name)).collect()
    };
    assert_eq!(having("libloading"), ["loader"]);
    // A contract between plugins is written as one between plugin and host.
    assert_eq!(
        having("abi_stable"),
        ["plugin-api/abi", "plugins/tracking-api"]
    );
    assert_eq!(
        having("jackfield-abi"),
        ["plugin-api", "plugin-api/testkit", "loader"]
    );
}

#[test]
fn the_loader_brings_no_runtime_no_http_and_no_command_line() {
    let closure = closure("jackfield-loader");
    for name in [
        "tokio",
        "axum",
        "hyper",
        "clap",
        "env_logger",
        "jackfield-plugin-api",
    ] {
        assert!(!closure.contains(name), "{name}");
    }
    // The search finds what is there.
    assert!(closure.contains("libc"));
}
