//! The plugins that can be called, found once and kept.

use super::{body, description::Description, metrics::Tally, reply::Fault};
use arc_swap::ArcSwap;
use http::StatusCode;
use jackfield_loader::{Handle as Plugin, Loader, State, Status, nearest};
use rustc_hash::FxHashMap;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{OnceCell, Semaphore},
};
use tokio_util::sync::CancellationToken;

/// How long requests to one plugin may be, in bytes and in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct PluginLimits {
    pub(super) body: body::Limits,
    /// From when the request is there to when the answer begins.
    pub(super) deadline: Duration,
    /// How long calls that are under way may take when the plugin stops.
    pub(super) grace: Duration,
}

/// One plugin, from when it is first asked for something until it stops.
pub(super) struct Mount {
    pub(super) handle: Plugin,
    pub(super) limits: PluginLimits,
    /// The deadline in milliseconds, as plugins are told of it.
    pub(super) deadline_text: String,
    pub(super) description: OnceCell<Description>,
    /// Held by whoever asks the plugin what it says of itself: one at a time, since it may hang.
    pub(super) asking: Arc<Semaphore>,
    pub(super) tally: Arc<Tally>,
    /// The plugin stops: what streams from it ends.
    pub(super) end: CancellationToken,
    /// It wants to have stopped soon: calls that are under way end.
    pub(super) cut: CancellationToken,
}

impl Mount {
    /// Ends what streams, and in a while what is asked.
    fn end(&self, runtime: &Handle) {
        self.end_after(runtime, self.limits.grace);
    }

    fn end_after(&self, runtime: &Handle, grace: Duration) {
        self.end.cancel();
        let cut = self.cut.clone();
        runtime.spawn(async move {
            tokio::time::sleep(grace).await;
            cut.cancel();
        });
    }
}

type Table = FxHashMap<String, Arc<Mount>>;

/// All of them. A mount of a plugin that has stopped is replaced when it is used: the plugin's gate is
/// closed for good, so nobody is sent to one that is not there.
pub(super) struct Mounts {
    table: ArcSwap<Table>,
    loader: Arc<Loader>,
    runtime: Handle,
    limits: Box<dyn Fn(&str) -> PluginLimits + Send + Sync>,
    /// Held by whoever changes the table, and no longer than that.
    changing: Mutex<()>,
    /// Of each plugin that was ever mounted.
    tallies: Mutex<BTreeMap<String, Arc<Tally>>>,
    /// Who was there once. No more than there ever were plugins.
    known: Mutex<BTreeSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mounts {
    pub(super) fn new(
        loader: Arc<Loader>,
        runtime: Handle,
        limits: impl Fn(&str) -> PluginLimits + Send + Sync + 'static,
    ) -> Self {
        Self {
            table: ArcSwap::default(),
            loader,
            runtime,
            limits: Box::new(limits),
            changing: Mutex::default(),
            tallies: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Where that plugin can be called.
    ///
    /// # Errors
    ///
    /// 503, 410 or 404 where it cannot.
    pub(super) fn get(&self, id: &str) -> Result<Arc<Mount>, Fault> {
        let found = self.table.load().get(id).map(Arc::clone);
        match found {
            Some(mount) if mount.handle.serves() => Ok(mount),
            _ => self.mount(id),
        }
    }

    #[cold]
    fn mount(&self, id: &str) -> Result<Arc<Mount>, Fault> {
        let _alone = lock(&self.changing);
        let table = self.table.load();
        if let Some(mount) = table.get(id).filter(|mount| mount.handle.serves()) {
            return Ok(Arc::clone(mount));
        }
        let handle = self.loader.plugin(id);
        let status = self.loader.status(id);
        // Its gate may be open for a moment still; what got in now would not be told to end.
        let is_stopping = |status: Status| status.state == State::Stopping;
        let Some(handle) = handle.filter(|_| !status.is_some_and(is_stopping)) else {
            self.remove(&table, id);
            return Err(self.absent(id));
        };
        lock(&self.known).insert(id.to_owned());
        let limits = (self.limits)(id);
        let mount = Arc::new(Mount {
            handle,
            deadline_text: limits.deadline.as_millis().to_string(),
            limits,
            description: OnceCell::new(),
            asking: Arc::new(Semaphore::new(1)),
            tally: Arc::clone(lock(&self.tallies).entry(id.to_owned()).or_default()),
            end: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let mut next = Table::clone(&table);
        if let Some(old) = next.insert(id.to_owned(), Arc::clone(&mount)) {
            old.end(&self.runtime);
        }
        self.table.store(Arc::new(next));
        Ok(mount)
    }

    /// The plugin stops, or did: what streams from it ends. Not where it runs again by now.
    pub(super) fn unmount(&self, id: &str) {
        let _alone = lock(&self.changing);
        let status = self.loader.status(id);
        if !status.is_some_and(|status| status.state == State::Running) {
            self.remove(&self.table.load(), id);
        }
    }

    /// Takes it out of the table, and ends what goes on in it. For whoever changes the table.
    fn remove(&self, table: &Arc<Table>, id: &str) {
        let Some(mount) = table.get(id) else { return };
        mount.end(&self.runtime);
        let mut next = Table::clone(table);
        next.remove(id);
        self.table.store(Arc::new(next));
    }

    /// The host ends: what streams does so at once, and what is asked after that time.
    pub(super) fn end_all(&self, grace: Duration) {
        for mount in self.table.load().values() {
            mount.end_after(&self.runtime, grace);
        }
    }

    /// What came of the requests for a plugin that was ever mounted.
    pub(super) fn tally(&self, id: &str) -> Option<Arc<Tally>> {
        lock(&self.tallies).get(id).cloned()
    }

    /// The same of all, in order of id.
    pub(super) fn tallies(&self) -> Vec<(String, Arc<Tally>)> {
        let tallies = lock(&self.tallies);
        let tallies = tallies.iter();
        tallies
            .map(|(id, tally)| (id.clone(), Arc::clone(tally)))
            .collect()
    }

    /// The plugin is known, though it may not run.
    pub(super) fn note(&self, id: &str) {
        lock(&self.known).insert(id.to_owned());
    }

    /// Why a plugin cannot be called.
    #[cold]
    pub(super) fn absent(&self, id: &str) -> Fault {
        let Some(status) = self.loader.status(id) else {
            return self.unknown(id);
        };
        let reason = status
            .cause
            .or_else(|| status.reasons.first().map(|reason| reason.message.clone()));
        let what = match status.state {
            State::Disabled => "is disabled: enable it".to_owned(),
            State::Stopped => "is stopped: start it".to_owned(),
            state => format!("is {state}"),
        };
        let detail = match &reason {
            Some(reason) => format!("Plugin '{id}' {what}: {reason}"),
            None => format!("Plugin '{id}' {what}"),
        };
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with("plugin", id)
            .with("state", status.state.as_str())
    }

    /// There is no such plugin, or there is none any more.
    #[cold]
    pub(super) fn unknown(&self, id: &str) -> Fault {
        let shown: String = id.escape_debug().take(128).collect();
        if lock(&self.known).contains(id) {
            let detail = format!("Plugin '{shown}' was removed");
            return Fault::new(StatusCode::GONE, detail).with("plugin", id);
        }
        let plugins = self.loader.plugins();
        let ids = plugins.iter().map(|status| status.id.as_str());
        let fault = Fault::new(StatusCode::NOT_FOUND, format!("Plugin '{shown}' not found"));
        match nearest(id, ids) {
            Some(near) => fault.with("did_you_mean", near),
            None => fault,
        }
    }
}
