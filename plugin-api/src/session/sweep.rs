use super::{Session, Sessions};
use crate::Context;
use std::{sync::Arc, time::Duration};

/// It looks no more often than this, so that many that expire one after another cost little.
const PAUSE: Duration = Duration::from_secs(1);

impl<S: Session> Sessions<S> {
    /// Has a task look for those that have expired, as long as there are sessions that can.
    pub(super) fn keep_swept(self: &Arc<Self>, context: &Context) {
        if self.limits(context).ttl_ns.is_none() {
            return;
        }
        let mut table = self.table(context);
        if table.is_swept || table.has_stopped {
            return;
        }
        table.is_swept = true;
        drop(table);
        let sweep = sweep(Arc::clone(self), context.clone());
        if context.spawn("sessions", sweep).is_err() {
            // The next that registers tries again.
            self.table(context).is_swept = false;
        }
    }

    /// Ends those that have expired; for how long there is nothing to do then.
    fn sweep(&self, context: &Context) -> Option<Duration> {
        let now_ns = context.steady_ns();
        let mut table = self.table(context);
        let next_ns = table.sweep(now_ns);
        table.is_swept = next_ns.is_some();
        next_ns.map(|next_ns| Duration::from_nanos(next_ns - now_ns))
    }
}

async fn sweep<S: Session>(sessions: Arc<Sessions<S>>, context: Context) {
    let mut pause = Duration::ZERO;
    loop {
        let next = sessions.sweep(&context);
        sessions.close_any(&context);
        let Some(next) = next else { return };
        context.sleep(next.max(pause)).await;
        pause = PAUSE;
    }
}
