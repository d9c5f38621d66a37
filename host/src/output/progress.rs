use super::stderr_is_terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

/// How long something may take before it is worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Does something, and shows on a terminal that it goes on once it has taken a second. `total` is
/// how many parts it has, where that is known; the closure is to count them.
pub(crate) fn waiting<R>(
    what: &'static str,
    total: Option<usize>,
    work: impl FnOnce(&dyn Fn()) -> R,
) -> R {
    let bar = ProgressBar::with_draw_target(total.map(|n| n as u64), ProgressDrawTarget::hidden());
    if !stderr_is_terminal() {
        return work(&|| ());
    }
    bar.set_style(look(total.is_some()));
    bar.set_message(what);
    thread::scope(|scope| {
        let (done, waiting) = sync_channel::<()>(1);
        let shown = bar.clone();
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(TICK);
                // Until the work is done, however it ends.
                let _ = waiting.recv();
                shown.finish_and_clear();
            }
        });
        let result = work(&|| bar.inc(1));
        drop(done);
        result
    })
}

fn look(counted: bool) -> ProgressStyle {
    let template = if counted {
        "{msg} [{bar:40}] {pos}/{len} {elapsed}"
    } else {
        "{spinner} {msg} {elapsed}"
    };
    ProgressStyle::with_template(template).expect("the template is a constant")
}
