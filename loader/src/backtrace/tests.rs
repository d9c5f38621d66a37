//! Are the lines of a panic those of the plugin's own code?

use super::*;

fn places(names: &[&str]) -> Vec<Place> {
    names
        .iter()
        .zip(0x10..)
        .map(|(name, offset)| Place {
            offset,
            function: Some((*name).to_owned()).filter(|name| !name.is_empty()),
            source: None,
        })
        .collect()
}

fn names(places: &[Place]) -> Vec<&str> {
    places
        .iter()
        .map(|place| place.function.as_deref().unwrap_or_default())
        .collect()
}

#[test]
fn the_panic_above_and_the_guard_below_are_cut_off() {
    let all = places(&[
        "plugin_api::ffi::frames::Frames::here",
        "plugin_api::ffi::bridge::report",
        "std::panicking::panic_with_hook",
        "std::sys::backtrace::__rust_end_short_backtrace::<fn, !>",
        "__rustc::rust_begin_unwind",
        "core::panicking::panic_fmt",
        "core::option::unwrap_failed",
        "greeter::inner",
        "<greeter::Greeter as plugin_api::Plugin>::start",
        "core::ops::function::FnOnce::call_once",
        "<plugin_api::handler::Blocking<_> as plugin_api::handler::Handler>::call",
        "plugin_api::ffi::guard::guard::<…>",
        "std::panicking::catch_unwind::<…>",
    ]);
    assert_eq!(
        names(own(&all)),
        [
            "greeter::inner",
            "<greeter::Greeter as plugin_api::Plugin>::start"
        ]
    );
}

/// While one panic unwinds, a drop may panic as well, further in.
#[test]
fn the_inner_of_two_panics_is_the_one() {
    let end = "std::sys::backtrace::__rust_end_short_backtrace::<fn, !>";
    let all = places(&[end, "<greeter::Bomb as Drop>::drop", end, "greeter::outer"]);
    assert_eq!(
        names(own(&all)),
        ["<greeter::Bomb as Drop>::drop", end, "greeter::outer"]
    );
}

#[test]
fn a_thread_of_the_plugin_ends_where_it_began() {
    let all = places(&[
        "std::sys::backtrace::__rust_end_short_backtrace::<fn, !>",
        "rust_begin_unwind",
        "greeter::watch",
        "std::sys::backtrace::__rust_begin_short_backtrace::<fn, ()>",
        "core::ops::function::FnOnce::call_once",
    ]);
    assert_eq!(names(own(&all)), ["greeter::watch"]);
}

#[test]
fn a_function_inlined_into_its_guard_still_shows() {
    let all = places(&[
        "rust_begin_unwind",
        "core::panicking::panic_fmt",
        "<plugin_api::ffi::shell::Shell<_> as jackfield_abi::Plugin>::start",
        "plugin_api::ffi::guard::guarded",
    ]);
    assert_eq!(
        names(own(&all)),
        ["<plugin_api::ffi::shell::Shell<_> as jackfield_abi::Plugin>::start"]
    );
}

#[test]
fn without_names_all_stay() {
    let all = places(&["", "", ""]);
    assert_eq!(own(&all), all);
    let machinery = places(&["rust_begin_unwind", "core::panicking::panic_fmt"]);
    assert_eq!(own(&machinery), machinery);
    assert_eq!(own(&[]), []);
}

#[test]
fn a_line_says_what_is_known() {
    let place = |function: Option<&str>, source: Option<&str>| Place {
        offset: 0x1a2b,
        function: function.map(str::to_owned),
        source: source.map(str::to_owned),
    };
    let lines = [
        place(Some("a::b"), Some("src/a.rs:7")),
        place(Some("a::b"), None),
        place(None, Some("src/a.rs:7")),
        place(None, None),
    ]
    .map(|place| line(&place, "liba.so"));
    assert_eq!(
        lines,
        [
            "a::b at src/a.rs:7",
            "a::b (liba.so+0x1a2b)",
            "liba.so+0x1a2b at src/a.rs:7",
            "liba.so+0x1a2b",
        ]
    );
}

#[test]
fn what_is_too_long_says_how_much_is_missing() {
    let backtrace = Backtrace {
        lines: vec!["a".to_owned(), "b".to_owned()],
        left_out: 3,
    };
    assert_eq!(backtrace.to_string(), "\n    a\n    b\n    and 3 more");
}

#[test]
fn a_file_that_is_none_has_no_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("libx.so");
    std::fs::write(&path, "no library").unwrap();
    assert_eq!(
        backtrace(&path, 0, &[1]).unwrap_err().to_string(),
        "Could not read file magic"
    );
}
