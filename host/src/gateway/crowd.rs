//! All connections of a listener, and an eye on those that take their time.

use super::{
    activity::{Activity, Look},
    listen::ConnectionLimits,
};
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    task::{AbortHandle, Id, JoinSet},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

/// How often it is looked at them, in parts of the shortest time that they have.
const LOOKS: u32 = 4;

/// No more often than that.
const LEAST: Duration = Duration::from_millis(5);

/// The connections that there are: each is a task.
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    members: HashMap<Id, Member>,
    ticks: Interval,
    headers: Duration,
    write: Duration,
}

struct Member {
    peer: SocketAddr,
    task: AbortHandle,
    activity: Arc<Activity>,
    /// What was seen last, and since when nothing has come of it.
    seen: Look,
    since: Instant,
}

impl Crowd {
    pub(super) fn new(limits: &ConnectionLimits) -> Self {
        let (headers, write) = (limits.headers, limits.write);
        let mut ticks = interval((headers.min(write) / LOOKS).max(LEAST));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            tasks: JoinSet::new(),
            members: HashMap::new(),
            ticks,
            headers,
            write,
        }
    }

    /// Takes up a connection.
    pub(super) fn admit<F>(&mut self, peer: SocketAddr, serve: impl FnOnce(Arc<Activity>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let task = self.tasks.spawn(serve(Arc::clone(&activity)));
        let member = Member {
            peer,
            seen: activity.look(),
            activity,
            since: Instant::now(),
            task: task.clone(),
        };
        self.members.insert(task.id(), member);
    }

    /// Forgets one that has ended, or gives up on those whose time is over; whichever comes first.
    /// May be dropped and asked for anew.
    pub(super) async fn tend(&mut self) {
        tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => {
                let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                self.members.remove(&id);
            }
            now = self.ticks.tick() => {
                for member in self.members.values_mut() {
                    member.look(now, self.headers, self.write);
                }
            }
        }
    }

    /// Waits until all have ended.
    pub(super) async fn gone(&mut self) {
        while !self.tasks.is_empty() {
            self.tend().await;
        }
    }

    /// Ends all that are left, wherever they are.
    pub(super) async fn cut(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Member {
    fn look(&mut self, now: Instant, headers: Duration, write: Duration) {
        let look = self.activity.look();
        let limit = match look.is_untaken() {
            true => write,
            false => headers,
        };
        if !look.is_stalled_since(self.seen) {
            (self.seen, self.since) = (look, now);
        } else if now.duration_since(self.since) >= limit {
            log::debug!("{}: given up, since nothing comes of it", self.peer);
            self.task.abort();
        }
    }
}
