use jackfield_loader::{
    Events, Handle, Loader, Options, Request, RequestError, State, Status, StopReport, Transition,
    Unload,
};
use jackfield_manifest::{OnPanic, Restart};
use jackfield_tests::Site;
use serde_json::json;
use std::{
    cell::RefCell,
    fs, iter, thread,
    time::{Duration, Instant},
};

/// For what a test waits for in vain: long enough for the steps before it, on a busy machine as well.
const SHORT: Duration = Duration::from_secs(1);
/// For what comes, on a busy machine as well.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// What reaches the states of a plugin that comes up.
pub(super) const UP: [State; 5] = [
    State::Loaded,
    State::Initializing,
    State::Initialized,
    State::Starting,
    State::Running,
];

/// A host with `misbehave` in some mode; `echo`, which has nothing to do with it; `pace-0001`, which
/// would use it; and `pace-0002`, which requires it.
pub(super) struct Scene {
    pub(super) site: Site,
    pub(super) loader: Loader,
    events: Events,
    seen: RefCell<Vec<Transition>>,
}

impl Scene {
    /// Everything is started.
    pub(super) fn new(mode: &str) -> Self {
        Self::within(mode, deadlines(mode))
    }

    /// The same, with little time for `stop`.
    pub(super) fn impatient(mode: &str) -> Self {
        Self::within(mode, [LONG, LONG, SHORT])
    }

    /// The same, with little time for `start`, which counts for another configuration as well.
    pub(super) fn hasty(mode: &str) -> Self {
        Self::within(mode, [LONG, SHORT, LONG])
    }

    fn within(mode: &str, [initialize, start, stop]: [Duration; 3]) -> Self {
        let site = Site::new();
        add_all(&site);
        let mut options = Options::new(site.plugins(), site.state());
        let diary = site.root().join("diary");
        for other in ["echo", "pace-0001", "pace-0002"] {
            let settings = options.settings.entry(other.to_owned()).or_default();
            settings.stop_deadline = Some(LONG);
            if other != "echo" {
                settings.config.insert("diary".to_owned(), json!(diary));
            }
        }
        let settings = options.settings.entry("misbehave".to_owned()).or_default();
        let release = site.root().join("release");
        settings.config = json!({"mode": mode, "release": release, "diary": diary})
            .as_object()
            .unwrap()
            .clone();
        // What becomes of one that fails is looked at elsewhere (`supervise`); here it stays as it is.
        settings.restart = Some(Restart::Never);
        settings.on_panic = Some(OnPanic::Continue);
        settings.health_interval = Some(LONG * 100);
        settings.initialize_deadline = Some(initialize);
        settings.start_deadline = Some(start);
        settings.stop_deadline = Some(stop);
        let loader = Loader::open(options).unwrap();
        let events = loader.events();
        loader.start();
        let scene = Self {
            site,
            loader,
            events,
            seen: RefCell::default(),
        };
        scene.echo_serves();
        scene
    }

    pub(super) fn plugin(&self, id: &str) -> Handle {
        self.loader.plugin(id).unwrap_or_else(|| {
            panic!("{id} does not run: {:?}", self.loader.status(id));
        })
    }

    pub(super) fn ask(&self, path: &str) -> Result<(u16, String), RequestError> {
        ask(&self.plugin("misbehave"), path)
    }

    /// Another plugin answers.
    pub(super) fn echo_serves(&self) {
        assert_eq!(
            ask(&self.plugin("echo"), "/quick/x"),
            Ok((200, String::new()))
        );
    }

    pub(super) fn status(&self, id: &str) -> Status {
        self.loader.status(id).unwrap()
    }

    /// Waits until a hang has begun.
    pub(super) fn hangs(&self) {
        let begun = self.site.root().join("release.begun");
        until("nothing hangs", || begun.exists());
    }

    /// Ends the hangs.
    pub(super) fn release(&self) {
        fs::write(self.site.root().join("release"), "").unwrap();
    }

    /// The states that a plugin came to so far.
    pub(super) fn states(&self, id: &str) -> Vec<State> {
        let mut seen = self.seen.borrow_mut();
        seen.extend(self.events.pending());
        let own = seen.iter().filter(|seen| seen.id.as_str() == id);
        own.map(|transition| transition.to).collect()
    }

    /// What of a plugin's code was called so far.
    pub(super) fn diary(&self, id: &str) -> Vec<String> {
        let diary = fs::read_to_string(self.site.root().join("diary")).unwrap_or_default();
        let lines = diary.lines().filter_map(|line| line.split_once(' '));
        let own = lines.filter(|(who, _)| *who == id);
        own.map(|(_, step)| step.to_owned()).collect()
    }

    /// Whether a plugin's library is in this process.
    fn is_mapped(&self, id: &str) -> bool {
        let store = self.site.state().join("store");
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().any(|line| {
            line.contains(store.to_str().unwrap()) && line.contains(&format!("/lib{id}.so"))
        })
    }

    /// Whether a plugin's library is gone, as its status says and as it is.
    pub(super) fn unload(&self, id: &str) -> Unload {
        let unload = self.status(id).unload.unwrap();
        assert_eq!(
            unload != Unload::Unmapped,
            self.is_mapped(id),
            "{id}: {unload}"
        );
        unload
    }

    /// `misbehave` failed on its way up, with this cause and these states before; who requires it
    /// stayed out, who would use it runs without.
    pub(super) fn did_not_come_up(&self, cause: &str, mut states: Vec<State>) {
        let status = self.status("misbehave");
        assert_eq!(
            (status.state, status.cause.as_deref()),
            (State::Failed, Some(cause))
        );
        states.push(State::Failed);
        assert_eq!(self.states("misbehave"), states);
        assert!(self.loader.plugin("misbehave").is_none());

        let root_cause = format!("misbehave: {cause}");
        let status = self.status("pace-0002");
        let reasons: Vec<_> = status
            .reasons
            .iter()
            .map(|reason| (reason.code.as_str(), reason.message.as_str()))
            .collect();
        assert_eq!(
            reasons,
            [(
                "dependency-failed",
                "requires misbehave, which was not started"
            )]
        );
        assert_eq!(status.root_cause.as_deref(), Some(&*root_cause));
        assert_eq!(self.states("pace-0002"), [State::Rejected]);
        assert_eq!(self.diary("pace-0002"), [""; 0]);

        let status = self.status("pace-0001");
        let degraded = format!("runs without misbehave: {root_cause}");
        assert_eq!(
            (status.state, status.degraded),
            (State::Running, vec![degraded])
        );
        self.echo_serves();
    }

    /// Ends the hangs and waits until no thread is left inside.
    pub(super) fn comes_back(&self) {
        self.release();
        until("a thread is still inside", || {
            self.loader.abandoned_threads() == 0
        });
    }

    /// Stops everything; what is true of every stop is checked.
    pub(super) fn stop(&mut self) -> StopReport {
        self.echo_serves();
        let ran: Vec<String> = running(&self.loader);
        let report = self.loader.stop(LONG);
        assert_eq!(running(&self.loader), [""; 0]);
        for id in ["echo", "pace-0001", "pace-0002"] {
            if ran.iter().any(|ran| ran == id) {
                assert_eq!(self.status(id).state, State::Stopped);
                assert_eq!(self.unload(id), Unload::Unmapped);
                let whole: Vec<_> = UP.into_iter().chain(DOWN).collect();
                assert_eq!(self.states(id), whole);
            }
        }
        for id in ["pace-0001", "pace-0002"] {
            if ran.iter().any(|ran| ran == id) {
                assert_eq!(self.diary(id), ["initialize", "start", "stop", "drop"]);
            }
        }
        self.goes_down_in_reverse();
        self.events_are_whole();
        report
    }

    /// Stops, and all went well.
    pub(super) fn stops_well(mut self) {
        let report = self.stop();
        assert_eq!(report.failed, []);
        assert_eq!(self.status("misbehave").state, State::Stopped);
        assert_eq!(self.unload("misbehave"), Unload::Unmapped);
        assert_eq!(
            self.diary("misbehave"),
            ["initialize", "start", "stop", "drop"]
        );
        assert_eq!(self.loader.abandoned_threads(), 0);
    }

    /// Stops, and `misbehave` did not, for this reason.
    pub(super) fn stops_with(&mut self, cause: &str) {
        let report = self.stop();
        let failed: Vec<(&str, &str)> = report
            .failed
            .iter()
            .map(|(id, cause)| (id.as_str(), &**cause))
            .collect();
        assert_eq!(failed, [("misbehave", cause)]);
        let status = self.status("misbehave");
        assert_eq!(
            (status.state, status.cause.as_deref()),
            (State::Failed, Some(cause))
        );
        let mut states = UP.to_vec();
        states.extend([State::Stopping, State::Failed]);
        assert_eq!(self.states("misbehave"), states);
    }

    /// What came to run first was told to stop last.
    fn goes_down_in_reverse(&self) {
        let seen = self.seen.borrow();
        let who = |to: State| -> Vec<String> {
            let to = seen.iter().filter(|transition| transition.to == to);
            to.map(|transition| transition.id.to_string()).collect()
        };
        let mut up = who(State::Running);
        up.reverse();
        assert_eq!(who(State::Stopping), up);
    }

    /// One event for each transition, and none where nothing changed.
    fn events_are_whole(&self) {
        let mut seen = self.seen.borrow_mut();
        seen.extend(self.events.pending());
        let numbers: Vec<u64> = seen.iter().map(|transition| transition.sequence).collect();
        let all: Vec<u64> = iter::successors(Some(1), |number| Some(number + 1))
            .take(numbers.len())
            .collect();
        assert_eq!(numbers, all);
        for id in ["echo", "misbehave", "pace-0001", "pace-0002"] {
            let mut state = State::Vetted;
            for transition in seen.iter().filter(|seen| seen.id.as_str() == id) {
                assert_eq!(transition.from, state, "{id}");
                assert_ne!(transition.to, state, "{id}");
                state = transition.to;
            }
            assert_eq!(self.status(id).state, state);
        }
    }
}

/// Those of `initialize`, `start` and `stop`: short only where the mode hangs.
fn deadlines(mode: &str) -> [Duration; 3] {
    match mode {
        "hang-in-initialize" => [SHORT, LONG, LONG],
        "hang-in-start" => [LONG, SHORT, LONG],
        "task-blocks" | "blocking-task" => [LONG, LONG, SHORT],
        mode if mode.starts_with("hang-") => [LONG, LONG, SHORT],
        _ => [LONG; 3],
    }
}

const DOWN: [State; 2] = [State::Stopping, State::Stopped];

fn add_all(site: &Site) {
    site.add("echo");
    site.add("misbehave");
    let optional = ("need-0000", "misbehave");
    let own = ("pace-0000", "pace-0001");
    site.add_patched("pace", "libpace-0001.so", &[own, optional]);
    let required = (
        r#""need-0000", range = "^1", optional = true"#,
        r#""misbehave", range = "^1"                 "#,
    );
    let own = ("pace-0000", "pace-0002");
    site.add_patched("pace", "libpace-0002.so", &[own, required]);
}

fn running(loader: &Loader) -> Vec<String> {
    let plugins = loader.plugins();
    let running = plugins
        .iter()
        .filter(|plugin| plugin.state == State::Running);
    running.map(|plugin| plugin.id.to_string()).collect()
}

/// Waits for what has no event of its own.
pub(super) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        thread::yield_now();
    }
}

pub(super) fn ask(plugin: &Handle, path: &str) -> Result<(u16, String), RequestError> {
    send(plugin, &Request::new("GET", path))
}

pub(super) fn send(plugin: &Handle, request: &Request<'_>) -> Result<(u16, String), RequestError> {
    let answer = pollster::block_on(plugin.request(request))?;
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    Ok((answer.status(), body))
}

pub(super) fn pinned(why: &str) -> Unload {
    Unload::Pinned(why.to_owned())
}
