//! A body that comes in parts, on its way to a plugin.

use super::{
    body,
    call::{Question, fault, reply},
    mounts::Mount,
    reply::{Fault, Reply},
};
use futures_util::TryStreamExt;
use hyper::body::Incoming;
use jackfield_loader::{MAX_REQUEST_LIMIT, RequestError};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Has the plugin read the body while it comes. It has its time to answer anew with each part: how
/// long a file takes is the client's affair.
pub(super) async fn upload(
    mount: &Mount,
    question: &Question<'_>,
    body: Incoming,
) -> Result<Reply, Fault> {
    let (tally, progress) = (Arc::clone(&mount.tally), Arc::new(Progress::new()));
    let noted = Arc::clone(&progress);
    let parts = body::parts(body, &mount.limits.body).inspect_ok(move |part| {
        tally.received(part.len());
        noted.note();
    });
    let limit = mount.limits.deadline;
    let asked = question.ask(mount, Some(Box::pin(parts)), MAX_REQUEST_LIMIT);
    match progress.within(limit, asked).await {
        Some(asked) => reply(mount, asked),
        None => Err(fault(&RequestError::Deadline {
            id: mount.handle.id().to_string(),
            limit,
        })),
    }
}

/// When something came last.
struct Progress {
    began: Instant,
    /// In milliseconds since then.
    last: AtomicU64,
}

impl Progress {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    fn note(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis());
        self.last.store(now.unwrap_or(u64::MAX), Relaxed);
    }

    /// Until when there is time, as things are now; nothing where it is over.
    fn end(&self, limit: Duration, now: Instant) -> Option<Instant> {
        let last = self.began + Duration::from_millis(self.last.load(Relaxed));
        Some(last + limit).filter(|end| *end > now)
    }

    /// What a call gives, or nothing where for so long nothing came.
    async fn within<F: Future>(&self, limit: Duration, call: F) -> Option<F::Output> {
        let (mut call, mut sleep) = (pin!(call), pin!(sleep(limit)));
        loop {
            tokio::select! {
                biased;
                output = &mut call => return Some(output),
                () = &mut sleep => sleep.as_mut().reset(self.end(limit, Instant::now())?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[test]
    fn each_part_gives_time_anew() {
        let (progress, second) = (Progress::new(), Duration::from_secs(1));
        let at = |seconds: u32| progress.began + seconds * second;
        let end = |now: u32| progress.end(10 * second, at(now));
        assert_eq!(
            (end(0), end(9), end(10)),
            (Some(at(10)), Some(at(10)), None)
        );
        progress.last.store(9_000, Relaxed);
        assert_eq!(
            (end(10), end(18), end(19)),
            (Some(at(19)), Some(at(19)), None)
        );
    }

    #[test]
    fn what_does_not_go_on_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(async {
            let progress = Progress::new();
            assert_eq!(progress.within(Duration::ZERO, ready(7)).await, Some(7));
            let limit = Duration::from_millis(1);
            assert_eq!(progress.within(limit, pending::<()>()).await, None);
        });
    }
}
