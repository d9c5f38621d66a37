//! Does the program `jackfield` say and do what its help promises, as a process of its own?

mod access;
mod client;
mod codes;
mod configuration;
mod conformance;
mod control;
mod files;
mod plans;
mod replace;
pub(crate) mod running;
mod scaffold;
mod set;
mod terminal;

use jackfield_tests::{Site, made};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// What a command said, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// With it set to `process`, the same tests run with every plugin in a process of its own.
const ISOLATION: &str = "JACKFIELD_HOST__ISOLATION";

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says where plugins run"
)]
fn isolation() -> Option<std::ffi::OsString> {
    std::env::var_os(ISOLATION)
}

/// The program in the site's directory, in an environment without surprises.
fn command(site: &Site, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
    command
        .args(arguments.split_ascii_whitespace())
        .current_dir(site.root())
        .env_clear()
        .stdin(Stdio::null());
    if let Some(isolation) = isolation() {
        command.env(ISOLATION, isolation);
    }
    command
}

pub(crate) fn jackfield(site: &Site, arguments: &str) -> Said {
    Said::new(command(site, arguments).output().unwrap())
}

/// Puts a plugin that cannot run into the plugins directory; `rest` is what else its manifest says.
fn add(site: &Site, id: &str, version: &str, rest: &str) -> PathBuf {
    let text = format!(
        "build = {{ abi = \"1.0.0\", target = \"x86_64-unknown-linux-gnu\", \
         rustc = \"rustc 1.95.0 (f00ba4 2026-04-14)\", panic = \"unwind\", sdk = \"1.0.0\" }}\n\
         id = \"{id}\"\nname = \"{id}\"\nversion = \"{version}\"\nkind = \"business\"\n{rest}"
    );
    made::build(
        &site.plugins(),
        &format!("lib{id}-{version}.so"),
        &made::note(1, text.as_bytes()),
    )
}

fn configure(site: &Site, text: &str) {
    fs::write(site.root().join("jackfield.toml"), text).unwrap();
}

/// The plugin that misbehaves in some mode, enabled, with more of its settings and others after them;
/// the file that ends its hangs.
pub(crate) fn misbehaves(site: &Site, mode: &str, more: &str) -> PathBuf {
    site.add("misbehave");
    let release = site.root().join("release");
    let own = format!("config.mode = {mode:?}\nconfig.release = {release:?}\n");
    configure(
        site,
        &format!("[plugins.misbehave]\nenabled = true\n{own}{more}"),
    );
    release
}
