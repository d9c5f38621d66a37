//! Is the section of the gateway read, and is what would expose the host refused?

use super::*;
use crate::config::{Config, file, read};
use std::path::Path;

/// The configuration that a file with this text makes, or everything that is wrong in it.
fn config(text: &str) -> Result<Config, Vec<String>> {
    let mut tree = read::defaults();
    tree.merge(file::parse(text, Path::new("f.toml")).unwrap());
    let mut faults = Vec::new();
    let config = read::read(tree, &mut faults);
    match faults.is_empty() {
        true => Ok(config),
        false => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

fn listening(value: &str) -> Vec<String> {
    let text = format!("http.listen = {value}\nhttp.access = \"tokens\"");
    let http = config(&text).unwrap().http;
    http.listen.iter().map(ToString::to_string).collect()
}

#[test]
fn without_a_word_nothing_listens_and_all_bounds_are_set() {
    let http = config("").unwrap().http;
    assert!(http.listen.is_empty());
    assert_eq!((http.access, http.tls), (Access::Open, None));
    assert_eq!((http.max_body, http.max_header), (10 << 20, 64 << 10));
    assert_eq!(http.max_connections, 10_240);
    let seconds = [
        http.request_deadline,
        http.header_deadline,
        http.body_deadline,
        http.write_deadline,
    ]
    .map(|time| time.as_secs());
    assert_eq!(seconds, [45, 10, 15, 30]);
}

#[test]
fn a_port_alone_is_one_of_the_loopback() {
    assert_eq!(listening("8080"), ["127.0.0.1:8080"]);
    assert_eq!(listening("\"0\""), ["127.0.0.1:0"]);
    assert_eq!(listening("\"[::1]:80\""), ["[::1]:80"]);
    assert_eq!(
        listening("[\"0.0.0.0:1\", 2]"),
        ["0.0.0.0:1", "127.0.0.1:2"]
    );
}

#[test]
fn what_would_be_open_to_other_machines_needs_a_word() {
    let listen = |address: &str, more: &str| {
        config(&format!("[http]\nlisten = \"{address}\"\n{more}")).map(drop)
    };
    let refused = vec![
        "f.toml:2:1: http.listen: 0.0.0.0:80 can be reached from other machines, and http.access \
         is \"open\": set http.access = \"tokens\" and make tokens with `jackfield token new`, or \
         set http.allow_open = true if whoever reaches it may do everything"
            .to_owned(),
    ];
    assert_eq!(listen("0.0.0.0:80", ""), Err(refused));
    assert_eq!(listen("0.0.0.0:80", "allow_open = true"), Ok(()));
    assert_eq!(listen("0.0.0.0:80", "access = \"tokens\""), Ok(()));
    for own in ["127.3.2.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(listen(own, ""), Ok(()), "{own}");
    }
    for outside in ["[::]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:1"] {
        assert!(listen(outside, "").is_err(), "{outside}");
    }
    assert!(config("http.origins = \"*\"").is_err());
    assert!(config("http.origins = \"*\"\nhttp.access = \"tokens\"").is_ok());
}

#[test]
fn a_certificate_comes_with_its_key() {
    let tls = config("[http]\ntls_certificate = \"c.pem\"\ntls_key = \"/k.pem\"").unwrap();
    let files = TlsFiles {
        certificate: "c.pem".into(),
        key: "/k.pem".into(),
    };
    assert_eq!(tls.http.tls, Some(files));
    assert_eq!(
        config("http.tls_key = \"k.pem\"").unwrap_err(),
        ["f.toml:1:6: http.tls_key: set without http.tls_certificate: TLS needs both"]
    );
}

#[test]
fn names_are_taken_in_lower_case() {
    let http = config("http.hosts = [\"Jackfield.Example\", \"::1\"]")
        .unwrap()
        .http;
    assert_eq!(http.hosts, ["jackfield.example", "::1"]);
}

#[test]
fn a_plugin_has_bounds_of_its_own() {
    let text = "[plugins.web]\nmax_body = 1\n[plugins.store]\nrequest_deadline = \"5m\"\n\
                [plugins.other]\nenabled = true";
    let http = config(text).unwrap().http;
    assert_eq!(
        (http.max_body_of("web"), http.max_body_of("store")),
        (1, 10 << 20)
    );
    let seconds = ["web", "store"].map(|id| http.request_deadline_of(id).as_secs());
    assert_eq!(seconds, [45, 300]);
    assert_eq!(http.plugins.len(), 2);
}

#[test]
fn each_mistake_is_told() {
    for (text, error) in [
        (
            "http.listen = \"localhost:80\"",
            "http.listen: expected an address and a port such as \"127.0.0.1:8080\" or \
             \"[::1]:8080\", or a port, found \"localhost:80\"",
        ),
        (
            "http.listen = [65536]",
            "http.listen: expected an address and a port such as \"127.0.0.1:8080\" or \
             \"[::1]:8080\", or a port, found 65536",
        ),
        (
            "http.access = \"none\"",
            "http.access: expected one of \"open\", \"tokens\", found \"none\"",
        ),
        (
            "http.hosts = [\"http://a\"]",
            "http.hosts: expected a name such as \"jackfield.example\", without scheme and port, \
             found \"http://a\"",
        ),
        (
            "http.max_header = 1",
            "http.max_header: expected a number of bytes from 8192 to 16777216, found 1",
        ),
        (
            "http.max_connections = 0",
            "http.max_connections: expected an integer from 1 to 1048576, found 0",
        ),
        (
            "http.max_bodies = 1",
            "http.max_bodies: unknown key, did you mean `max_body`?",
        ),
        (
            "audit.max_bytes = 1",
            "audit.max_bytes: expected a number of bytes from 65536, found 1",
        ),
        (
            "audit.keep = 0",
            "audit.keep: expected an integer from 1 to 1000, found 0",
        ),
    ] {
        let faults = config(text).unwrap_err();
        let place = text
            .split(" = ")
            .next()
            .map_or(0, |key| key.find('.').unwrap() + 2);
        assert_eq!(faults, [format!("f.toml:1:{place}: {error}")]);
    }
}
