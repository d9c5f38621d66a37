//! How a process's watcher is told something while it waits for output.

use rustix::io::ioctl_fionbio;
use std::{
    io::{self, PipeReader, PipeWriter, Read, Write, pipe},
    os::fd::{AsFd, BorrowedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

/// What the watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Cancel,
    /// The process has ended.
    Ended,
}

/// The side of whoever tells.
#[derive(Debug, Clone)]
pub(crate) struct Control(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cancel: AtomicBool,
    ended: AtomicBool,
    /// Only wakes: what is meant stands in the flags.
    pipe: PipeWriter,
}

/// The side of the watcher.
pub(super) struct Line {
    shared: Arc<Shared>,
    pipe: PipeReader,
}

pub(super) fn pair() -> io::Result<(Line, Control)> {
    let (reader, writer) = pipe()?;
    ioctl_fionbio(&reader, true)?;
    ioctl_fionbio(&writer, true)?;
    let shared = Arc::new(Shared {
        cancel: AtomicBool::new(false),
        ended: AtomicBool::new(false),
        pipe: writer,
    });
    let line = Line {
        shared: Arc::clone(&shared),
        pipe: reader,
    };
    Ok((line, Control(shared)))
}

impl Control {
    /// Has the process ended by its watcher.
    pub(crate) fn cancel(&self) {
        self.tell(&self.0.cancel);
    }

    pub(super) fn ended(&self) {
        self.tell(&self.0.ended);
    }

    fn tell(&self, flag: &AtomicBool) {
        if !flag.swap(true, SeqCst) {
            // Fails where the watcher is gone. It is never full: each flag is set once.
            let _ = (&self.0.pipe).write(&[0]);
        }
    }
}

impl Line {
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// What was asked for; the end wins.
    pub(super) fn asked(&mut self) -> Option<Asked> {
        // Emptied before the flags are read, so what is set after that wakes again.
        let _ = self.pipe.read(&mut [0; 8]);
        if self.shared.ended.load(SeqCst) {
            Some(Asked::Ended)
        } else if self.shared.cancel.load(SeqCst) {
            Some(Asked::Cancel)
        } else {
            None
        }
    }
}
