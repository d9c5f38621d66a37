//! What loading costs, in time and memory, beyond what the system's loader takes for the same files.

use crate::report::{Bar, Bench};
use jackfield_abi::{
    BorrowingFfiFuture, Failure, FailureCode, FfiFuture, Host, HostObject, Level, LogRecord,
    PanicReport, PluginModuleRef, PluginObject, ROOT_MODULE_SYMBOL, ROption, RResult, RSlice, RStr,
    RString, RVec, Reply, Request, RetainedEvent, ServiceLeaseObject, ServiceOfferObject,
    StorageObject, SubscribeOptions,
    abi_stable::{
        library::AbiHeaderRef, type_layout::TypeLayout, type_level::downcasting::TD_Opaque,
    },
};
use jackfield_loader::{Enable, Loader, Options, State};
use jackfield_tests::Site;
use std::{
    env, fs,
    future::ready,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

const FILES: usize = 1_000;
const ROUNDS: usize = 9;
const ROUNDS_OF_MEMORY: usize = 15;
/// Fewer for memory, because each stays there.
const FEW: usize = 100;
const MANY: usize = 300;

/// One run in a process of its own, so that nothing is mapped before: prints nanoseconds, or kB of
/// resident memory, or a count, for the whole.
pub fn child(side: &str, root: &str) {
    let (plugins, state) = (
        Path::new(root).join("plugins"),
        Path::new(root).join("state"),
    );
    let before = resident_kb();
    let begin = Instant::now();
    match side {
        "dlopen" => {
            let paths = mapped_files(&plugins, &state.join("store"));
            let begin = Instant::now();
            let kept = dlopen_all(&paths);
            println!("{} {}", begin.elapsed().as_nanos(), resident_kb() - before);
            std::mem::drop(kept);
        }
        "disabled" => {
            let counts = footprint();
            let mut options = Options::new(&plugins, &state);
            options.enable = Enable::Listed;
            let loader = Loader::open(options).expect("the state directory is free");
            // The lock and the journal are the loader's own, whatever is in the directory.
            let own = footprint();
            loader.start();
            let more = footprint().since(own);
            assert!(
                loader
                    .plugins()
                    .iter()
                    .all(|plugin| plugin.state == State::Disabled)
            );
            println!("{more} {}", own.since(counts));
        }
        _ => {
            let options = Options::new(&plugins, &state);
            let loader = Loader::open(options).expect("it is free");
            loader.start();
            println!("{} {}", begin.elapsed().as_nanos(), resident_kb() - before);
            let running = loader
                .plugins()
                .iter()
                .filter(|p| p.state == State::Running)
                .count();
            assert_eq!(
                running,
                fs::read_dir(&plugins).expect("it is there").count()
            );
            // What is not measured here need not be waited for.
            let _kept = std::mem::ManuallyDrop::new(loader);
        }
    }
}

/// Pages mapped from files, threads and descriptors, as one sum that must not grow.
#[derive(Clone, Copy)]
struct Footprint(usize);

impl Footprint {
    fn since(self, before: Self) -> usize {
        self.0.saturating_sub(before.0)
    }
}

fn footprint() -> Footprint {
    let count = |path: &str| fs::read_dir(path).expect("/proc is there").count();
    let maps = fs::read_to_string("/proc/self/maps").expect("/proc is there");
    let libraries = maps.lines().filter(|line| line.contains(".so")).count();
    Footprint(libraries + count("/proc/self/task") + count("/proc/self/fd"))
}

fn resident_kb() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is there");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("it has the line");
    line.split_ascii_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .expect("a number of kB")
}

/// The very files that the loader maps: how a file was written decides how much of it the system's
/// page cache maps at once.
fn mapped_files(plugins: &Path, store: &Path) -> Vec<PathBuf> {
    let list = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).into_iter().flatten();
        entries
            .map(|entry| entry.expect("it can be read").path())
            .collect()
    };
    let mut paths: Vec<PathBuf> = list(store).iter().flat_map(|dir| list(dir)).collect();
    if paths.is_empty() {
        paths = list(plugins);
    }
    paths.sort();
    paths
}

/// `dlopen`, `dlsym`, the root module's constructor and `create`, and nothing around it.
#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the baseline loads libraries bare"
)]
fn dlopen_all(paths: &[PathBuf]) -> Vec<(PluginObject, libloading::Library)> {
    paths
        .iter()
        .map(|path| {
            // SAFETY: these are the minimal fixture's libraries, built in this run with this ABI;
            // each is kept for longer than its object, and the process ends with them.
            unsafe {
                let library: libloading::Library =
                    libloading::os::unix::Library::open(Some(path), libloading::os::unix::RTLD_NOW)
                        .expect("a fixture loads")
                        .into();
                let header = *library
                    .get::<AbiHeaderRef>(ROOT_MODULE_SYMBOL.as_bytes())
                    .expect("exported");
                let header = header.upgrade().expect("it is this abi_stable's");
                let module = header
                    .unchecked_layout::<PluginModuleRef>()
                    .expect("a module");
                let host = HostObject::from_value(NoHost, TD_Opaque);
                let object = module.create()(host)
                    .into_result()
                    .expect("it needs nothing");
                (object, library)
            }
        })
        .collect()
}

/// A host that has nothing.
struct NoHost;

impl Host for NoHost {
    fn id(&self) -> RStr<'_> {
        "x".into()
    }
    fn config(&self) -> RString {
        "{}".into()
    }
    fn data_dir(&self) -> RResult<RString, Failure> {
        RResult::ROk(RString::new())
    }
    fn storage(&self) -> RResult<StorageObject, Failure> {
        RResult::RErr(Failure::new(FailureCode::UNSUPPORTED, "not in this test"))
    }
    fn settings(&self) -> RString {
        "{}".into()
    }
    fn log_level(&self) -> Level {
        Level(0)
    }
    fn log(&self, _: &LogRecord<'_>) {}
    fn panicked(&self, _: &PanicReport<'_>) {}
    fn publish(&self, _: RStr<'_>, _: RSlice<'_, u8>, _: u32) -> RResult<(), Failure> {
        RResult::ROk(())
    }
    fn subscribe(&self, _: RStr<'_>, _: &SubscribeOptions) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn unsubscribe(&self, _: u64) -> bool {
        false
    }
    fn dropped(&self, _: u64) -> ROption<u64> {
        ROption::RNone
    }
    fn last(&self, _: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        RResult::ROk(ROption::RNone)
    }
    fn clear_retained(&self, _: RStr<'_>) -> RResult<bool, Failure> {
        RResult::ROk(false)
    }
    fn request<'a>(
        &'a self,
        _: RStr<'a>,
        _: &'a Request<'a>,
        _: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        BorrowingFfiFuture::new(ready(()))
    }
    fn provide(&self, _: RStr<'_>, _: RStr<'_>, _: ServiceOfferObject) -> RResult<(), Failure> {
        RResult::ROk(())
    }
    fn require(
        &self,
        _: RStr<'_>,
        _: RStr<'_>,
        _: &'static TypeLayout,
        _: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        RResult::ROk(RVec::new())
    }
    fn spawn(&self, _: RStr<'_>, _: FfiFuture<()>) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn spawn_blocking(&self, _: RStr<'_>, _: FfiFuture<()>) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn cancel(&self, _: u64) -> bool {
        false
    }
    fn schedule(&self, _: RStr<'_>, _: i64) -> RResult<FfiFuture<i64>, Failure> {
        RResult::ROk(FfiFuture::new(ready(i64::MAX)))
    }
    fn steady_ns(&self) -> u64 {
        0
    }
    fn sleep(&self, _: u64) -> FfiFuture<()> {
        FfiFuture::new(ready(()))
    }
}

/// That many distinct files of the minimal fixture.
fn site(files: usize) -> Site {
    let site = Site::new();
    for number in 0..files {
        let id = format!("minimal-{number:04}");
        site.add_patched("minimal", &format!("lib{id}.so"), &[("minimal-0000", &id)]);
    }
    site
}

/// Runs a child and gives its two numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "times and sizes are far below 2^52"
)]
fn run(side: &str, site: &Site) -> (f64, f64) {
    let output = Command::new(env::current_exe().expect("a benchmark is a file"))
        .args(["--load-child", side, &site.root().to_string_lossy()])
        .output()
        .expect("it can be started again");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text
        .split_ascii_whitespace()
        .map(|n| n.parse::<u64>().map(|n| n as f64));
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(second))) => (first, second),
        _ => panic!("{side}: {text} {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a thousand")]
fn time(bench: &mut Bench) {
    let site = site(FILES);
    let per = |nanoseconds: f64| nanoseconds / 1e3 / FILES as f64;
    // Into the page cache, for both sides.
    run("dlopen", &site);
    let mut first = Vec::new();
    let mut bare = Vec::new();
    for _ in 0..3 {
        let _ = fs::remove_dir_all(site.state());
        first.push(per(run("loader", &site).0));
        bare.push(per(run("dlopen", &site).0));
    }
    bench.ratio(
        "load.first",
        "us/plugin",
        median(&mut first),
        median(&mut bare),
        Bar::None,
    );
    // What was written is on its way to the disk, and files are old enough to be remembered.
    let _ = Command::new("sync").status();
    run("loader", &site);
    let (mut warm, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        warm.push(per(run("loader", &site).0));
        bare.push(per(run("dlopen", &site).0));
    }
    bench.ratio(
        "load.warm",
        "us/plugin",
        median(&mut warm),
        median(&mut bare),
        Bar::Max(1.20),
    );
}

/// What a plugin more takes: by the difference of many and few, so that what the host takes once,
/// such as its own code, does not count. One fault brings in up to 64 kB of a file, as far as that
/// lies together in the page cache, which is not the same for other copies; so the median of some.
#[expect(clippy::cast_precision_loss, reason = "some hundred")]
fn memory(bench: &mut Bench) {
    let resident = |side, site: &Site| {
        let mut values: Vec<f64> = (0..3).map(|_| run(side, site).1).collect();
        median(&mut values)
    };
    let mut more: Vec<f64> = (0..ROUNDS_OF_MEMORY)
        .map(|_| {
            let sites = [site(FEW), site(MANY)];
            let [few, many] = sites.each_ref().map(|site| {
                run("loader", site);
                resident("loader", site) - resident("dlopen", site)
            });
            (many - few) / (MANY - FEW) as f64
        })
        .collect();
    bench.value(
        "memory.loaded",
        "kB more",
        median(&mut more),
        Bar::Max(24.0),
    );
    let (disabled, _) = run("disabled", &site(FEW));
    bench.value("memory.disabled", "maps+thr+fds", disabled, Bar::Max(0.0));
}

/// How long the slowest path takes, and all of it on that many threads, in milliseconds.
fn bound(graph: &[(Vec<usize>, u64)], threads: u64) -> u64 {
    let mut done: Vec<u64> = Vec::new();
    for (needs, own) in graph {
        done.push(own + needs.iter().map(|&need| done[need]).max().unwrap_or(0));
    }
    let work: u64 = graph.iter().map(|(_, own)| own).sum();
    done.iter().copied().max().unwrap_or(0).max(work / threads)
}

/// Five levels of ten; each plugin needs one or two of the level before.
fn graph(time: impl Fn(usize) -> u64) -> Vec<(Vec<usize>, u64)> {
    (0..50)
        .map(|number: usize| {
            let needs = match number.checked_sub(10) {
                None => Vec::new(),
                Some(above) if number.is_multiple_of(3) => {
                    vec![above, above - above % 10 + (above * 7 + 3) % 10]
                }
                Some(above) => vec![above],
            };
            (needs, time(number))
        })
        .collect()
}

/// Plugins that take so long to start, and wait for one another.
struct Paced {
    site: Site,
    options: Options,
}

impl Paced {
    fn new(graph: &[(Vec<usize>, u64)], threads: usize) -> Self {
        let site = Site::new();
        let mut options = Options::new(site.plugins(), site.state());
        options.threads = std::num::NonZero::new(threads).expect("some threads");
        for (number, (needs, time)) in graph.iter().enumerate() {
            let id = format!("pace-{number:04}");
            let mut texts = vec![("pace-0000".to_owned(), id.clone())];
            let needs = needs.iter().enumerate();
            texts.extend(
                needs.map(|(at, need)| (format!("need-{at:04}"), format!("pace-{need:04}"))),
            );
            let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (&**a, &**b)).collect();
            site.add_patched("pace", &format!("lib{id}.so"), &texts);
            let mut own = jackfield_loader::Settings::default();
            own.config.insert("start_ms".to_owned(), (*time).into());
            options.settings.insert(id, own);
        }
        Self { site, options }
    }

    /// Milliseconds from the first `start` to the last plugin running.
    fn start(&self) -> f64 {
        let loader = Loader::open(self.options.clone()).expect("a state directory");
        let events = loader.events();
        let watcher = std::thread::spawn(move || {
            let deadline = Instant::now() + std::time::Duration::from_secs(60);
            let (mut begin, mut running) = (None, 0);
            while let Some(event) = events.next(deadline) {
                match event.to {
                    State::Starting => begin = begin.or(Some(Instant::now())),
                    State::Running => running += 1,
                    _ => {}
                }
                if running == 50 {
                    return begin.expect("one starts before one runs").elapsed();
                }
            }
            panic!("only {running} of 50 run");
        });
        loader.start();
        let time = watcher.join().expect("it counts to fifty");
        assert_eq!(loader.stop(std::time::Duration::from_secs(60)).failed, []);
        time.as_secs_f64() * 1e3
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn parallel(bench: &mut Bench) {
    const THREADS: usize = 10;
    let mut worst: Option<(f64, f64)> = None;
    for graph in [graph(|_| 20), graph(|number| 5 + (number as u64 * 13) % 31)] {
        let bound = bound(&graph, THREADS as u64) as f64;
        let paced = Paced::new(&graph, THREADS);
        // What is known of the files after that is known at every start but the first.
        paced.start();
        let mut times: Vec<f64> = (0..9).map(|_| paced.start()).collect();
        let time = median(&mut times);
        if worst.is_none_or(|(value, baseline)| time / bound > value / baseline) {
            worst = Some((time, bound));
        }
    }
    if let Some((value, baseline)) = worst {
        bench.ratio("start.parallel", "ms", value, baseline, Bar::Max(1.05));
    }
}

/// All rows of this module.
pub fn measure(bench: &mut Bench) {
    if bench.wants("load.") {
        time(bench);
    }
    if bench.wants("memory.") {
        memory(bench);
    }
    if bench.wants("start.parallel") {
        parallel(bench);
    }
}
