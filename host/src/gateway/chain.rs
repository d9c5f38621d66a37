//! Plugins that see requests for others on their way, and what is answered.

use super::{
    call::About,
    front::Front,
    middleware::{self, Shown, Verdict},
    reply::{Fault, Reply},
};
use arc_swap::ArcSwap;
use http::{StatusCode, request::Parts};
use jackfield_loader::{State, Status};
use jackfield_manifest::Kind;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::runtime::Handle;

/// What a plugin says of its hooks.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Declared {
    before: bool,
    after: bool,
    fail: Option<Fail>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fail {
    Open,
    Closed,
}

/// One that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    id: String,
    before: bool,
    after: bool,
    /// Where it cannot be asked, nothing passes.
    is_closed: bool,
}

/// Who is asked, in order.
pub(super) struct Chain {
    links: ArcSwap<Vec<Link>>,
    /// It was looked who they are since plugins began to be started.
    is_settled: AtomicBool,
    /// Held by whoever looks who is asked until that is written down, so that no older look comes last.
    linking: Mutex<()>,
    /// What each said when it ran. No more than there ever were plugins.
    known: Mutex<HashMap<String, Option<Declared>>>,
    began: Instant,
    /// In which second it was said last that requests go on without one.
    said: AtomicU64,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            links: ArcSwap::default(),
            is_settled: AtomicBool::new(false),
            linking: Mutex::default(),
            known: Mutex::default(),
            began: Instant::now(),
            said: AtomicU64::new(0),
        }
    }
}

/// Whether a plugin of that kind is asked at all.
fn is_asked(kind: Kind) -> bool {
    matches!(kind, Kind::Security | Kind::Middleware)
}

impl Chain {
    /// Looks who is to be asked from now on; whether it is worth looking again soon, though nothing
    /// changes. For whoever hears of changes; it may wait for a plugin.
    pub(super) fn refresh(&self, front: &Front, runtime: &Handle) -> bool {
        // Those that are known first: one that takes its time to say what it does must not keep
        // another from being asked.
        self.link(front);
        self.is_settled.store(true, Ordering::Release);
        for status in front.loader.plugins() {
            if is_asked(status.manifest.kind) {
                self.ask(front, runtime, &status);
            }
        }
        self.link(front)
    }

    fn link(&self, front: &Front) -> bool {
        let _alone = self.linking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_passing = false;
        let plugins = front.loader.plugins();
        let asked = plugins
            .iter()
            .filter(|status| is_asked(status.manifest.kind));
        let mut links: Vec<(i32, Link)> = Vec::new();
        for status in asked {
            let declared = self.known(status);
            let is_down = is_down(status);
            // In the middle of a restart nobody gets past it.
            let comes_up = is_down && front.loader.is_coming_up(&status.id);
            is_passing |= comes_up;
            // Whoever stopped it wants to do without. It may have come up between the two looks.
            if is_down && !comes_up && is_stopped(front, status.id.as_str()) {
                continue;
            }
            if let Some(link) = link(status, declared) {
                links.push((front.loader.priority(status), link));
            }
        }
        links.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
        let links: Vec<Link> = links.into_iter().map(|(_, link)| link).collect();
        if **self.links.load() != links {
            self.links.store(Arc::new(links));
        }
        is_passing
    }

    /// What it said last; nothing where it never did.
    fn known(&self, status: &Status) -> Option<Option<Declared>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(status.id.as_str()).copied()
    }

    /// Asks it, where it runs, and keeps what it says.
    fn ask(&self, front: &Front, runtime: &Handle, status: &Status) {
        let id = status.id.as_str();
        let mount = front.mounts.get(id).ok();
        let Some(mount) = mount.filter(|_| status.state == State::Running) else {
            return;
        };
        match runtime.block_on(mount.description()) {
            Ok(description) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(id.to_owned(), description.middleware);
            }
            Err(why) => log::warn!("{id}: what it does to requests is not known: {why}"),
        }
    }

    /// Nobody is asked.
    #[inline]
    pub(super) fn is_empty(&self, front: &Front) -> bool {
        if !self.is_settled.load(Ordering::Acquire) {
            self.settle(front);
        }
        self.links.load().is_empty()
    }

    /// Nobody has told yet of a plugin that was started: who keeps others out may be on its way.
    #[cold]
    fn settle(&self, front: &Front) {
        self.link(front);
    }

    /// Says that something went on without one, once a second at most.
    fn without(&self, link: &Link, why: &Fault) {
        let now = self.began.elapsed().as_secs() + 1;
        if self.said.swap(now, Ordering::Relaxed) != now {
            log::warn!("{}: requests go on without it: {}", link.id, why.detail());
        }
    }

    /// Asks those that see a request before it gets to where it is going, in order. Gives how many of
    /// them saw it, and the answer of the one that let it go no further.
    pub(super) async fn before(
        &self,
        front: &Front,
        target: Option<&str>,
        head: &mut Parts,
        about: &About<'_>,
    ) -> (Seen, Option<Reply>) {
        let (links, began) = (self.links.load_full(), Instant::now());
        let seen = |count: usize| Seen {
            links: links[..count].to_vec(),
            began,
        };
        for (place, link) in links.iter().enumerate() {
            if !link.before || target == Some(&*link.id) {
                continue;
            }
            match middleware::before(front, &link.id, head, about).await {
                Ok(Verdict::On(change)) => change.apply(&mut head.headers),
                Ok(Verdict::Answer(answer)) => return (seen(place + 1), Some(answer)),
                Err(why) if link.is_closed => {
                    let answer = Reply::from(closed(&link.id, &why));
                    return (seen(place), Some(answer));
                }
                Err(why) => self.without(link, &why),
            }
        }
        (seen(links.len()), None)
    }
}

/// Those that saw a request, and will see what is answered.
pub(super) struct Seen {
    links: Vec<Link>,
    began: Instant,
}

impl Seen {
    /// Shows them the answer, the last first.
    pub(super) async fn after(
        self,
        front: &Front,
        target: Option<&str>,
        head: &Parts,
        about: &About<'_>,
        mut reply: Reply,
    ) -> Reply {
        let asked = self.links.iter().rev();
        let asked = asked.filter(|link| link.after && target != Some(&*link.id));
        for link in asked {
            let shown = Shown::of(&reply, self.began.elapsed());
            match middleware::after(front, &link.id, head, about, &shown).await {
                Ok(Verdict::On(change)) => change.apply_to(&mut reply),
                Ok(Verdict::Answer(answer)) => reply = answer,
                // What was asked for may be its stop.
                Err(_) if is_stopped(front, &link.id) => {}
                Err(why) if link.is_closed => reply = closed(&link.id, &why).into(),
                Err(why) => front.chain.without(link, &why),
            }
        }
        reply
    }
}

fn is_stopped(front: &Front, id: &str) -> bool {
    let status = front.loader.status(id);
    status.is_some_and(|status| is_down(&status))
}

fn is_down(status: &Status) -> bool {
    matches!(status.state, State::Disabled | State::Stopped)
}

fn link(status: &Status, declared: Option<Option<Declared>>) -> Option<Link> {
    let is_security = status.manifest.kind == Kind::Security;
    let id = status.id.to_string();
    match declared {
        // What keeps others out has to be there before anybody comes.
        None => is_security.then_some(Link {
            id,
            before: true,
            after: false,
            is_closed: true,
        }),
        Some(None) => None,
        Some(Some(declared)) => Some(Link {
            id,
            before: declared.before,
            after: declared.after,
            is_closed: match declared.fail {
                Some(fail) => fail == Fail::Closed,
                None => is_security,
            },
        }),
    }
}

#[cold]
fn closed(id: &str, why: &Fault) -> Fault {
    let detail = format!(
        "nothing passes without plugin '{id}', which could not be asked: {}",
        why.detail()
    );
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, detail).with("plugin", id)
}
