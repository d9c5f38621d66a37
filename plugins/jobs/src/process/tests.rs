use super::*;
use crate::scene::DEADLINE;
use std::fs;

const LONG: Duration = Duration::from_secs(3600);

fn sh(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

fn patience(wall: Duration, grace: Duration) -> Patience {
    Patience { wall, grace }
}

fn said(outputs: &Outputs) -> [String; 2] {
    [0, 1].map(|stream| outputs.0[stream].lock().unwrap().text())
}

/// Whether a process is there that is no zombie.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .starts_with('Z')
    })
}

/// Waits until a process has said that it is ready, by a file.
fn wait_for(path: &std::path::Path) -> String {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => assert!(Instant::now() < deadline, "{} in time", path.display()),
        }
        thread::yield_now();
    }
}

#[test]
fn output_and_exit_code_are_told() {
    let outputs = Arc::new(Outputs::new(100));
    let command = sh("echo out; echo err >&2; exit 3");
    let (ended, cause) = run(command, patience(LONG, LONG), &outputs).unwrap();
    assert_eq!((ended.exit_code, ended.signal), (Some(3), None));
    assert_eq!(cause, Cause::Itself);
    assert_eq!(said(&outputs), ["out\n", "err\n"]);
}

#[test]
fn a_signal_is_told() {
    let outputs = Arc::new(Outputs::new(100));
    let (ended, cause) = run(sh("kill -9 $$"), patience(LONG, LONG), &outputs).unwrap();
    assert_eq!((ended.exit_code, ended.signal), (None, Some(9)));
    assert_eq!(cause, Cause::Itself);
}

#[test]
fn of_much_output_beginning_and_end_are_kept() {
    let outputs = Arc::new(Outputs::new(20));
    let script = "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo the end";
    run(sh(script), patience(LONG, LONG), &outputs).unwrap();
    let kept = outputs.0[0].lock().unwrap();
    assert_eq!((kept.size(), kept.dropped()), (220_008, 219_988));
    assert_eq!(
        kept.text(),
        "0123456789\n[219988 bytes dropped]\n9\nthe end\n"
    );
}

#[test]
fn what_takes_too_long_is_asked_to_end_and_then_made_to() {
    let outputs = Arc::new(Outputs::new(100));
    let short = Duration::from_millis(1);
    let begun = sh("trap 'echo asked; exit 7' TERM; while :; do sleep 0.01; done");
    let (process, control) = Process::start(begun, Arc::clone(&outputs)).unwrap();
    // The trap may not be set yet when the time is over.
    let (ended, cause) = process.watch(patience(short, LONG), &control);
    assert_eq!(cause, Cause::TimedOut);
    assert!(
        ended.exit_code == Some(7) || ended.signal == Some(15),
        "{ended:?}"
    );

    let stubborn = sh("trap '' TERM; while :; do sleep 0.01; done");
    let (ended, cause) = run(stubborn, patience(short, short), &outputs).unwrap();
    assert_eq!(cause, Cause::TimedOut);
    assert!(matches!(ended.signal, Some(9 | 15)), "{ended:?}");
}

#[test]
fn the_whole_group_ends_when_it_is_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pids");
    // Neither of them ends when asked to.
    let script = format!(
        "trap '' TERM; sh -c \"trap '' TERM; while :; do sleep 0.01; done\" & echo $! $$ > {0}.new; mv {0}.new {0}; wait",
        path.display()
    );
    let outputs = Arc::new(Outputs::new(100));
    let (process, control) = Process::start(sh(&script), outputs).unwrap();
    let own = control.clone();
    let watch = move || process.watch(patience(LONG, Duration::from_millis(10)), &own);
    let watcher = thread::spawn(watch);
    let pids = wait_for(&path);
    control.cancel();
    let (ended, cause) = watcher.join().unwrap();
    assert_eq!((ended.signal, cause), (Some(9), Cause::Cancelled));
    assert_gone(&pids);
}

/// A killed process takes a moment to go: it does nothing any more, but is there.
fn assert_gone(pids: &str) {
    let deadline = Instant::now() + DEADLINE;
    for pid in pids.split(' ') {
        while lives(pid) {
            assert!(Instant::now() < deadline, "{pid} lives");
            thread::yield_now();
        }
    }
}

#[test]
fn what_a_process_leaves_behind_ends_with_it() {
    let outputs = Arc::new(Outputs::new(100));
    let begun = Instant::now();
    // The one that is left has the output open, which nobody waits for.
    let (ended, cause) = run(sh("sleep 3600 & echo $!"), patience(LONG, LONG), &outputs).unwrap();
    assert_eq!((ended.exit_code, cause), (Some(0), Cause::Itself));
    assert!(begun.elapsed() < DEADLINE);
    assert_gone(said(&outputs)[0].trim());
}

#[test]
fn one_that_nobody_watches_does_not_go_on() {
    let outputs = Arc::new(Outputs::new(100));
    let (process, _control) = Process::start(sh("sleep 3600"), outputs).unwrap();
    let pid = process.pid.as_raw_nonzero().to_string();
    assert!(lives(&pid));
    drop(process);
    assert!(!lives(&pid));
}

#[test]
fn what_cannot_be_started_is_told() {
    let outputs = Arc::new(Outputs::new(100));
    let fault = run(Command::new("/none"), patience(LONG, LONG), &outputs).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the program was not started: No such file or directory (os error 2)"
    );
}
