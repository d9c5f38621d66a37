//! Who is there, and what goes from whom to whom.

use crate::{
    flatten::flatten,
    record::{Record, Sample, Sort},
    rules::{Rules, Thing},
    sink::Sink,
    source::Source,
};
use plugin_api::{Context, Error, Result, log, serde::Serialize};
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tracking_api::{BackendLease, CollectorLease, Map, check_name};

/// Every collector, every backend, and the rules between them.
pub(crate) struct Hub {
    pub(crate) context: Context,
    pub(crate) rules: Rules,
    params: Map,
    queue_bytes: usize,
    sinks: Mutex<Arc<[Arc<Sink>]>>,
    sources: Mutex<Arc<[Arc<Source>]>>,
    /// What was dropped because its backend is gone.
    gone: Arc<AtomicU64>,
    /// Numbers that became no metric: too many at once, or of a name that is none.
    skipped: AtomicU64,
}

/// What became of something.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Routed {
    /// The backends for which it, or some of it, was queued.
    pub(crate) targets: BTreeSet<String>,
    /// How many metrics it is.
    pub(crate) metrics: usize,
}

impl Hub {
    pub(crate) fn new(context: Context, rules: Rules, params: Map, queue_bytes: usize) -> Self {
        Self {
            context,
            rules,
            params,
            queue_bytes,
            sinks: Mutex::new(Arc::default()),
            sources: Mutex::new(Arc::default()),
            gone: Arc::default(),
            skipped: AtomicU64::new(0),
        }
    }

    pub(crate) fn sinks(&self) -> Arc<[Arc<Sink>]> {
        Arc::clone(&self.sinks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn sources(&self) -> Arc<[Arc<Source>]> {
        Arc::clone(&self.sources.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many records were dropped: from queues that were full, and with backends that are gone.
    pub(crate) fn dropped(&self) -> u64 {
        let sinks = self.sinks();
        let full: u64 = sinks.iter().map(|sink| sink.dropped()).sum();
        full + self.gone.load(Relaxed)
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Relaxed)
    }

    /// Notes that something became no metric.
    pub(crate) fn skip(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.skipped.fetch_add(count, Relaxed);
    }

    /// Takes those that are there now, and gives up those that are gone. Called by one at a time.
    pub(crate) fn refresh(self: &Arc<Self>) {
        // It fails only while the tracker is stopping.
        if let Ok(leases) = BackendLease::all(&self.context) {
            self.refresh_sinks(leases);
        }
        if let Ok(leases) = CollectorLease::all(&self.context) {
            self.refresh_sources(leases);
        }
    }

    fn refresh_sinks(&self, leases: Vec<BackendLease>) {
        let old = self.sinks();
        let mut fresh = Vec::new();
        let mut next = Vec::new();
        for lease in leases {
            match old.iter().find(|sink| sink.lease().is_same(&lease)) {
                Some(sink) => next.push(Arc::clone(sink)),
                None => {
                    let sink = Arc::new(Sink::new(lease, self.queue_bytes, Arc::clone(&self.gone)));
                    fresh.push(Arc::clone(&sink));
                    next.push(sink);
                }
            }
        }
        let gone: Vec<_> = old
            .iter()
            .filter(|sink| !next.iter().any(|other| Arc::ptr_eq(other, sink)))
            .collect();
        if fresh.is_empty() && gone.is_empty() {
            return;
        }
        *self.sinks.lock().unwrap_or_else(PoisonError::into_inner) = next.into();
        for sink in gone {
            let left = sink.close();
            // Started again, it takes what waited for it before.
            match fresh.iter().find(|other| other.id() == sink.id()) {
                Some(other) => other.push(&self.context, left),
                None => {
                    let count = left.len();
                    log::info!("backend {} is gone, {count} records with it", sink.id());
                    let count = u64::try_from(count).unwrap_or(u64::MAX);
                    self.gone.fetch_add(count, Relaxed);
                }
            }
        }
        for sink in fresh {
            log::info!("backend {} is there", sink.id());
            if let Some(params) = self.params_for(&sink, self.context.id(), &self.params) {
                match self.check_weight(&params) {
                    Ok(()) => sink.push(&self.context, [params]),
                    Err(error) => log::error!("`params` of the configuration: {error}"),
                }
            }
        }
    }

    /// Whether it can wait for a backend.
    fn check_weight(&self, record: &Record) -> Result<()> {
        let (weight, limit) = (record.weight(), self.queue_bytes);
        if weight <= limit {
            return Ok(());
        }
        let text = format!(
            "expected what takes at most {limit} bytes in memory (`queue_bytes`), found {weight}: \
             give less at a time, or raise it"
        );
        Err(Error::with_status(413, text))
    }

    fn refresh_sources(self: &Arc<Self>, leases: Vec<CollectorLease>) {
        let old = self.sources();
        let mut fresh = Vec::new();
        let mut next = Vec::new();
        for lease in leases {
            match old.iter().find(|source| source.lease().is_same(&lease)) {
                Some(source) => next.push(Arc::clone(source)),
                None => {
                    let source = Arc::new(Source::new(lease));
                    fresh.push(Arc::clone(&source));
                    next.push(source);
                }
            }
        }
        for source in old.iter() {
            if !next.iter().any(|other| Arc::ptr_eq(other, source)) {
                source.close();
                log::info!("collector {} is gone", source.id());
            }
        }
        if !fresh.is_empty() || next.len() != old.len() {
            *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = next.into();
        }
        for source in fresh {
            log::info!("collector {} is there", source.id());
            source.begin(&self.context, self);
        }
    }

    /// Those parameters that the rules send from there to it.
    fn params_for(&self, sink: &Sink, source: &str, params: &Map) -> Option<Record> {
        let wanted = |name: &str| {
            let thing = Thing {
                sort: Sort::Params,
                source,
                name,
            };
            !self
                .rules
                .targets(thing, [sink.id()].into_iter())
                .is_empty()
        };
        let some = params.iter().filter(|(name, _)| wanted(name));
        let some: Map = some
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if some.is_empty() {
            return None;
        }
        let bytes = plugin_api::serde_json::to_string(&some).map_or(0, |text| text.len());
        Some(Record::params(some, bytes))
    }

    /// The numbers of a map, measured then, each under the source's name and its own.
    pub(crate) fn reading(
        &self,
        source: &str,
        map: &Map,
        step: Option<i64>,
        time_unix_ms: i64,
    ) -> Routed {
        let (numbers, more) = flatten(map);
        self.skip(more);
        let samples = numbers.into_iter().map(|(name, value)| {
            let whole: String = format!("{source}.{name}");
            let sample = Sample {
                name: whole.into(),
                value,
                step,
                time_unix_ms,
            };
            (name, sample)
        });
        self.metrics(source, samples)
    }

    /// Queues metrics, each with the name that the rules are asked about.
    pub(crate) fn metrics(
        &self,
        source: &str,
        samples: impl Iterator<Item = (String, Sample)>,
    ) -> Routed {
        let sinks = self.sinks();
        let mut queued: Vec<Vec<Record>> = vec![Vec::new(); sinks.len()];
        let mut routed = Routed::default();
        for (name, sample) in samples {
            if check_name(&sample.name).is_err() {
                self.skip(1);
                continue;
            }
            routed.metrics += 1;
            let thing = Thing {
                sort: Sort::Metric,
                source,
                name: &name,
            };
            let targets = self
                .rules
                .targets(thing, sinks.iter().map(|sink| sink.id()));
            for (sink, queued) in sinks.iter().zip(&mut queued) {
                if targets.contains(&sink.id()) {
                    queued.push(Record::Metric(sample.clone()));
                }
            }
        }
        for (sink, records) in sinks.iter().zip(queued) {
            if !records.is_empty() {
                routed.targets.insert(sink.id().to_owned());
                sink.push(&self.context, records);
            }
        }
        routed
    }

    /// Queues parameters, each for those whom the rules name.
    ///
    /// # Errors
    ///
    /// 413 where they never fit; then nobody gets any.
    pub(crate) fn params(&self, source: &str, params: &Map) -> Result<Routed> {
        let sinks = self.sinks();
        let wanted = sinks.iter().filter_map(|sink| {
            let record = self.params_for(sink, source, params)?;
            Some((sink, record))
        });
        let wanted: Vec<_> = wanted.collect();
        for (_, record) in &wanted {
            self.check_weight(record)?;
        }
        let mut routed = Routed::default();
        for (sink, record) in wanted {
            routed.targets.insert(sink.id().to_owned());
            sink.push(&self.context, [record]);
        }
        Ok(routed)
    }

    /// Queues a file.
    ///
    /// # Errors
    ///
    /// 413 where its paths never fit.
    pub(crate) fn artifact(&self, source: &str, local: PathBuf, path: String) -> Result<Routed> {
        let mut routed = Routed::default();
        let thing = Thing {
            sort: Sort::Artifact,
            source,
            name: &path,
        };
        let sinks = self.sinks();
        let targets = self
            .rules
            .targets(thing, sinks.iter().map(|sink| sink.id()));
        let record = Record::Artifact(Arc::new((local, path.clone())));
        self.check_weight(&record)?;
        for sink in sinks.iter().filter(|sink| targets.contains(&sink.id())) {
            routed.targets.insert(sink.id().to_owned());
            sink.push(&self.context, [record.clone()]);
        }
        Ok(routed)
    }
}
