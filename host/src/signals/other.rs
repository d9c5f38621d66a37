use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often it is looked whether a signal came: where there is no way to wait for one.
const LOOK: Duration = Duration::from_millis(100);

/// Waits for a signal to end.
pub(crate) struct Ending {
    asked: Arc<AtomicBool>,
}

impl Ending {
    /// From now on the first SIGINT or SIGTERM is held for [`Ending::wait`], and a second one ends
    /// the process with exit code 128 plus the signal.
    ///
    /// # Errors
    ///
    /// When the system refuses the handlers.
    pub(crate) fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag not set yet.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self { asked })
    }

    /// Waits for the first signal and gives a name for it.
    pub(crate) fn wait(&mut self) -> &'static str {
        while !self.asked.load(Ordering::Acquire) {
            thread::sleep(LOOK);
        }
        "interrupted"
    }
}
