//! Is every write that was acknowledged there after a SIGKILL in the middle of others?

use super::{ask, keys, site, started};
use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write, stdout},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

const SITE: &str = "JACKFIELD_TEST_VAULT";
const KILLS: usize = 50;
const WRITERS: usize = 3;

/// So few keys that each is written again and again, and there are old pages to free.
const KEYS: usize = 40;

fn begin(root: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "storage::killed::writer", "--ignored"]);
    child.args(["--nocapture", "--test-threads", "1"]);
    child.env(SITE, root).stdin(Stdio::null());
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// The next line `<word> <key> <length>`; `None` at the end, or for a line that was cut short.
fn next(output: &mut impl BufRead) -> Option<(String, String, usize)> {
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let line = line.strip_suffix('\n')?;
        let mut words = line.split(' ');
        let word = words.next().unwrap();
        if ["has", "acknowledged", "ready"].contains(&word) {
            let key = words.next().unwrap_or_default().to_owned();
            let length = words.next().map_or(0, |length| length.parse().unwrap());
            return Some((word.to_owned(), key, length));
        }
    }
}

/// What a child found when it began.
fn found(output: &mut impl BufRead) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    loop {
        let (word, key, length) = next(output).expect("a child tells what it found");
        if word == "ready" {
            return found;
        }
        found.insert(key, length);
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let site = site();
    let mut acknowledged = BTreeMap::new();
    for kill in 0..=KILLS {
        let (mut child, mut output) = begin(site.root());
        let found = found(&mut output);
        for (key, length) in &acknowledged {
            // A later value may be there, if it was on the disk before that could be said.
            assert!(found.get(key) >= Some(length), "{key} after {kill} kills");
        }
        // What was not acknowledged and is there has to stay as well.
        acknowledged = found;
        for _ in 0..=kill % 7 {
            let (_, key, length) = next(&mut output).expect("it writes until it is killed");
            acknowledged.insert(key, length);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some((_, key, length)) = next(&mut output) {
            acknowledged.insert(key, length);
        }
    }
    let most = acknowledged.values().max();
    assert!(most > Some(&KILLS), "{most:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a child is told by its environment"
)]
fn root() -> Option<PathBuf> {
    env::var_os(SITE).map(PathBuf::from)
}

fn say(line: &str) {
    // In one write, so that a line is whole where its end is.
    stdout().lock().write_all(line.as_bytes()).unwrap();
}

#[test]
#[ignore = "the child of the other"]
fn writer() {
    let Some(root) = root() else { return };
    let loader = started(&root);
    let vault = loader.plugin("vault").unwrap();
    let there = keys(&vault);
    let lines = there.iter();
    let lines: String = lines
        .map(|(key, length)| format!("has {key} {length}\n"))
        .collect();
    say(&format!("\n{lines}ready\n"));
    let write = |writer: usize| {
        // A value is the longer the later it is written.
        for length in there.values().max().map_or(0, |most| most + 1).. {
            let key = format!("{writer}-{}", length % KEYS);
            let path = format!("/keys/{key}");
            assert_eq!(ask(&vault, "PUT", &path, &vec![1; length]).0, 204);
            say(&format!("acknowledged {key} {length}\n"));
        }
    };
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || write(writer));
        }
    });
}
