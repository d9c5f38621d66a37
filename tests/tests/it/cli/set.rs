//! Does `config set` change one value, and nothing where the result would not be good?

use super::{Said, add, command, configure, jackfield};
use jackfield_tests::Site;
use std::fs;

const SCHEMA: &str = r#"config_schema = '{"type":"object","properties":{"port":{"type":"integer","minimum":1},"name":{"type":"string","default":"n"},"pin":{"type":"string","writeOnly":true},"deep":{"type":"object","properties":{"er":{"type":"boolean"}}}},"required":["port"],"additionalProperties":false}'"#;

const FILE: &str = "\
# Mine.
[plugins.store.config]
port = 80 # the usual one
pin  = \"file:/run/secrets/store\"
";

/// The file without the secret.
fn plain() -> String {
    FILE.replace("pin  = \"file:/run/secrets/store\"\n", "")
}

fn site() -> Site {
    let site = Site::new();
    add(&site, "store", "1.0.0", SCHEMA);
    configure(&site, &plain());
    site
}

fn file(site: &Site) -> String {
    fs::read_to_string(site.root().join("jackfield.toml")).unwrap()
}

#[test]
fn a_value_is_set_and_taken_out() {
    let site = site();
    let said = jackfield(&site, "config set store port 8080");
    assert_eq!(said.out, "jackfield.toml: set plugins.store.config.port\n");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    assert_eq!(file(&site), plain().replace("80", "8080"));
    jackfield(&site, "config set store deep.er true");
    assert!(
        file(&site).ends_with("\n[plugins.store.config.deep]\ner = true\n"),
        "{}",
        file(&site)
    );
    let said = jackfield(&site, "config unset store deep.er");
    assert_eq!(
        said.out,
        "jackfield.toml: took out plugins.store.config.deep.er\n"
    );
    let said = jackfield(&site, "config set store name 5");
    assert_eq!(
        said.err,
        "error: store: its configuration does not fit: name: expected a string, found 5\n"
    );
    jackfield(&site, "config set store name five");
    assert!(
        file(&site).contains("\nname = \"five\"\n"),
        "{}",
        file(&site)
    );
}

#[test]
fn what_would_not_be_good_is_not_written() {
    let site = site();
    let before = file(&site);
    let unknown = "expected one of `port`, `name`, `pin`, `deep`, found an unknown key";
    for (arguments, error) in [
        ("set store port 0", "store: its configuration does not fit: port: expected at least 1, found 0".to_owned()),
        ("set store prot 1", format!("store: its configuration does not fit: prot: {unknown}, did you mean `port`?")),
        ("unset store port", "store: its configuration does not fit: port: expected an integer, found nothing".to_owned()),
        ("set store pin 4711", "store: its configuration does not fit: pin: expected a string, found something else (it is secret)".to_owned()),
        ("set store pin file:hush", "store: its configuration does not fit: pin: expected `file:` and an absolute path, found another path".to_owned()),
        ("set stroe port 1", "no plugin has the id `stroe`, did you mean `store`?".to_owned()),
        ("set store a..b 1", "`a..b` is no field: expected names with dots between them".to_owned()),
        ("unset store name", "jackfield.toml: plugins.store.config.name is not set in it".to_owned()),
        ("set store port.x 1", "jackfield.toml: plugins.store.config.port is integer in it, expected a table: change the file by hand".to_owned()),
    ] {
        let said = jackfield(&site, &format!("config {arguments}"));
        assert_eq!(said.err, format!("error: {error}\n"), "{arguments}");
        assert_eq!((said.out.as_str(), said.code), ("", Some(2)), "{arguments}");
        assert_eq!(file(&site), before, "{arguments}");
    }
}

#[test]
fn a_dry_run_shows_the_lines_and_no_secret() {
    let site = site();
    let before = file(&site);
    let said = jackfield(&site, "config set store port 8080 --dry-run");
    assert_eq!(
        said.out,
        "jackfield.toml:3\n-port = 80 # the usual one\n+port = 8080 # the usual one\n"
    );
    let said = jackfield(&site, "config set store pin hush --dry-run");
    assert_eq!(said.out, "jackfield.toml:4\n+pin = \"******** (new)\"\n");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    assert_eq!(file(&site), before);
}

#[test]
fn a_dry_run_that_takes_a_secret_out_does_not_show_it() {
    let site = site();
    configure(&site, &format!("{}pin = \"hush\"\n", plain()));
    let said = jackfield(&site, "config unset store pin --dry-run");
    assert_eq!(said.out, "jackfield.toml:4\n-pin = \"********\"\n");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
}

#[test]
fn a_secret_elsewhere_stays_where_it_is() {
    let site = site();
    configure(&site, FILE);
    // Nothing is written while it cannot be read.
    let said = jackfield(&site, "config set store port 1");
    assert_eq!(
        said.err,
        "error: store: its configuration does not fit: pin: expected a file that this host can \
         read, found none: No such file or directory (os error 2)\n"
    );
    let secret = site.root().join("secret");
    fs::write(&secret, "hush").unwrap();
    private(&secret);
    let named = FILE.replace("/run/secrets/store", secret.to_str().unwrap());
    configure(&site, &named);
    let said = jackfield(&site, "config set store port 1");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    assert_eq!(file(&site), named.replace("= 80", "= 1"));
}

fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn it_goes_into_the_file_that_the_value_stands_in() {
    let site = site();
    let part = site.root().join("jackfield.d/10-store.toml");
    fs::create_dir(site.root().join("jackfield.d")).unwrap();
    fs::write(&part, "[plugins.store]\nconfig.port = 81\n").unwrap();
    let said = jackfield(&site, "config set store port 82");
    assert_eq!(
        said.out,
        "jackfield.d/10-store.toml: set plugins.store.config.port\n"
    );
    assert_eq!(
        fs::read_to_string(&part).unwrap(),
        "[plugins.store]\nconfig.port = 82\n"
    );
    let mut command = command(&site, "config set store name x");
    command.env("JACKFIELD_PLUGINS__STORE__CONFIG__NAME", "y");
    let said = Said::new(command.output().unwrap());
    assert_eq!(
        said.err,
        "warning: JACKFIELD_PLUGINS__STORE__CONFIG__NAME sets it as well, and wins\n"
    );
}

#[test]
fn who_takes_out_a_value_is_told_of_another_file_that_sets_it() {
    let site = site();
    configure(&site, &format!("{}name = \"first\"\n", plain()));
    fs::create_dir(site.root().join("jackfield.d")).unwrap();
    let part = site.root().join("jackfield.d/10-store.toml");
    fs::write(&part, "[plugins.store.config]\nname = \"second\"\n").unwrap();
    let said = jackfield(&site, "config unset store name");
    assert_eq!(
        said.out,
        "jackfield.d/10-store.toml: took out plugins.store.config.name\n"
    );
    assert_eq!(
        said.err,
        "warning: jackfield.toml:4:1 sets it as well, and counts without this one: to take that \
         out too, do the same again\n"
    );
    let said = jackfield(&site, "config unset store name");
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("jackfield.toml: took out plugins.store.config.name\n", "")
    );
    assert_eq!(file(&site), plain());
}

#[test]
fn without_a_file_none_is_made() {
    let site = Site::new();
    add(&site, "store", "1.0.0", SCHEMA);
    let said = jackfield(&site, "config set store port 1");
    assert_eq!(
        said.err,
        "error: there is no configuration file: make one, and enable in it what is to run, since \
         with one nothing else does\n"
    );
    assert_eq!(said.code, Some(2));
    assert!(!site.root().join("jackfield.toml").exists());
}
