//! Is a module for a page packed as its file has it, and is each mistake in it told?

use crate::{
    source::package,
    ui::{HEAD, mistakes},
};
use jackfield_manifest::{
    Manifest,
    source::compile,
    ui::{MAX_MODULE_LEN, Module},
};
use std::io;

/// Compiles with a module of that text, or with none where it cannot be read.
fn with_module(path: &str, module: Result<&str, io::ErrorKind>) -> Result<Module, Vec<String>> {
    let text = format!("ui_module = '{path}'");
    let mut opened = Vec::new();
    let compiled = compile("plugin.toml", &text, &package(), &mut |name| {
        opened.push(name.to_owned());
        module.map(str::to_owned).map_err(io::Error::from)
    });
    let compiled = compiled.map_err(|mistakes| -> Vec<String> {
        mistakes.iter().map(ToString::to_string).collect()
    })?;
    assert_eq!(opened, [path]);
    assert_eq!(compiled.files, [path]);
    assert_eq!(compiled.module.as_deref(), module.ok());
    let manifest = compiled.manifest;
    assert_eq!(
        Manifest::parse(&manifest.to_toml()),
        Ok((manifest.clone(), vec![]))
    );
    Ok(manifest.ui_module.unwrap())
}

#[test]
fn a_module_is_told_of_by_its_length_and_its_hash() {
    let module = with_module("ui/module.js", Ok("abc")).unwrap();
    assert_eq!(module.length, 3);
    // The first example of FIPS 180-2.
    assert_eq!(
        module.digits(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let longest = "x".repeat(MAX_MODULE_LEN);
    assert!(with_module("m.js", Ok(&longest)).is_ok());
    for (text, found) in [(String::new(), "0"), (longest + "x", "1048577")] {
        assert_eq!(
            with_module("m.js", Ok(&text)),
            Err(vec![format!(
                "plugin.toml:1:13: ui_module: expected a file of 1 to 1048576 bytes, found {found}"
            )])
        );
    }
}

#[test]
fn a_module_lies_below_plugin_toml_and_is_text() {
    for path in [
        "",
        "/etc/passwd",
        "../x.js",
        "a/../../x.js",
        "./x.js",
        "a//b.js",
        "a/",
        "C:/x.js",
        "a\\x.js",
    ] {
        let expected = "expected a path below the folder of plugin.toml, such as \"ui/module.js\"";
        assert_eq!(
            with_module(path, Ok("x")),
            Err(vec![format!(
                "plugin.toml:1:13: ui_module: {expected}, found {path:?}"
            )])
        );
    }
    for kind in [io::ErrorKind::NotFound, io::ErrorKind::InvalidData] {
        let expected =
            "expected the path of a JavaScript file in UTF-8, from where plugin.toml lies";
        assert_eq!(
            with_module("x.js", Err(kind)),
            Err(vec![format!(
                "plugin.toml:1:13: ui_module: {expected}, found \"x.js\" ({})",
                io::Error::from(kind)
            )])
        );
    }
    let [mistake] = &*mistakes("ui_module = { length = 1 }") else {
        panic!("one is expected");
    };
    assert_eq!(mistake, "ui_module: expected a string, found a table");
}

#[test]
fn a_host_believes_no_odd_module() {
    let hash = "0".repeat(64);
    for (module, message) in [
        ("'ui/module.js'".to_owned(), "ui_module: expected a table of length and SHA-256, found the string \"ui/module.js\"".to_owned()),
        (
            "{}".to_owned(),
            "ui_module.length: missing, expected bytes from 1 to 1048576; ui_module.sha256: missing, \
             expected 64 lower-case hexadecimal digits"
                .to_owned(),
        ),
        (
            format!("{{ length = 0, sha256 = '{hash}' }}"),
            "ui_module.length: expected bytes from 1 to 1048576, found 0".to_owned(),
        ),
        (
            format!("{{ length = 1048577, sha256 = '{hash}' }}"),
            "ui_module.length: expected bytes from 1 to 1048576, found 1048577".to_owned(),
        ),
        (
            format!("{{ length = -1, sha256 = '{hash}' }}"),
            "ui_module.length: expected bytes from 1 to 1048576, found the integer -1".to_owned(),
        ),
        (
            format!("{{ length = 1, sha256 = '{}' }}", &hash[1..]),
            format!("ui_module.sha256: expected 64 lower-case hexadecimal digits, found {:?}", &hash[1..]),
        ),
        (
            format!("{{ length = 1, sha256 = '{}' }}", hash.replace('0', "A")),
            format!(
                "ui_module.sha256: expected 64 lower-case hexadecimal digits, found {:?}",
                hash.replace('0', "A")
            ),
        ),
    ] {
        let text = format!("{HEAD}ui_module = {module}\n");
        assert_eq!(Manifest::parse(&text).unwrap_err().to_string(), message);
    }
}
