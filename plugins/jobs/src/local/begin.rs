//! A job as a command of the system.

use crate::{
    fault::Fault,
    spec::{Spec, Work},
};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::Command,
};

/// What is to be started for a job. A script is written to a file, which [`tidy`] removes.
pub(super) fn command(id: &str, spec: Spec, scripts: &Path) -> Result<Command, Fault> {
    let mut command = match &spec.work {
        Work::Command(words) => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            command
        }
        Work::Script(script) => {
            let path = scripts.join(id);
            write(scripts, &path, script).map_err(|source| Fault::System {
                what: "the script was not written",
                source,
            })?;
            let (interpreter, argument) = interpreter(script);
            let mut command = Command::new(interpreter);
            command.args(argument).arg(path);
            command
        }
    };
    // Nothing of the host's own: its variables may hold secrets.
    command
        .env_clear()
        .envs(spec.env)
        .current_dir(spec.directory);
    Ok(command)
}

/// Removes a job's script, where it has one.
pub(super) fn tidy(id: &str, scripts: &Path) {
    // Where it cannot be removed, it lies there until somebody does.
    let _ = fs::remove_file(scripts.join(id));
}

fn write(scripts: &Path, path: &Path, script: &str) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(scripts)?;
    // One of an earlier run, which was cut short, may lie there.
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(script.as_bytes())
}

/// Who reads a script, and the argument for it: what the kernel would make of its first line. The
/// script itself is not executed, since a file is busy while another thread starts a process that has
/// inherited it for a moment.
fn interpreter(script: &str) -> (&str, Option<&str>) {
    let first = script.lines().next().unwrap_or_default();
    let words = first.strip_prefix("#!").map(str::trim);
    match words.filter(|words| !words.is_empty()) {
        None => ("/bin/sh", None),
        Some(words) => match words.split_once([' ', '\t']) {
            None => (words, None),
            Some((interpreter, argument)) => (interpreter, Some(argument.trim())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::interpreter;

    #[test]
    fn the_first_line_says_who_reads_it() {
        assert_eq!(interpreter("echo\n#!/bin/bash"), ("/bin/sh", None));
        assert_eq!(interpreter("#!/bin/bash\necho"), ("/bin/bash", None));
        assert_eq!(interpreter("#! /bin/bash \r\necho"), ("/bin/bash", None));
        let two = ("/usr/bin/env", Some("python3 -u"));
        assert_eq!(interpreter("#!/usr/bin/env  python3 -u"), two);
        assert_eq!(interpreter("#!\necho"), ("/bin/sh", None));
    }
}
