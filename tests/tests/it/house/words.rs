//! Does each word that is bound to one place stand there only?

use super::{
    code::{code, has},
    files, read,
};

/// What is built and handed out; tests and fixtures are not.
const PRODUCT: [&str; 8] = [
    "plugin-api/abi/src",
    "plugin-api/macros/src",
    "plugin-api/manifest/src",
    "plugin-api/src",
    "plugin-api/testkit/src",
    "loader/src",
    "host/src",
    "plugins",
];

/// The product's files whose code has the word.
fn having(word: &str) -> Vec<String> {
    let files = PRODUCT.iter().flat_map(|folder| files(folder, "rs"));
    files.filter(|file| has(&code(&read(file)), word)).collect()
}

#[test]
fn unsafe_stands_in_the_islands() {
    let islands = [
        "loader/src/ffi/",
        "plugin-api/src/ffi/",
        "plugin-api/abi/src/",
    ];
    let outside: Vec<_> = having("unsafe")
        .into_iter()
        .filter(|file| !islands.iter().any(|island| file.starts_with(island)))
        .collect();
    // What the macro expands to has `#[unsafe(link_section)]` and `#[unsafe(export_name)]`.
    assert_eq!(outside, ["plugin-api/macros/src/expand.rs"]);
    assert_eq!(
        having("unsafe_code"),
        [
            "plugin-api/abi/src/lib.rs",
            "plugin-api/src/ffi/mod.rs",
            "plugin-api/testkit/src/lib.rs",
            "loader/src/ffi/mod.rs",
            "plugins/heartbeat/src/lib.rs",
            "plugins/jobs/src/lib.rs",
            "plugins/log-store/src/lib.rs",
            "plugins/rate-limit/src/lib.rs",
            "plugins/recorder/src/lib.rs",
            "plugins/request-log/src/lib.rs",
            "plugins/simulator/src/lib.rs",
            "plugins/sqlite-backend/src/lib.rs",
            "plugins/sqlite-kit/src/lib.rs",
            "plugins/staging/src/lib.rs",
            "plugins/sysinfo/src/lib.rs",
            "plugins/system-collector/src/lib.rs",
            "plugins/tracker/src/lib.rs",
            // The contracts, as each author of a service writes them: the macros expand to it.
            "plugins/tracking-api/src/raw.rs",
        ]
    );
}

#[test]
fn every_plugin_forbids_unsafe() {
    for file in files("plugins", "rs") {
        if file.ends_with("src/lib.rs") && file != "plugins/tracking-api/src/lib.rs" {
            assert!(
                read(&file).contains("\n#![forbid(unsafe_code)]\n"),
                "{file}"
            );
        }
    }
}

#[test]
fn one_module_maps_libraries() {
    assert_eq!(having("libloading"), ["loader/src/ffi/library.rs"]);
    assert_eq!(having("dlopen"), Vec::<String>::new());
}

#[test]
fn one_function_on_each_side_catches_panics() {
    assert_eq!(
        having("catch_unwind"),
        ["plugin-api/src/ffi/guard.rs", "loader/src/ffi/guard.rs"]
    );
}

#[test]
fn only_the_host_may_end_the_process() {
    for word in ["process::exit", "process::abort", "exit"] {
        let elsewhere: Vec<_> = having(word)
            .into_iter()
            .filter(|file| !file.starts_with("host/src/"))
            .collect();
        assert_eq!(elsewhere, Vec::<String>::new(), "{word}");
    }
}

#[test]
fn the_resolver_knows_no_file_no_clock_and_no_lock() {
    let words = [
        "fs",
        "File",
        "io",
        "env",
        "thread",
        "Instant",
        "SystemTime",
        "Mutex",
        "RwLock",
        "Atomic",
    ];
    let own = files("loader/src/resolve", "rs")
        .into_iter()
        .filter(|file| !file.contains("/tests"));
    for file in own.chain(["loader/src/resolve.rs".to_owned()]) {
        let code = code(&read(&file));
        for word in words {
            assert!(!has(&code, word), "{file}: {word}");
        }
    }
}

#[test]
fn nothing_that_crosses_has_a_layout_of_rust_only() {
    // These two hold what is said of the boundary, and nothing that crosses it.
    let about = ["layout.rs", "version.rs"];
    for file in files("plugin-api/abi/src", "rs") {
        if about.iter().any(|name| file.ends_with(name)) {
            continue;
        }
        let code = code(&read(&file));
        for word in [
            "String", "Vec", "Box", "Option", "Result", "Duration", "Instant",
        ] {
            assert!(!has(&code, word), "{file}: {word}");
        }
    }
}
