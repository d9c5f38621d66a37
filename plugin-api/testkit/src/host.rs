//! The host as the plugin sees it: all of it that crosses is here.

use crate::{
    bus,
    inside::{self, Here},
    kept::{Logged, Panicked, Published},
    message::Asked,
    own,
    run::Run,
    services,
    stage::{Stage, lock},
    storage,
};
use jackfield_abi::{
    BorrowingFfiFuture, Failure, FailureCode, FfiFuture, Host, HostObject, Level, LogRecord,
    PanicReport, ROption, RResult, RSlice, RStr, RString, RVec, Reply, Request, RetainedEvent,
    ServiceLeaseObject, ServiceOfferObject, StorageObject, SubscribeOptions,
    abi_stable::{type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use jackfield_loader::testkit::{KitClock, bus_failure, retains, schedule};
use jackfield_manifest::TopicPattern;
use std::{
    fs,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

/// What one run of the plugin is given.
pub(crate) struct KitHost {
    run: Arc<Run>,
    /// Counted: whoever has it beyond the plugin's drop keeps its context.
    _token: Arc<()>,
}

/// The object for one run of the plugin.
pub(crate) fn object(run: &Arc<Run>) -> HostObject {
    HostObject::from_value(KitHost::new(run), TD_Opaque)
}

impl KitHost {
    fn new(run: &Arc<Run>) -> Self {
        Self {
            run: Arc::clone(run),
            _token: run.token(),
        }
    }

    /// The same for another object that the plugin is given.
    fn again(&self) -> Self {
        Self::new(&self.run)
    }

    pub(crate) fn stage(&self) -> &Arc<Stage> {
        &self.run.stage
    }

    /// Whose code the caller's thread runs: this plugin's where nothing else is known.
    fn here(&self) -> Here {
        inside::here().unwrap_or_else(|| Here {
            stage: Arc::clone(self.stage()),
            task: None,
        })
    }
}

impl Host for KitHost {
    fn id(&self) -> RStr<'_> {
        self.stage().manifest.id.as_str().into()
    }

    fn config(&self) -> RString {
        lock(&self.stage().config).as_str().into()
    }

    fn data_dir(&self) -> RResult<RString, Failure> {
        let path = self.stage().data_dir();
        let failed = |why: &dyn std::fmt::Display| {
            let text = format!("{}: {why}", path.display());
            RResult::RErr(Failure::new(FailureCode::ERROR, text))
        };
        if let Err(error) = fs::create_dir_all(&path) {
            return failed(&error);
        }
        match path.to_str() {
            Some(text) => RResult::ROk(text.into()),
            None => failed(&"its name is not UTF-8"),
        }
    }

    fn storage(&self) -> RResult<StorageObject, Failure> {
        RResult::ROk(storage::object(self.stage(), self.run.storage.object()))
    }

    fn settings(&self) -> RString {
        self.stage().settings.as_str().into()
    }

    fn log_level(&self) -> Level {
        Level(*lock(&self.stage().level) as u32)
    }

    fn log(&self, record: &LogRecord<'_>) {
        let level = match record.level.0 {
            0 => return,
            1 => log::Level::Error,
            2 => log::Level::Warn,
            3 => log::Level::Info,
            4 => log::Level::Debug,
            _ => log::Level::Trace,
        };
        let fields = record.fields.as_slice().iter();
        let logged = Logged {
            level,
            target: record.target.to_string(),
            message: record.message.to_string(),
            fields: fields
                .map(|field| (field.key.to_string(), field.value.to_string()))
                .collect(),
        };
        lock(&self.here().stage.logs).push(logged);
    }

    fn panicked(&self, report: &PanicReport<'_>) {
        let Here { stage, task } = self.here();
        lock(&stage.panics).push(Panicked {
            message: report.message.to_string(),
            file: report.file.to_string(),
            line: report.line,
            task: task.map(|task| task.to_string()),
        });
    }

    fn publish(
        &self,
        topic: RStr<'_>,
        payload: RSlice<'_, u8>,
        flags: u32,
    ) -> RResult<(), Failure> {
        let (topic, payload) = (topic.as_str(), payload.as_slice());
        let checked = bus::check(topic, payload)
            .and_then(|()| self.stage().permits(|permit| Ok(permit.publish(topic)?)))
            .and_then(|()| retains(flags).map_err(|error| bus_failure(&error)));
        let retain = match checked {
            Ok(retain) => retain,
            Err(failure) => return RResult::RErr(failure),
        };
        let stage = self.stage();
        let (id, time) = (stage.manifest.id.as_str(), stage.clock.time());
        if let Err(failure) = self.run.check(topic, payload, retain) {
            return RResult::RErr(failure);
        }
        // Before whatever is published by who hears it.
        lock(&stage.published).push(Published {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            time,
        });
        self.run.hear(topic, id, payload, retain);
        RResult::ROk(())
    }

    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure> {
        let permitted = self.stage().permits(|permit| {
            let wanted = TopicPattern::new(pattern.as_str())?;
            Ok(permit.subscribe(&wanted)?)
        });
        permitted
            .and_then(|()| self.run.subscribe(pattern.as_str(), options))
            .into()
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        self.run.bus.unsubscribe(subscription)
    }

    fn dropped(&self, subscription: u64) -> ROption<u64> {
        self.run.bus.dropped(subscription).into()
    }

    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        let checked = bus::check_topic(topic.as_str()).and_then(|()| {
            self.stage()
                .permits(|permit| Ok(permit.hear(topic.as_str())?))
        });
        if let Err(failure) = checked {
            return RResult::RErr(failure);
        }
        let last = lock(&self.stage().retained).get(topic.as_str()).cloned();
        RResult::ROk(last.into())
    }

    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure> {
        let checked = bus::check_topic(topic.as_str()).and_then(|()| {
            self.stage()
                .permits(|permit| Ok(permit.publish(topic.as_str())?))
        });
        if let Err(failure) = checked {
            return RResult::RErr(failure);
        }
        let cleared = lock(&self.stage().retained).remove(topic.as_str());
        RResult::ROk(cleared.is_some())
    }

    fn request<'a>(
        &'a self,
        plugin: RStr<'a>,
        request: &'a Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        let asked = Asked::new(plugin.as_str(), request);
        let answer = self.stage().answer(&asked);
        *reply = ROption::RSome(answer.map(plugin_api::__testkit::answer).into());
        BorrowingFfiFuture::new(ready(()))
    }

    fn provide(
        &self,
        service: RStr<'_>,
        version: RStr<'_>,
        offer: ServiceOfferObject,
    ) -> RResult<(), Failure> {
        let manifest = &self.stage().manifest;
        let offers = &self.run.offers;
        offers
            .provide(manifest, service.as_str(), version.as_str(), offer)
            .into()
    }

    fn require(
        &self,
        service: RStr<'_>,
        range: RStr<'_>,
        layout: &'static TypeLayout,
        all: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        let (mut offered, manifest) = (lock(&self.stage().offered).clone(), &self.stage().manifest);
        // A test may offer one of its own in its place.
        offered.extend(own::find(service.as_str(), self.again()));
        services::require(
            &offered,
            manifest,
            service.as_str(),
            range.as_str(),
            layout,
            all,
        )
        .into()
    }

    fn spawn(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        self.run.tasks.spawn(name.as_str(), Box::pin(task)).into()
    }

    fn spawn_blocking(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        let tasks = &self.run.tasks;
        tasks.spawn_blocking(name.as_str(), Box::pin(task)).into()
    }

    fn cancel(&self, task: u64) -> bool {
        self.run.tasks.cancel(task)
    }

    fn schedule(&self, expression: RStr<'_>, after_ns: i64) -> RResult<FfiFuture<i64>, Failure> {
        let clock = Calendar(Arc::clone(self.stage()));
        schedule(expression.as_str(), after_ns, clock)
            .map(FfiFuture::new)
            .into()
    }

    fn steady_ns(&self) -> u64 {
        self.stage().clock.steady_ns()
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        FfiFuture::new(self.stage().clock.sleep(duration_ns))
    }
}

/// The kit's clock for schedules.
struct Calendar(Arc<Stage>);

impl KitClock for Calendar {
    fn now(&self) -> i64 {
        i64::try_from(self.0.clock.unix_ns()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Box::pin(self.0.clock.sleep(nanoseconds))
    }
}
