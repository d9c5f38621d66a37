//! How many files and connections the process may have open.

/// Lets it have as many as the system allows it: the usual limit is far below what a host with many
/// clients needs. Where that cannot be, it stays as it is.
#[cfg(unix)]
pub(crate) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::debug!("no more than {:?} open files: {error}", limit.current);
    }
}

#[cfg(not(unix))]
pub(crate) fn raise() {}
