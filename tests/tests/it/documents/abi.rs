//! Does docs/abi.md name every type and method of the boundary, with its size and offsets?

use super::rows;
use crate::house::{code::code, files, read};
use jackfield_abi as abi;
use jackfield_abi::{ROption, RResult, RString, RVec};
use std::mem::{align_of, offset_of, size_of};

const DOCUMENT: &str = "docs/abi.md";

fn row(name: &str, size: usize, align: usize, fields: &[(&str, usize)]) -> Vec<String> {
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, offset)| format!("{field} {offset}"))
        .collect();
    vec![
        name.to_owned(),
        size.to_string(),
        align.to_string(),
        fields.join(", "),
    ]
}

/// The row of a type, from the type.
macro_rules! measured {
    ($name:literal, $type:ty $(, $field:ident)*) => {
        row(
            $name,
            size_of::<$type>(),
            align_of::<$type>(),
            &[$((stringify!($field), offset_of!($type, $field))),*],
        )
    };
}

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes_and_offsets_are_those_of_the_code() {
    let expected = [
        measured!("PluginModuleRef", abi::PluginModuleRef),
        measured!("Identity", abi::Identity, id, version),
        measured!("PluginObject", abi::PluginObject),
        measured!("HostObject", abi::HostObject),
        measured!("ByteStreamObject", abi::ByteStreamObject),
        measured!("StorageObject", abi::StorageObject),
        measured!("ClockObject", abi::ClockObject),
        measured!("ConfigObject", abi::ConfigObject),
        measured!("BusObject", abi::BusObject),
        measured!("TopologyObject", abi::TopologyObject),
        measured!("StorageItem", abi::StorageItem<'_>, key, value),
        measured!("StorageEntry", abi::StorageEntry, key, value),
        measured!("ServiceOfferObject", abi::ServiceOfferObject),
        measured!("ServiceLeaseObject", abi::ServiceLeaseObject),
        measured!(
            "Request",
            abi::Request<'_>,
            method,
            path,
            query,
            headers,
            extensions,
            body,
            stream
        ),
        measured!("Header", abi::Header<'_>, name, value),
        measured!("Response", abi::Response, status, headers, body, stream),
        measured!("Reply", abi::Reply),
        measured!("Call", abi::Call<'_>),
        measured!("CallMut", abi::CallMut<'_, '_>),
        measured!("Failure", abi::Failure, code, message),
        measured!("FailureCode", abi::FailureCode),
        measured!("Health", abi::Health, status, message, metadata),
        measured!("HealthStatus", abi::HealthStatus),
        measured!(
            "Event",
            abi::Event<'_>,
            topic,
            publisher,
            payload,
            sequence,
            time_ns,
            subscription
        ),
        measured!(
            "SubscribeOptions",
            abi::SubscribeOptions,
            flags,
            policy,
            capacity,
            reserved,
            wait_ns
        ),
        measured!("QueuePolicy", abi::QueuePolicy),
        measured!(
            "RetainedEvent",
            abi::RetainedEvent,
            publisher,
            payload,
            sequence,
            time_ns
        ),
        measured!(
            "LogRecord",
            abi::LogRecord<'_>,
            level,
            line,
            target,
            message,
            file,
            fields
        ),
        measured!("Field", abi::Field<'_>, key, value),
        measured!("Level", abi::Level),
        measured!(
            "PanicReport",
            abi::PanicReport<'_>,
            message,
            file,
            line,
            column,
            frames
        ),
        measured!("FfiFuture<()>", abi::FfiFuture<()>),
        measured!("RStr", abi::RStr<'_>),
        measured!("RSlice<u8>", abi::RSlice<'_, u8>),
        measured!("RString", RString),
        measured!("RVec<u8>", RVec<u8>),
        measured!("RBox<Response>", abi::RBox<abi::Response>),
        measured!("RResult<(), Failure>", RResult<(), abi::Failure>),
        measured!("ROption<u64>", ROption<u64>),
    ];
    let table: Vec<String> = expected.iter().map(|row| as_markdown(row)).collect();
    assert_eq!(
        rows(DOCUMENT, "## Sizes"),
        expected,
        "the table has to be:\n{}",
        table.join("\n")
    );
}

fn as_markdown(row: &[String]) -> String {
    format!("| `{}` | {} | {} | {} |", row[0], row[1], row[2], row[3])
}

/// The names of the public items of the boundary, from its source.
fn public_names() -> Vec<String> {
    let mut names = Vec::new();
    for file in files("plugin-api/abi/src", "rs") {
        let code = code(&read(&file));
        for kind in ["struct", "trait", "type", "const", "fn"] {
            for (_, rest) in code
                .match_indices(&format!("pub {kind} "))
                .map(|(at, found)| (at, &code[at + found.len()..]))
            {
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap();
                names.push(rest[..end].to_owned());
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The methods of the traits, from their source.
fn methods(file: &str) -> Vec<String> {
    let code = code(&read(file));
    let begin = code.find("pub trait").unwrap();
    let body = &code[begin..begin + code[begin..].find("\n}").unwrap()];
    let methods = body.match_indices("    fn ").map(|(at, found)| {
        let rest = &body[at + found.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap();
        rest[..end].to_owned()
    });
    methods.collect()
}

#[test]
fn every_public_name_is_named() {
    let document = read(DOCUMENT);
    let names = public_names();
    assert!(names.iter().any(|name| name == "PluginModule"));
    for name in names {
        // Constructors and constants of open sets are named with their type.
        let named = [
            format!("`{name}`"),
            format!("::{name}`"),
            format!("`{name}("),
        ];
        assert!(
            named.iter().any(|text| document.contains(text.as_str())),
            "{name} is not in {DOCUMENT}"
        );
    }
}

#[test]
fn every_method_has_a_row_in_order() {
    for (file, heading) in [
        ("plugin-api/abi/src/plugin.rs", "### `Plugin`"),
        ("plugin-api/abi/src/host.rs", "### `Host`"),
        ("plugin-api/abi/src/storage.rs", "### `Storage`"),
        ("plugin-api/abi/src/clock.rs", "### `Clock`"),
        ("plugin-api/abi/src/config.rs", "### `Config`"),
        ("plugin-api/abi/src/bus.rs", "### `Bus`"),
        ("plugin-api/abi/src/topology.rs", "### `Topology`"),
        ("plugin-api/abi/src/offer.rs", "### `ServiceOffer`"),
        ("plugin-api/abi/src/lease.rs", "### `ServiceLease`"),
        ("plugin-api/abi/src/stream.rs", "### `ByteStream`"),
    ] {
        let listed: Vec<String> = rows(DOCUMENT, heading)
            .into_iter()
            .map(|mut row| row.swap_remove(0))
            .collect();
        assert_eq!(listed, methods(file), "{heading}");
    }
}

#[test]
fn open_sets_have_the_numbers_of_the_code() {
    use abi::{FailureCode, HealthStatus, QueuePolicy};
    let codes = [
        ("ERROR", FailureCode::ERROR),
        ("PANIC", FailureCode::PANIC),
        ("UNSUPPORTED", FailureCode::UNSUPPORTED),
        ("NOT_FOUND", FailureCode::NOT_FOUND),
        ("UNAVAILABLE", FailureCode::UNAVAILABLE),
        ("DEADLINE", FailureCode::DEADLINE),
        ("CANCELLED", FailureCode::CANCELLED),
        ("DENIED", FailureCode::DENIED),
        ("FULL", FailureCode::FULL),
        ("INVALID", FailureCode::INVALID),
        ("ENDED", FailureCode::ENDED),
    ];
    let listed: Vec<(String, String)> = pairs("### `FailureCode`");
    let expected = codes.map(|(name, code)| (code.0.to_string(), name.to_owned()));
    assert_eq!(listed, expected);
    let verdicts = [
        ("HEALTHY", HealthStatus::HEALTHY),
        ("DEGRADED", HealthStatus::DEGRADED),
        ("UNHEALTHY", HealthStatus::UNHEALTHY),
    ];
    let expected = verdicts.map(|(name, code)| (code.0.to_string(), name.to_owned()));
    assert_eq!(pairs("### `HealthStatus`"), expected);
    let policies = [
        ("DROP_OLDEST", QueuePolicy::DROP_OLDEST),
        ("DROP_NEWEST", QueuePolicy::DROP_NEWEST),
        ("BLOCK", QueuePolicy::BLOCK),
    ];
    let expected = policies.map(|(name, code)| (code.0.to_string(), name.to_owned()));
    assert_eq!(pairs("### `QueuePolicy`"), expected);
}

fn pairs(heading: &str) -> Vec<(String, String)> {
    let rows = rows(DOCUMENT, heading);
    rows.into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

#[test]
fn the_version_is_that_of_the_crate() {
    let said = format!("The ABI version is **{}**", abi::ABI_VERSION);
    assert!(read(DOCUMENT).contains(&said), "{DOCUMENT}: {said}");
    let version = abi::abi_version();
    let heading = format!("ABI {}.{}", version.major, version.minor);
    let changes = read("CHANGELOG.md");
    let first = changes
        .lines()
        .find(|line| line.starts_with("## [") && !line.contains("Unreleased"))
        .expect("CHANGELOG.md has a release");
    assert!(first.contains(&heading), "{first}");
    let host: toml::Table = read("host/Cargo.toml").parse().unwrap();
    let host = host["package"]["version"].as_str().unwrap();
    assert!(first.starts_with(&format!("## [{host}]")), "{first}");
}
