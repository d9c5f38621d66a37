//! A plugin that does what the tests look at.

use counter_1_0::{Amount, Counter, Plain, PlainObject, object};
use plugin_api::{
    Storage,
    host::{BusService, Clock, ConfigService, StorageService, Topology},
    prelude::*,
    serde_json::json,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

#[derive(Deserialize)]
pub struct Config {
    period_ms: u64,
    mode: String,
}

pub struct Probe {
    context: Context,
    config: Config,
    heard: Mutex<Vec<String>>,
    beats: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Sum(AtomicU64);

impl Counter for Sum {
    fn add(&self, amount: Amount) -> u64 {
        let amount = amount.count * u64::from(amount.times);
        self.0.fetch_add(amount, SeqCst) + amount
    }
    fn fail(&self) -> bool {
        false
    }
}

struct Next;

impl Plain for Next {
    fn next(&self, number: u64) -> u64 {
        number + 1
    }
}

pub fn plain() -> PlainObject {
    counter_1_0::plain(Next)
}

impl Plugin for Probe {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        if config.mode == "initialize fails" {
            return Err(Error::new("as configured"));
        }
        context.subscribe("probe.*")?;
        context.subscribe("other.**")?;
        context.provide(object(Sum(AtomicU64::new(0))))?;
        context.subscribe_with("quick.*", &Subscribe::new().quick())?;
        assert!(config.mode != "initialize panics", "as configured");
        log::info!(period = config.period_ms; "made");
        Ok(Self {
            context,
            config,
            heard: Mutex::default(),
            beats: Arc::default(),
            thread: Mutex::default(),
        })
    }

    fn start(&self) -> Result<()> {
        let context = self.context.clone();
        match self.config.mode.as_str() {
            "start fails" => return Err(Error::new("as configured")),
            "start hangs" => thread::sleep(Duration::from_secs(60)),
            "thread" => {
                let thread = thread::spawn(|| {
                    log::warn!("from a thread");
                    panic!("in a thread");
                });
                *self.thread.lock().unwrap() = Some(thread);
            }
            "keeps" => {
                let kept = thread::spawn(move || {
                    thread::park();
                    drop(context);
                });
                *self.thread.lock().unwrap() = Some(kept);
            }
            "task panics" => {
                self.context.spawn("bad", async { panic!("in a task") })?;
            }
            "spins" => {
                let spin = std::future::poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    std::task::Poll::<()>::Pending
                });
                self.context.spawn("spin", spin)?;
            }
            _ => {
                let (period, beats) = (self.config.period_ms, Arc::clone(&self.beats));
                self.context.spawn("beat", beat(context, period, beats))?;
            }
        }
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        if let Some(thread) = self.thread.lock().unwrap().take()
            && self.config.mode == "thread"
        {
            // It has panicked, as it should.
            let _ = thread.join();
        }
        self.context.storage()?.put(b"stopped", b"yes")?;
        let late = [
            self.context.subscribe("late.*").map(drop),
            self.context.provide(object(Sum(AtomicU64::new(0)))),
        ];
        let late = late.map(|late| late.err().map_or(0, |error| error.status()));
        let late = format!("{late:?}");
        self.context.storage()?.put(b"late", late.as_bytes())?;
        match self.config.mode.as_str() {
            "stop fails" => Err(Error::new("as configured")),
            _ => Ok(()),
        }
    }

    fn health(&self) -> Health {
        if self.config.mode == "health bloats" {
            return Health::degraded("x".repeat(4097));
        }
        Health::degraded("so so").with("beats", self.beats.load(SeqCst))
    }

    fn reconfigure(&self, config: Config) -> Result<()> {
        match config.mode.as_str() {
            "later" => Err(Error::at_next_start()),
            "never" => Err(Error::new("not that")),
            _ => Ok(()),
        }
    }

    fn event(&self, event: Event<'_>) -> Result<()> {
        let (topic, publisher, sequence) = (event.topic(), event.publisher(), event.sequence());
        if topic == "probe.bad" {
            return Err(Error::new("a bad event"));
        }
        let line = format!("{topic} {publisher} {sequence}");
        self.heard.lock().unwrap().push(line);
        if topic == "quick.ring" {
            self.context.publish("quick.ring", &())?;
        }
        Ok(())
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/heard", quick(Self::heard));
        routes.post("/publish/{topic}", quick(Self::publish));
        routes.post("/retain/{count}", blocking(Self::retain));
        routes.get("/late/{ms}", Self::late);
        routes.get("/never", Self::never);
        routes.get("/ask", Self::ask);
        routes.get("/panic", quick(Self::panics));
        routes.post("/keys/{key}", blocking(Self::put));
        routes.get("/next", quick(Self::next));
        routes.get("/chime", quick(Self::chime));
        routes.get("/caller", quick(Self::caller));
        routes.get("/block", Self::block);
        routes.get("/host", blocking(Self::host));
    }
}

async fn beat(context: Context, period: u64, beats: Arc<AtomicU64>) {
    let mut interval = context.interval(Duration::from_millis(period));
    loop {
        interval.tick().await;
        let count = beats.fetch_add(1, SeqCst) + 1;
        context.publish("probe.beat", &count).unwrap();
    }
}

impl Probe {
    /// What has been heard when it has published.
    fn publish(&self, request: Request<'_>) -> Result<Response> {
        self.context.publish(&request.param("topic")?, &())?;
        self.heard(request)
    }

    /// Has so many last values.
    fn retain(&self, request: Request<'_>) -> Result<Response> {
        for number in 0..request.param("count")?.parse::<u32>()? {
            let retained = self
                .context
                .publish_retained(&format!("kept.{number}"), &number);
            retained.map_err(|error| Error::with_status(error.status(), error.message()))?;
        }
        Ok(Response::new(204))
    }

    fn heard(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&*self.heard.lock().unwrap())
    }

    async fn late(&self, request: Request<'_>) -> Result<Response> {
        let wait = Duration::from_millis(request.param("ms")?.parse()?);
        let before = self.context.steady();
        self.context.sleep(wait).await;
        let slept = self.context.steady() - before;
        Ok(Response::text(slept.as_millis().to_string()))
    }

    /// What the host's own services say.
    fn host(&self, _request: Request<'_>) -> Result<Response> {
        let bus = self.context.require::<BusService>("^1")?;
        let clock = self.context.require::<Clock>("^1")?;
        let config = self.context.require::<ConfigService>("^1")?;
        let storage = Storage::from(self.context.require::<StorageService>("^1")?);
        let topology = self.context.require::<Topology>("^1")?;
        bus.publish_retained("probe.last", &1)?;
        storage.put(b"by", b"the service")?;
        Response::json(&json!({
            "now_ns": clock.now_ns(),
            "steady": clock.monotonic() == self.context.steady(),
            "zone": clock.time_zone(),
            "period_ms": config.get::<u64>("/period_ms")?,
            "revision": config.revision(),
            "stored": self.context.storage()?.get(b"by")?,
            "last": self.context.last("probe.last")?.map(|last| last.payload().to_vec()),
            "provider": plugin_api::Lease::provider(&clock),
            "later": self.context.require::<Clock>("^2").err().map(|error| error.message().to_owned()),
            "edges": topology.edges()?.keys().collect::<Vec<_>>(),
        }))
    }

    async fn never(&self, _request: Request<'_>) -> Result<Response> {
        std::future::pending().await
    }

    async fn ask(&self, _request: Request<'_>) -> Result<Response> {
        let asked = OutgoingRequest::post("/x", b"body").with_query("a=b");
        self.context.request("other", asked).await
    }

    fn panics(&self, _request: Request<'_>) -> Result<Response> {
        panic!("in a handler")
    }

    fn put(&self, request: Request<'_>) -> Result<Response> {
        let key = request.param("key")?;
        let storage = self.context.storage()?;
        let put = storage.put(key.as_bytes(), request.body());
        put.map_err(|error| Error::with_status(error.status(), error.message()))?;
        Ok(Response::new(204))
    }

    fn next(&self, _request: Request<'_>) -> Result<Response> {
        let lease = self.context.require::<PlainObject>("^1")?;
        Response::json(&json!({ "next": lease.next(6) }))
    }

    fn chime(&self, _request: Request<'_>) -> Result<Response> {
        let context = self.context.clone();
        self.context.schedule("0 0 12 * * *", "noon", move || {
            let published = context.publish("probe.noon", &());
            async move { published.unwrap() }
        })?;
        Ok(Response::new(204))
    }

    fn caller(&self, request: Request<'_>) -> Result<Response> {
        let of = |name| request.extension(name).unwrap_or("nobody").to_owned();
        let header = request.header("x-a").unwrap_or("none");
        Ok(Response::text(format!(
            "{} {header} {}",
            of("caller"),
            request.query_string()
        )))
    }

    async fn block(&self, _request: Request<'_>) -> Result<Response> {
        let sum = self
            .context
            .run_blocking("sum", || (1..=10).sum::<u64>())
            .await?;
        Ok(Response::text(sum.to_string()))
    }
}

plugin_api::export_plugin!(Probe, "./probe.toml");
