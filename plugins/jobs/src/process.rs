//! One process and all that it starts: a group of its own, watched until it has ended.

mod control;

pub(crate) use control::Control;

use crate::{fault::Fault, job::Ended, kept::Kept};
use control::{Asked, Line};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, ioctl_fionbio, read},
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};
use std::{
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How often a pipe is read in a row, 16 KiB at a time: what the largest that Linux gives may hold.
const MOST_READS: usize = 64;

/// What a process wrote: standard output, standard error.
#[derive(Debug)]
pub(crate) struct Outputs(pub(crate) [Mutex<Kept>; 2]);

impl Outputs {
    /// Keeps `most` bytes of each.
    pub(crate) fn new(most: usize) -> Self {
        Self([(); 2].map(|()| Mutex::new(Kept::new(most))))
    }

    fn push(&self, stream: usize, bytes: &[u8]) {
        let mut kept = self.0[stream]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.push(bytes);
    }
}

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Itself,
    Cancelled,
    TimedOut,
}

/// How long a process may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) wall: Duration,
    /// Between the signal that asks it to end and the one that ends it.
    pub(crate) grace: Duration,
}

/// A process that runs, in a group of its own.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    line: Line,
    pipes: [Option<OwnedFd>; 2],
    outputs: Arc<Outputs>,
    reaped: bool,
}

impl Process {
    /// Starts it, with nothing to read.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn start(
        mut command: Command,
        outputs: Arc<Outputs>,
    ) -> Result<(Self, Control), Fault> {
        let system = |what| move |source| Fault::System { what, source };
        let (line, control) = control::pair().map_err(system("a pipe"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .process_group(0)
            .spawn()
            .map_err(|error| Fault::System {
                what: "the program was not started",
                source: error,
            })?;
        let out = child.stdout.take().map(OwnedFd::from);
        let err = child.stderr.take().map(OwnedFd::from);
        for pipe in [&out, &err].into_iter().flatten() {
            // It is a pipe of ours; should this fail, a read of it waits for the process.
            let _ = ioctl_fionbio(pipe, true);
        }
        let process = Self {
            pid: Pid::from_child(&child),
            child,
            line,
            pipes: [out, err],
            outputs,
            reaped: false,
        };
        Ok((process, control))
    }

    /// Watches it until it has ended; then nothing of its group is left.
    pub(crate) fn watch(mut self, patience: Patience, control: &Control) -> (Ended, Cause) {
        let (pid, ended) = (self.pid, control.clone());
        // Not reaped here, so its number and that of its group are nobody else's until the end.
        let wait = move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
            ended.ended();
        };
        let waiter = thread::Builder::new()
            .name("job-wait".to_owned())
            .spawn(wait);
        let cause = match &waiter {
            Ok(_) => self.keep(patience),
            // No thread can be had: it cannot be watched, so it does not go on.
            Err(_) => Cause::Cancelled,
        };
        // What it left behind. Its leader is not reaped yet, so the group is still this one.
        self.signal(Signal::KILL);
        if let Ok(waiter) = waiter {
            let _ = waiter.join();
        }
        self.drain();
        let ended = self.child.wait().map(Ended::from).unwrap_or_default();
        self.reaped = true;
        (ended, cause)
    }

    /// Reads what it writes and ends it when its time is over, until it has ended.
    fn keep(&mut self, patience: Patience) -> Cause {
        let mut cause = Cause::Itself;
        // A time too long to be counted never comes.
        let mut due = Instant::now().checked_add(patience.wall);
        let mut asked_to_end = false;
        loop {
            let now = Instant::now();
            let is_due = due.is_some_and(|due| due <= now);
            let asked = self.line.asked();
            if asked == Some(Asked::Ended) {
                return cause;
            }
            if is_due && asked_to_end {
                self.signal(Signal::KILL);
                due = None;
            } else if !asked_to_end && (is_due || asked == Some(Asked::Cancel)) {
                cause = if is_due {
                    Cause::TimedOut
                } else {
                    Cause::Cancelled
                };
                self.signal(Signal::TERM);
                asked_to_end = true;
                due = now.checked_add(patience.grace);
            } else {
                self.wait(due.map(|due| due - now));
                self.drain();
            }
        }
    }

    /// Until there is something to read, or that long.
    fn wait(&self, limit: Option<Duration>) {
        let mut fds = vec![PollFd::from_borrowed_fd(self.line.fd(), PollFlags::IN)];
        let pipes = self.pipes.iter().flatten();
        fds.extend(pipes.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        // An error is a signal that came: the caller looks again.
        let _ = poll(&mut fds, limit.as_ref());
    }

    /// Reads what is there.
    fn drain(&mut self) {
        let mut buffer = [0; 16 * 1024];
        for (stream, slot) in self.pipes.iter_mut().enumerate() {
            // So that one who writes without end does not hold this up.
            for _ in 0..MOST_READS {
                let Some(pipe) = slot else { break };
                match read(&*pipe, &mut buffer) {
                    Ok(0) => *slot = None,
                    Ok(length) => self.outputs.push(stream, &buffer[..length]),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => break,
                    Err(_) => *slot = None,
                }
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // It fails where nobody is left in the group, which is what is wanted.
        let _ = kill_process_group(self.pid, signal);
    }
}

/// One that is not watched does not go on.
impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn run(
    command: Command,
    patience: Patience,
    outputs: &Arc<Outputs>,
) -> Result<(Ended, Cause), Fault> {
    let (process, control) = Process::start(command, Arc::clone(outputs))?;
    Ok(process.watch(patience, &control))
}

#[cfg(test)]
mod tests;
