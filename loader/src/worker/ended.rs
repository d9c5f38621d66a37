//! How the process of a worker ends, and what it ended by.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    os::unix::process::ExitStatusExt,
    process::{Child, ExitStatus},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// How long one may take to be gone once nothing is asked of it any more.
const LINGER: Duration = Duration::from_secs(2);

/// How often it is looked whether it is gone.
const LOOK: Duration = Duration::from_millis(2);

/// Waits for a process that is asked for nothing any more, ends it and all that it has started, and
/// says how it ended.
pub(super) fn gather(child: &mut Child, pid: Pid, is_doomed: &AtomicBool) -> String {
    let until = Instant::now() + LINGER;
    let mut is_killed = false;
    // Left as it is until its group was ended: so its number is nobody else's.
    let seen = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while let Ok(None) = waitid(WaitId::Pid(pid), seen) {
        if !is_killed && (is_doomed.load(Relaxed) || Instant::now() >= until) {
            is_killed = true;
            let _ = kill_process_group(pid, Signal::KILL);
        }
        thread::sleep(LOOK);
    }
    let _ = kill_process_group(pid, Signal::KILL);
    match child.wait() {
        Ok(status) => told(status, is_killed),
        Err(error) => format!("ended, and how is not known: {error}"),
    }
}

fn told(status: ExitStatus, is_killed: bool) -> String {
    match (status.code(), status.signal()) {
        _ if is_killed => "was killed, since it did not end".to_owned(),
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}{}", name(signal)),
        (None, None) => format!("ended: {status}"),
    }
}

/// What a signal most often means.
fn name(signal: i32) -> &'static str {
    match Signal::from_named_raw(signal) {
        Some(Signal::SEGV) => " (SIGSEGV)",
        Some(Signal::ABORT) => " (SIGABRT)",
        Some(Signal::BUS) => " (SIGBUS)",
        Some(Signal::ILL) => " (SIGILL)",
        Some(Signal::FPE) => " (SIGFPE)",
        Some(Signal::KILL) => " (SIGKILL)",
        Some(Signal::TERM) => " (SIGTERM)",
        Some(Signal::XCPU) => " (SIGXCPU)",
        Some(Signal::SYS) => " (SIGSYS)",
        _ => "",
    }
}
