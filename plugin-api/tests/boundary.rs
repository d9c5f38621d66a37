//! Does the vtable that a host calls keep its promises: no panic gets out, everything is freed once?
//!
//! The plugin stands in this file and nothing is mapped, so Miri runs it all:
//! `cargo +nightly miri test -p jackfield-plugin-api --test boundary`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use jackfield_abi::{
    BorrowingFfiFuture, Call, CallMut, ContextExt, Event, Failure, FailureCode, FfiFuture, Host,
    Host_TO, HostObject, Level, LogRecord, PanicReport, PluginModuleRef, PluginObject, ROption,
    RResult, RSlice, RStr, RString, RVec, Reply, Request, RetainedEvent, ServiceLeaseObject,
    ServiceOfferObject, StorageObject, SubscribeOptions,
    abi_stable::{type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use plugin_api::{__private, prelude::*};
use std::{
    future::{Future, pending},
    panic::panic_any,
    pin::{Pin, pin},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context as Cx, Poll, Waker},
};

/// What the host was told, and what of the plugin is alive.
#[derive(Default)]
struct Seen {
    panics: Mutex<Vec<String>>,
    tasks: Mutex<Vec<FfiFuture<()>>>,
    hosts: AtomicUsize,
}

struct TestHost(Arc<Seen>, String);

impl Drop for TestHost {
    fn drop(&mut self) {
        self.0.hosts.fetch_sub(1, SeqCst);
    }
}

fn unsupported<T>() -> RResult<T, Failure> {
    RResult::RErr(Failure::new(FailureCode::UNSUPPORTED, "not in this test"))
}

impl Host for TestHost {
    fn id(&self) -> RStr<'_> {
        "probe".into()
    }
    fn config(&self) -> RString {
        self.1.as_str().into()
    }
    fn data_dir(&self) -> RResult<RString, Failure> {
        unsupported()
    }
    fn storage(&self) -> RResult<StorageObject, Failure> {
        unsupported()
    }
    fn settings(&self) -> RString {
        "{}".into()
    }
    fn log_level(&self) -> Level {
        // Without backtraces, which read files.
        Level(0)
    }
    fn log(&self, _record: &LogRecord<'_>) {}
    fn panicked(&self, report: &PanicReport<'_>) {
        self.0
            .panics
            .lock()
            .unwrap()
            .push(report.message.to_string());
    }
    fn publish(&self, _: RStr<'_>, _: RSlice<'_, u8>, _: u32) -> RResult<(), Failure> {
        unsupported()
    }
    fn subscribe(&self, _: RStr<'_>, _: &SubscribeOptions) -> RResult<u64, Failure> {
        unsupported()
    }
    fn unsubscribe(&self, _subscription: u64) -> bool {
        false
    }
    fn dropped(&self, _subscription: u64) -> ROption<u64> {
        ROption::RNone
    }
    fn last(&self, _topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        unsupported()
    }
    fn clear_retained(&self, _topic: RStr<'_>) -> RResult<bool, Failure> {
        unsupported()
    }
    fn request<'a>(
        &'a self,
        _plugin: RStr<'a>,
        _request: &'a Request<'a>,
        _reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        BorrowingFfiFuture::new(async {})
    }
    fn provide(
        &self,
        _service: RStr<'_>,
        _version: RStr<'_>,
        _offer: ServiceOfferObject,
    ) -> RResult<(), Failure> {
        unsupported()
    }
    fn require(
        &self,
        _service: RStr<'_>,
        _range: RStr<'_>,
        _layout: &'static TypeLayout,
        _all: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        unsupported()
    }
    fn spawn(&self, _name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        let mut tasks = self.0.tasks.lock().unwrap();
        tasks.push(task);
        RResult::ROk(tasks.len() as u64)
    }
    fn spawn_blocking(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure> {
        self.spawn(name, task)
    }
    fn cancel(&self, _task: u64) -> bool {
        false
    }
    fn schedule(&self, _: RStr<'_>, _: i64) -> RResult<FfiFuture<i64>, Failure> {
        unsupported()
    }
    fn steady_ns(&self) -> u64 {
        0
    }
    fn sleep(&self, _duration_ns: u64) -> FfiFuture<()> {
        FfiFuture::new(pending())
    }
}

#[derive(Deserialize)]
struct Config {
    fails: bool,
    panics: bool,
}

/// How many plugins, and values that handlers hold, are alive.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Counted {
    fn new() -> Self {
        ALIVE.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

struct Probe {
    context: Context,
    _counted: Counted,
}

impl Plugin for Probe {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let _counted = Counted::new();
        assert!(!config.panics, "initialize");
        if config.fails {
            return Err(Error::new("as configured"));
        }
        Ok(Self { context, _counted })
    }

    fn start(&self) -> Result<()> {
        let held = Counted::new();
        self.context.spawn("panics", async {
            let _held = held;
            panic!("task");
        })?;
        let held = Counted::new();
        self.context.spawn("waits", async {
            let _held = held;
            pending().await
        })?;
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        panic!("stop")
    }

    fn event(&self, event: plugin_api::Event<'_>) -> Result<()> {
        Err(Error::new(event.topic()))
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get(
            "/quick",
            quick(|_: &Self, _: plugin_api::Request<'_>| Ok(Response::text("quick"))),
        );
        routes.get(
            "/bomb",
            quick(|_: &Self, _: plugin_api::Request<'_>| -> Result<Response> { panic_any(Bomb) }),
        );
        routes.get("/twice", Self::twice);
        routes.get("/dropped", Self::dropped);
    }
}

impl Probe {
    /// Ready at the second poll.
    async fn twice(&self, request: plugin_api::Request<'_>) -> Result<Response> {
        let _held = Counted::new();
        let mut polls = 0;
        std::future::poll_fn(|_| {
            polls += 1;
            if polls < 2 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        Ok(Response::text(request.path()))
    }

    /// Never ready, and panics when it is dropped.
    async fn dropped(&self, _request: plugin_api::Request<'_>) -> Result<Response> {
        let _held = (Counted::new(), Bomb);
        pending().await
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        panic!("drop");
    }
}

struct Meta;

impl __private::Meta for Meta {
    const ID: &'static str = "probe";
    const VERSION: &'static str = "1.0.0";
}

/// What the library would export, its layout checked once: in Miri that takes a minute.
static MODULE: LazyLock<PluginModuleRef> = LazyLock::new(|| {
    let header = __private::header::<Probe, Meta>();
    header.init_root_module().unwrap()
});

/// The statics of an image know one plugin at a time.
static TURN: Mutex<()> = Mutex::new(());

fn create(config: &str) -> (Arc<Seen>, Result<PluginObject, Failure>) {
    let seen = Arc::new(Seen::default());
    seen.hosts.store(1, SeqCst);
    let host = TestHost(Arc::clone(&seen), config.to_owned());
    let host: HostObject = Host_TO::from_value(host, TD_Opaque);
    let made = MODULE.create()(host);
    (seen, made.into_result())
}

fn poll(future: &mut (impl Future<Output = ()> + Unpin)) -> Poll<()> {
    Pin::new(future).poll(&mut Cx::from_waker(Waker::noop()))
}

/// Polls a request as often as said, first when it is handed over; what is in the reply then.
fn ask(plugin: &PluginObject, path: &str, polls: usize) -> Option<Result<(u16, Vec<u8>), Failure>> {
    let request = Request::new("GET", path);
    let mut call = pin!(Call::new());
    let mut context = Cx::from_waker(Waker::noop());
    let mut done = context
        .with_ffi_context(|context| plugin.handle(&request, CallMut::new(call.as_mut()), context));
    for _ in 1..polls {
        done = done || call.as_mut().poll(&mut context).is_ready();
    }
    call.take_reply().into_option().map(|reply| {
        let answer = reply.into_result()?;
        Ok((answer.status, answer.body.to_vec()))
    })
}

fn panicked(message: &str) -> Failure {
    Failure::new(FailureCode::PANIC, message)
}

#[test]
fn a_whole_life() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (seen, plugin) = create(r#"{"fails": false, "panics": false}"#);
    let plugin = plugin.unwrap();
    plugin.start().into_result().unwrap();
    let text = |text: &str| Some(Ok((200, text.as_bytes().to_vec())));
    assert_eq!(ask(&plugin, "/quick", 1), text("quick"));
    assert_eq!(ask(&plugin, "/twice", 2), text("/twice"));
    // Cancelled after the first poll.
    assert_eq!(ask(&plugin, "/twice", 1), None);
    assert_eq!(ask(&plugin, "/dropped", 1), None);
    let event = Event {
        topic: "a.topic".into(),
        publisher: "".into(),
        payload: RSlice::EMPTY,
        sequence: 1,
        time_ns: 0,
        subscription: 1,
    };
    let told = plugin.event(&event).into_result();
    assert_eq!(told, Err(Failure::new(FailureCode::ERROR, "a.topic")));
    let mut tasks = std::mem::take(&mut *seen.tasks.lock().unwrap());
    assert!(poll(&mut tasks[0]).is_ready());
    assert!(poll(&mut tasks[1]).is_pending());
    drop(tasks);
    assert_eq!(plugin.stop().into_result(), Err(panicked("stop")));
    assert_eq!(ALIVE.load(SeqCst), 1);
    drop(plugin);
    assert_eq!((ALIVE.load(SeqCst), seen.hosts.load(SeqCst)), (0, 0));
    let expected = ["dropped", "task", "stop", "drop"];
    assert_eq!(*seen.panics.lock().unwrap(), expected);
}

#[test]
#[cfg_attr(miri, ignore = "the payload of the second panic is leaked, on purpose")]
fn a_payload_that_panics_when_it_is_dropped() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (seen, plugin) = create(r#"{"fails": false, "panics": false}"#);
    let plugin = plugin.unwrap();
    let no_text = "a panic whose payload is no text";
    assert_eq!(ask(&plugin, "/bomb", 1), Some(Err(panicked(no_text))));
    drop(plugin);
    assert_eq!((ALIVE.load(SeqCst), seen.hosts.load(SeqCst)), (0, 0));
    assert_eq!(*seen.panics.lock().unwrap(), [no_text, "dropped", "drop"]);
}

#[test]
fn what_does_not_come_up_leaves_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (config, failure) in [
        (
            r#"{"fails": true, "panics": false}"#,
            Failure::new(FailureCode::ERROR, "as configured"),
        ),
        (
            r#"{"fails": false, "panics": true}"#,
            panicked("initialize"),
        ),
        (
            r#"{"fails": 1}"#,
            Failure::new(
                FailureCode::INVALID,
                "configuration: fails: expected a boolean, found something else",
            ),
        ),
    ] {
        let (seen, made) = create(config);
        assert_eq!(made.err(), Some(failure));
        assert_eq!((ALIVE.load(SeqCst), seen.hosts.load(SeqCst)), (0, 0));
    }
}
