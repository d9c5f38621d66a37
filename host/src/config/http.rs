//! `[http]`: where the gateway listens, who may use it, and how much of it.

use super::{
    Origin, Tree,
    origins::{Origins, origins},
    read::{one_of, path},
    section::{Section, boolean, bytes, duration, kind, text},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// What the gateway goes by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Http {
    /// Where it listens; nowhere, where this is empty. Port 0 is any free one.
    pub(crate) listen: Vec<SocketAddr>,
    /// Who may use it.
    pub(crate) access: Access,
    /// The files with its certificate and key; without them it speaks no TLS.
    pub(crate) tls: Option<TlsFiles>,
    /// Names by which it may be addressed besides those of the loopback, in lower case.
    pub(crate) hosts: Vec<String>,
    /// Which other sites' pages may use it.
    pub(crate) origins: Origins,
    /// The most bytes of a request's body.
    pub(crate) max_body: u64,
    /// The most bytes of a request's head.
    pub(crate) max_header: usize,
    /// How long a request may take.
    pub(crate) request_deadline: Duration,
    /// How long a client may take for a request's head.
    pub(crate) header_deadline: Duration,
    /// How long it may take between two parts of a body.
    pub(crate) body_deadline: Duration,
    /// How long it may read nothing of an answer.
    pub(crate) write_deadline: Duration,
    /// The most connections at a time.
    pub(crate) max_connections: usize,
    /// What is said of single plugins, by id; those of which nothing is said are not in it.
    pub(crate) plugins: BTreeMap<String, PluginLimits>,
}

/// Who may use the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Access {
    /// Whoever reaches it.
    #[default]
    Open,
    /// Whoever has a token, as far as its role goes.
    Tokens,
}

/// Where TLS comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// PEM: the certificate, then those that lead to its root.
    pub(crate) certificate: PathBuf,
    /// PEM: its private key.
    pub(crate) key: PathBuf,
}

/// What differs for requests to one plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PluginLimits {
    /// The most bytes of a request's body.
    pub(crate) max_body: Option<u64>,
    /// How long a request may take.
    pub(crate) request_deadline: Option<Duration>,
}

/// hyper reads into a buffer of no less.
const LEAST_HEADER: u64 = 8 * 1024;

/// A head that is longer is a mistake: it is held in memory for each connection.
const MOST_HEADER: u64 = 16 * 1024 * 1024;

/// More connections than there are descriptors for one process.
const MOST_CONNECTIONS: u64 = 1 << 20;

impl Http {
    /// The most bytes of the body of a request to that plugin.
    pub(crate) fn max_body_of(&self, plugin: &str) -> u64 {
        let own = self.plugins.get(plugin);
        own.and_then(|own| own.max_body).unwrap_or(self.max_body)
    }

    /// How long a request to that plugin may take.
    pub(crate) fn request_deadline_of(&self, plugin: &str) -> Duration {
        let own = self.plugins.get(plugin);
        own.and_then(|own| own.request_deadline)
            .unwrap_or(self.request_deadline)
    }
}

/// What is so where nobody says anything.
pub(super) fn defaults() -> [(&'static str, Value); 12] {
    [
        ("http.listen", json!([])),
        ("http.access", json!("open")),
        ("http.allow_open", json!(false)),
        ("http.hosts", json!([])),
        ("http.origins", json!([])),
        ("http.max_body", json!(10 * 1024 * 1024)),
        ("http.max_header", json!(64 * 1024)),
        ("http.request_deadline", json!("45s")),
        ("http.header_deadline", json!("10s")),
        ("http.body_deadline", json!("15s")),
        ("http.write_deadline", json!("30s")),
        // Ten thousand that are idle are usual, and each takes a descriptor.
        ("http.max_connections", json!(10_240)),
    ]
}

/// `[http]`; what is said of single plugins is read elsewhere.
pub(super) fn read(table: Tree, faults: &mut Vec<super::Fault>) -> Http {
    let place = |key: &str| table.entries.get(key).map(|value| value.origin().clone());
    let (listening, allowing) = (place("listen"), place("origins"));
    let places = [place("tls_certificate"), place("tls_key")];
    let mut section = Section::new("http", table, faults);
    let allow_open = section.take("allow_open", boolean).unwrap_or_default();
    let certificate = section.take("tls_certificate", path);
    let key = section.take("tls_key", path);
    let deadline = |section: &mut Section<'_>, key| section.take(key, duration).unwrap_or_default();
    let http = Http {
        listen: section.take("listen", listen).unwrap_or_default(),
        access: section.take("access", access).unwrap_or_default(),
        hosts: section.take("hosts", hosts).unwrap_or_default(),
        origins: section.take("origins", origins).unwrap_or_default(),
        max_body: section.take("max_body", bytes).unwrap_or_default(),
        max_header: section.take("max_header", header).unwrap_or_default(),
        request_deadline: deadline(&mut section, "request_deadline"),
        header_deadline: deadline(&mut section, "header_deadline"),
        body_deadline: deadline(&mut section, "body_deadline"),
        write_deadline: deadline(&mut section, "write_deadline"),
        max_connections: section
            .take("max_connections", connections)
            .unwrap_or_default(),
        tls: certificate
            .zip(key)
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        plugins: BTreeMap::new(),
    };
    if let [Some(origin), None] | [None, Some(origin)] = &places {
        let (there, missing) = match places[0] {
            Some(_) => ("tls_certificate", "tls_key"),
            None => ("tls_key", "tls_certificate"),
        };
        let message = format!("set without http.{missing}: TLS needs both");
        section.fault(origin.clone(), there, message);
    }
    if http.access == Access::Open && !allow_open {
        if let Some(message) = exposed(&http) {
            section.fault(listening.unwrap_or(Origin::Default), "listen", message);
        }
        if http.origins == Origins::Any {
            let message = "\"*\" lets every page that somebody opens use this host, since \
                           http.access is \"open\": list the origins, or set http.access = \
                           \"tokens\", or http.allow_open = true if that is meant"
                .to_owned();
            section.fault(allowing.unwrap_or(Origin::Default), "origins", message);
        }
    }
    section.finish();
    http
}

/// Why it must not listen so, where whoever reaches it may do everything.
fn exposed(http: &Http) -> Option<String> {
    let is_own = |address: &&SocketAddr| address.ip().to_canonical().is_loopback();
    let outside = http.listen.iter().find(|address| !is_own(address))?;
    Some(format!(
        "{outside} can be reached from other machines, and http.access is \"open\": set \
         http.access = \"tokens\" and make tokens with `jackfield token new`, or set \
         http.allow_open = true if whoever reaches it may do everything"
    ))
}

fn access(value: &Value, origin: &Origin) -> Result<Access, String> {
    let words = [("open", Access::Open), ("tokens", Access::Tokens)];
    one_of(value, origin, &words)
}

/// One address, or several.
fn listen(value: &Value, _: &Origin) -> Result<Vec<SocketAddr>, String> {
    match value {
        Value::Array(items) => items.iter().map(address).collect(),
        other => address(other).map(|address| vec![address]),
    }
}

/// `ADDR:PORT`, or a port of the loopback.
fn address(value: &Value) -> Result<SocketAddr, String> {
    let found = match value {
        Value::String(text) => {
            let port = text.parse().map(|port| (Ipv4Addr::LOCALHOST, port).into());
            if let Ok(address) = text.parse().or(port) {
                return Ok(address);
            }
            format!("{text:?}")
        }
        Value::Number(number) => {
            if let Some(port) = number.as_u64().and_then(|port| u16::try_from(port).ok()) {
                return Ok((Ipv4Addr::LOCALHOST, port).into());
            }
            number.to_string()
        }
        other => kind(other).to_owned(),
    };
    Err(format!(
        "expected an address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\", or a port, \
         found {found}"
    ))
}

/// Names without a port, in lower case.
fn hosts(value: &Value, origin: &Origin) -> Result<Vec<String>, String> {
    let Some(items) = value.as_array() else {
        return Err("expected a list of names, such as [\"jackfield.example\"]".to_owned());
    };
    let name = |item| {
        let name = text(item, origin)?.to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_name = !name.is_empty() && name.chars().all(fits);
        match is_name || name.parse::<IpAddr>().is_ok() {
            true => Ok(name),
            false => Err(format!(
                "expected a name such as \"jackfield.example\", without scheme and port, found \
                 {name:?}"
            )),
        }
    };
    items.iter().map(name).collect()
}

fn header(value: &Value, _: &Origin) -> Result<usize, String> {
    within(value, LEAST_HEADER, MOST_HEADER, "a number of bytes")
}

fn connections(value: &Value, _: &Origin) -> Result<usize, String> {
    within(value, 1, MOST_CONNECTIONS, "an integer")
}

fn within(value: &Value, least: u64, most: u64, what: &str) -> Result<usize, String> {
    let number = value.as_u64().filter(|n| (least..=most).contains(n));
    number
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| format!("expected {what} from {least} to {most}, found {value}"))
}

#[cfg(test)]
mod tests;
