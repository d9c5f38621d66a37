mod around;
mod health;

use crate::{
    builder::{Builder, object},
    host,
    inside::Turn,
    message::Ask,
    run::Run,
    sent::Sent,
    stage::{Stage, lock},
};
use jackfield_abi::{Failure, FailureCode};
use jackfield_loader::{Reconfigured, complete_config};
use plugin_api::{
    __testkit::{self, Exported},
    Error, Health, Response, Result,
    serde::Serialize,
    serde_json::{self, Value},
};
use std::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    sync::Arc,
    thread,
};

/// Where the plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Absent,
    Initialized,
    Running,
    Stopped,
}

impl Phase {
    fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "not there",
            Self::Initialized => "initialized",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// A plugin in a test, with a host's side that the test leads.
///
/// Nothing goes on by itself: each method runs what it begins, and all that follows from it, until
/// there is nothing to do without the clock, and [`advance`](Testkit::advance) turns the clock. What
/// is asynchronous is polled on the test's thread; what may block (`initialize`, `start`, `stop`,
/// `event`, `run_blocking`, …) runs on another, one at a time, and the method waits for it.
///
/// A kit belongs to one thread. While one has a kit, kits of other threads wait: a plugin's logger
/// and panic hook are one for the process. A plugin that runs when its kit is dropped is stopped
/// first. If the test has failed then, what the plugin logged is written to standard error.
///
/// # Panics
///
/// Each method does when something that blocks takes longer than the
/// [`patience`](Builder::patience), when a task wakes itself without end, and when an
/// [`answer`](Testkit::answer) of the test's has panicked. Dropping a kit does when the plugin
/// panicked and the test has not looked at [`panics`](Testkit::panics), and when the plugin does not
/// stop as it should.
pub struct Testkit<T: Exported> {
    stage: Arc<Stage>,
    run: RefCell<Arc<Run>>,
    phase: Cell<Phase>,
    _turn: Turn,
    /// The calls of one thread are what makes it deterministic.
    _thread: PhantomData<*const T>,
}

impl<T: Exported> Testkit<T> {
    /// Says what is there when the plugin comes.
    pub fn builder() -> Builder<T> {
        Builder::new()
    }

    pub(crate) fn new(stage: Arc<Stage>, turn: Turn) -> Self {
        Self {
            run: RefCell::new(Run::new(&stage)),
            stage,
            phase: Cell::new(Phase::Absent),
            _turn: turn,
            _thread: PhantomData,
        }
    }

    fn run(&self) -> Arc<Run> {
        Arc::clone(&self.run.borrow())
    }

    /// Creates the plugin in the run that is prepared.
    pub(crate) fn create(&self) -> Result<()> {
        let run = self.run();
        let object = host::object(&run);
        let created = run.call("initialize", move || __testkit::create::<T>(object));
        match created {
            Ok(object) => {
                run.set(Some(object));
                self.phase.set(Phase::Initialized);
                Ok(())
            }
            Err(failure) => {
                self.take_down(&run);
                Err(__testkit::error(failure))
            }
        }
    }

    /// Starts the plugin: its `start` runs, and it hears the events that came since it was created.
    ///
    /// # Errors
    ///
    /// Those of its `start`; it was stopped then, as a host does. And when it is not newly created.
    pub fn start(&self) -> Result<()> {
        self.expect(Phase::Initialized, "started")?;
        let run = self.run();
        let started = run.with("start", |object| object.start().into_result());
        if let Some(Err(failure)) = started {
            // What a host says of it is the error of `start`.
            let _ = self.stop();
            return Err(__testkit::error(failure));
        }
        self.phase.set(Phase::Running);
        for _ in 0..run.bus.open() {
            run.queue_event();
        }
        run.tasks.run();
        Ok(())
    }

    /// Stops the plugin and drops it, in a host's order: nobody is let in any more, its tasks are
    /// cancelled and have ended, its `stop` runs, what it offers is dropped, then itself.
    ///
    /// # Errors
    ///
    /// Those of its `stop`; when its context is still held somewhere once it is dropped (a host
    /// reports such a plugin as pinned); and when it is not there.
    pub fn stop(&self) -> Result<()> {
        if !matches!(self.phase.get(), Phase::Initialized | Phase::Running) {
            self.expect(Phase::Running, "stopped")?;
        }
        self.phase.set(Phase::Stopped);
        let run = self.run();
        run.offers.close();
        run.bus.close();
        run.tasks.close();
        run.tasks.run();
        let stopped = run.with("stop", |object| object.stop().into_result());
        self.take_down(&run);
        if let Some(Err(failure)) = stopped {
            return Err(__testkit::error(failure));
        }
        if run.is_kept() {
            return Err(Error::new(
                "it kept its context beyond its own drop, so a thread of it may still run: expected \
                 its threads to be joined in `stop`, and its tasks to be the host's",
            ));
        }
        Ok(())
    }

    /// What is left of a run: nothing of the plugin afterwards.
    fn take_down(&self, run: &Arc<Run>) {
        run.bus.close();
        run.tasks.close();
        run.tasks.run();
        run.storage.close();
        let (offers, object) = (run.offers.take(), run.take());
        run.call("drop", move || {
            drop(offers);
            drop(object);
        });
    }

    /// Stops the plugin, and creates and starts it anew: with the same files, storage, configuration
    /// and clock.
    ///
    /// # Errors
    ///
    /// Those of each of these.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.run.replace(Run::new(&self.stage));
        self.create()?;
        self.start()
    }

    /// Gives the plugin another configuration: all of it, what is absent is as by default.
    ///
    /// # Errors
    ///
    /// When it does not fit the manifest's schema, or the plugin refuses it; then the old one holds.
    pub fn reconfigure(&self, config: impl Serialize) -> Result<Reconfigured> {
        self.expect(Phase::Running, "reconfigured")?;
        let schema = self.stage.manifest.config_schema.as_deref();
        let config = complete_config(schema, &object(&config)?)?;
        let given = config.clone();
        let taken = self.run().with("reconfigure", move |object| {
            object.reconfigure(given.as_str().into()).into_result()
        });
        let taken = match taken {
            Some(Err(failure)) if failure.code == FailureCode::UNSUPPORTED => {
                Reconfigured::AtNextStart
            }
            Some(Err(failure)) => return Err(__testkit::error(failure)),
            _ => {
                *lock(&self.stage.revision) += 1;
                Reconfigured::Now
            }
        };
        *lock(&self.stage.config) = config;
        Ok(taken)
    }

    /// What the plugin tells of itself: `routes` what it answers, `menu` what it adds to a menu.
    ///
    /// # Errors
    ///
    /// When it fails or panics over it, does not know the word, or does not run.
    pub fn describe(&self, what: &str) -> Result<Value> {
        self.expect(Phase::Running, "asked to describe itself")?;
        let what = what.to_owned();
        let run = self.run();
        let described = run.with("describe", move |object| {
            object.describe(what.as_str().into()).into_result()
        });
        match described.expect("a plugin that runs is there") {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(failure) => Err(__testkit::error(failure)),
        }
    }

    /// Asks the plugin how it does.
    ///
    /// # Errors
    ///
    /// When it panics over it, says more than a host takes, or does not run.
    pub fn health(&self) -> Result<Health> {
        self.expect(Phase::Running, "asked for its health")?;
        let health = self
            .run()
            .with("health", |object| object.health().into_result());
        match health.expect("a plugin that runs is there") {
            Ok(said) => {
                health::check(&said)?;
                __testkit::health(&said)
            }
            Err(failure) => Err(__testkit::error(failure)),
        }
    }

    fn expect(&self, phase: Phase, what: &str) -> Result<()> {
        if self.phase.get() == phase {
            return Ok(());
        }
        Err(__testkit::error(Failure::new(
            FailureCode::UNAVAILABLE,
            format!(
                "`{}` cannot be {what}: expected it to be {}, found it {}",
                self.stage.manifest.id,
                phase.as_str(),
                self.phase.get().as_str()
            ),
        )))
    }

    /// `GET` for a path, with a query behind `?` where it has one.
    ///
    /// # Errors
    ///
    /// As [`request`](Testkit::request).
    pub fn get(&self, path: &str) -> Result<Response> {
        self.request(Ask::get(path))
    }

    /// `POST` of a value as JSON.
    ///
    /// # Errors
    ///
    /// As [`request`](Testkit::request).
    pub fn post(&self, path: &str, value: &impl Serialize) -> Result<Response> {
        self.request(Ask::post(path).json(value))
    }

    /// Asks the plugin. A body that comes in parts is put together.
    ///
    /// # Errors
    ///
    /// When there is no answer, or not all of it: the handler or its stream panicked, the plugin does not run, or the answer needs
    /// more than this call, such as the clock to be turned (504): [`send`](Testkit::send) it then. An
    /// answer of any status is no error.
    pub fn request(&self, ask: Ask) -> Result<Response> {
        let line = ask.line();
        let sent = self.send(ask);
        sent.whole().unwrap_or_else(|| {
            let text = match self.stage.clock.next_in() {
                Some(time) => format!(
                    "{line} is not answered yet: the next that waits for the clock is due in {} \
                     ms, so `send` the request, `advance` the clock, and take its answer",
                    time.as_millis()
                ),
                None => format!(
                    "{line} is not answered yet, and nothing waits for the clock: `send` the \
                     request, do what it waits for, and take its answer"
                ),
            };
            Err(__testkit::error(Failure::new(FailureCode::DEADLINE, text)))
        })
    }

    /// Asks the plugin, and does not need the answer at once.
    pub fn send(&self, ask: Ask) -> Sent {
        let run = self.run();
        let sent = match (self.phase.get(), run.object()) {
            (Phase::Running, Some(object)) => Sent::new(&run, object, ask),
            (phase, _) => {
                let text = format!("`{}` is {}", self.stage.manifest.id, phase.as_str());
                return Sent::refused(&run, Failure::new(FailureCode::UNAVAILABLE, text));
            }
        };
        run.tasks.run();
        sent
    }
}

impl<T: Exported> Drop for Testkit<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            for logged in self.logs() {
                eprintln!("{logged}");
            }
            // What hangs in the plugin is left to itself.
            let run = self.run();
            run.bus.close();
            run.tasks.close();
            drop(run.take());
            return;
        }
        let stopped = match self.phase.get() {
            Phase::Initialized | Phase::Running => self.stop(),
            Phase::Absent | Phase::Stopped => Ok(()),
        };
        let panics = self.panics();
        assert!(
            panics.is_empty(),
            "the plugin {}: expected the test to look at it with `panics`",
            panics[0]
        );
        if let Err(error) = stopped {
            panic!("the plugin did not stop as it should: {error}");
        }
    }
}
