use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
    iterator::Signals,
};
use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

/// Waits for a signal to end.
pub(crate) struct Ending {
    signals: Signals,
}

impl Ending {
    /// From now on the first SIGINT or SIGTERM is held for [`Ending::wait`], and a second one ends
    /// the process inside the signal's handler, whatever else goes on: exit code 128 plus the
    /// signal.
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
        let signals = Signals::new([SIGINT, SIGTERM])?;
        Ok(Self { signals })
    }

    /// Waits for the first signal and gives its name.
    pub(crate) fn wait(&mut self) -> &'static str {
        match self.signals.forever().next() {
            Some(SIGINT) => "SIGINT",
            _ => "SIGTERM",
        }
    }
}
