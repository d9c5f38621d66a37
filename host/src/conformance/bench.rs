use crate::conformance::{
    child::STEP,
    spec::{Spec, Verdict},
};
use jackfield_loader::{Code, Handle, Loader, Options, Request, RequestError, Unload};
use std::{
    fs,
    path::PathBuf,
    sync::mpsc::sync_channel,
    thread,
    time::{Duration, Instant},
};

/// How long all plugins together may take to stop, besides their own deadlines.
const STOP: Duration = Duration::from_secs(300);

/// What a check has to work with.
pub(crate) struct Bench {
    pub(crate) spec: Spec,
    pub(crate) site: PathBuf,
    name: String,
}

impl Bench {
    pub(crate) fn new(spec: Spec, site: PathBuf, name: &str) -> Self {
        let name = name.to_owned();
        Self { spec, site, name }
    }

    pub(crate) fn id(&self) -> &str {
        &self.spec.id
    }

    /// Notes what comes now, for the case that it does not end or ends the process. It has a whole
    /// limit of its own.
    pub(crate) fn step(&self, step: &str) {
        // It only makes a message better.
        let _ = fs::write(self.site.join(STEP), step);
    }

    /// Each check has a state directory of its own, as if on a fresh host.
    pub(crate) fn options(&self) -> Options {
        self.spec
            .options(&self.site, &format!("state-{}", self.name))
    }

    pub(crate) fn open(&self, options: Options) -> Result<Loader, Verdict> {
        Loader::open(options)
            .map_err(|error| Verdict::failed(format!("the check cannot be made: {error}")))
    }

    /// A loader with the plugin and what it requires, all running.
    pub(crate) fn up(&self) -> Result<(Loader, Handle), Verdict> {
        let loader = self.open(self.options())?;
        self.step("initialize and start");
        loader.start();
        let handle = self.running(&loader)?;
        Ok((loader, handle))
    }

    /// The plugin, which has to run.
    pub(crate) fn running(&self, loader: &Loader) -> Result<Handle, Verdict> {
        loader
            .plugin(self.id())
            .ok_or_else(|| self.not_running(loader))
    }

    fn not_running(&self, loader: &Loader) -> Verdict {
        let Some(status) = loader.status(self.id()) else {
            return Verdict::failed("expected it to run, found that no loader knows it");
        };
        let reason = status.reasons.first();
        let message = reason.map(|reason| reason.message.clone());
        let why = status.cause.clone().or(message).unwrap_or_default();
        let mut text = format!("expected it to run, found it {}: {why}", status.state);
        if reason.is_some_and(|reason| reason.code == Code::InvalidConfig) {
            text.push_str(": give it a configuration in jackfield.toml or with --with-config");
        }
        Verdict::failed(text)
    }

    /// Stops everything, and says what came of the plugin.
    pub(crate) fn down(&self, loader: &Loader) -> Result<Unload, Verdict> {
        self.step("stop");
        let report = loader.stop(STOP);
        if let Some((id, why)) = report.failed.first() {
            return Err(Verdict::failed(format!(
                "expected `{id}` to stop, found: {why}"
            )));
        }
        let own = report
            .stopped
            .iter()
            .find(|(id, _)| id.as_str() == self.id());
        own.map(|(_, unload)| unload.clone())
            .ok_or_else(|| Verdict::failed("expected it to be stopped, found that it did not run"))
    }

    /// Makes a request. What is no answer is a finding.
    pub(crate) fn ask(&self, plugin: &Handle, ask: Ask) -> Result<u16, Verdict> {
        let line = ask.line();
        self.step(&line);
        let limit = self.spec.answer;
        match within(limit, plugin, ask) {
            None => Err(Verdict::failed(format!(
                "{line}: expected an answer within {} s, found none: let what waits there have a \
                 limit",
                limit.as_secs_f64()
            ))),
            Some(Err(error)) => Err(Verdict::failed(format!(
                "{line}: expected an answer, found: {error}"
            ))),
            Some(Ok(status)) => Ok(status),
        }
    }
}

/// A request that owns what it is made of.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: Vec::new(),
        }
    }

    /// For messages: a long one shortened.
    fn line(&self) -> String {
        let mut path: String = self.path.chars().take(60).collect();
        if path.len() < self.path.len() {
            path.push_str(&format!("… ({} bytes)", self.path.len()));
        }
        let mut line = format!("{} {path}", self.method);
        if !self.query.is_empty() {
            line.push_str(&format!("?{}", self.query));
        }
        if !self.body.is_empty() {
            line.push_str(&format!(" with {} bytes", self.body.len()));
        }
        line
    }

    /// The status that answers it.
    pub(crate) fn make(&self, plugin: &Handle) -> Result<u16, RequestError> {
        let request = Request::new(&self.method, &self.path)
            .with_query(&self.query)
            .with_body(&self.body);
        pollster::block_on(plugin.request(&request)).map(|answer| answer.status())
    }
}

/// Makes a request on a thread of its own, which is left to itself where there is no answer in time.
fn within(limit: Duration, plugin: &Handle, ask: Ask) -> Option<Result<u16, RequestError>> {
    let plugin = plugin.clone();
    in_time(limit, move || ask.make(&plugin))
}

/// What a function returns, if it does within that time; else its thread is left to itself.
pub(crate) fn in_time<R: Send + 'static>(
    limit: Duration,
    function: impl FnOnce() -> R + Send + 'static,
) -> Option<R> {
    let (sender, receiver) = sync_channel(1);
    let begun = Instant::now();
    thread::spawn(move || {
        // Who does not wait any more has said so.
        let _ = sender.send(function());
    });
    receiver
        .recv_timeout(limit.saturating_sub(begun.elapsed()))
        .ok()
}
