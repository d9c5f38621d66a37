use std::time::Duration;

/// The processor time of all threads of this process; `None` where the system does not tell.
#[cfg(unix)]
pub(crate) fn cpu() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(not(unix))]
pub(crate) fn cpu() -> Option<Duration> {
    None
}
