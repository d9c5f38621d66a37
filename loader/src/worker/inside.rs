//! The worker's own process: maps the library, and does what the host wants of the plugin.

use super::{
    ARGUMENT, WorkerError,
    download::Downloads,
    outside::Logger,
    speech::{Answered, Asked, Outcome, PluginCall, PluginNote, Refusal},
    steps::{Steps, away},
    there::There,
    wire::{Listener, Wire},
};
use crate::{BoxFuture, Executor, ffi::Slot};
use futures_util::{
    Stream,
    future::{AbortHandle, abortable},
    stream,
};
use jackfield_abi::{FailureCode, Level};
use rustc_hash::FxHashMap;
use rustix::process::{Signal, kill_current_process_group};
use std::{
    fs::File,
    os::{fd::AsFd, unix::net::UnixStream},
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Which build this is.
pub(super) const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("JACKFIELD_TARGET"));

static IS_PREPARED: AtomicBool = AtomicBool::new(false);

/// Whether this program can be started again as a worker.
pub(super) fn is_prepared() -> bool {
    IS_PREPARED.load(Relaxed)
}

/// To be called first of all in `main`, by every program that isolates plugins: where this process was
/// started as a worker, it serves as one, and gives how the process is to end once it is over. Else it
/// gives nothing, and from then on plugins can be isolated. `executor` polls what the plugin spawns; it
/// is asked for in a worker only.
pub fn run_if_worker(executor: impl FnOnce() -> Arc<dyn Executor>) -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_none_or(|argument| argument != ARGUMENT) {
        IS_PREPARED.store(true, Relaxed);
        return None;
    }
    let code = match serve(executor()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the plugin's log.
            let _ = writeln(&format!("{error}"));
            ExitCode::FAILURE
        }
    };
    Some(code)
}

fn writeln(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}")
}

fn serve(executor: Arc<dyn Executor>) -> Result<(), WorkerError> {
    // The socket; what is read as standard input from now on is nothing.
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let socket = UnixStream::from(socket.map_err(WorkerError::Spawn)?);
    let nothing = File::open("/dev/null").map_err(WorkerError::Spawn)?;
    rustix::stdio::dup2_stdin(&nothing).map_err(|error| WorkerError::Spawn(error.into()))?;
    let wire = Wire::new(socket).map_err(WorkerError::Spawn)?;
    let logger: &'static Logger = Box::leak(Box::new(Logger::new(&wire)));
    // Nobody else set one: this process has done nothing before.
    let _ = log::set_logger(logger);
    let desk = Desk {
        wire: Arc::clone(&wire),
        steps: Arc::new(Steps::new(&wire, &executor)),
        executor,
        under_way: Arc::default(),
        downloads: Arc::default(),
    };
    // However it ends: nobody is there any more.
    let listened = wire.listen(&desk);
    wire.end("ended");
    if !desk.steps.is_stopped() {
        // With all that the plugin has started; and with this process.
        let _ = kill_current_process_group(Signal::KILL);
    }
    listened.map_err(|error| WorkerError::Foreign(error.to_string()))
}

/// Takes what the host wants.
struct Desk {
    wire: Arc<Wire>,
    executor: Arc<dyn Executor>,
    steps: Arc<Steps>,
    under_way: Arc<Mutex<FxHashMap<u64, AbortHandle>>>,
    downloads: Arc<Downloads>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn refused<T>(text: impl Into<String>) -> Outcome<T> {
    Err(Refusal::new(FailureCode::ERROR, text))
}

pub(super) fn reply<T: serde::Serialize>(wire: &Wire, number: u64, outcome: Outcome<T>) {
    wire.reply(number, &outcome);
}

impl Listener for Desk {
    fn call(&self, number: u64, said: Vec<u8>) {
        match postcard::from_bytes(&said) {
            Ok(PluginCall::Handle(_)) => self.handle(number, said),
            Ok(PluginCall::Next(request)) => {
                if !self.downloads.want(request, number) {
                    let text = "there is no such body, or two read it at once";
                    reply(&self.wire, number, refused::<()>(text));
                }
            }
            Ok(_) => {
                let steps = Arc::clone(&self.steps);
                // The plugin's own code, which may take its time.
                self.executor.spawn_blocking(Box::new(move || {
                    if let Ok(call) = postcard::from_bytes(&said) {
                        steps.carry_out(number, &call);
                    }
                }));
            }
            Err(_) => reply(&self.wire, number, refused::<()>("that makes no sense")),
        }
    }

    fn cancel(&self, number: u64) {
        if let Some(handle) = lock(&self.under_way).remove(&number) {
            handle.abort();
        }
    }

    fn note(&self, said: &[u8]) {
        match postcard::from_bytes(said) {
            Ok(PluginNote::Level(level)) => {
                if let Some(instance) = self.steps.plugin() {
                    instance.room.level.store(level, Relaxed);
                    if let Some(entered) = instance.slot.enter() {
                        entered.set_log_level(Level(level));
                    }
                }
            }
            Ok(PluginNote::Drop(request)) => self.downloads.end(request),
            Err(_) => log::warn!("the host says something that makes no sense"),
        }
    }
}

impl Desk {
    fn handle(&self, number: u64, said: Vec<u8>) {
        let Some(instance) = self.steps.plugin() else {
            return reply(&self.wire, number, refused::<()>("it is not there yet"));
        };
        let (slot, wire) = (Arc::clone(&instance.slot), Arc::clone(&self.wire));
        let (downloads, executor) = (Arc::clone(&self.downloads), Arc::clone(&self.executor));
        let under_way = Arc::clone(&self.under_way);
        let (work, handle) = abortable(async move {
            let outcome = handle(&slot, &said, &wire, number, &downloads, &*executor).await;
            if let Err(refusal) = outcome {
                wire.refuse(number, refusal);
            }
        });
        lock(&under_way).insert(number, handle);
        let work: BoxFuture = Box::pin(async move {
            // Taken back or not, nothing is left of it.
            let _ = work.await;
            lock(&under_way).remove(&number);
        });
        self.executor.spawn(work);
    }
}

async fn handle(
    slot: &Arc<Slot>,
    said: &[u8],
    wire: &Arc<Wire>,
    number: u64,
    downloads: &Downloads,
    executor: &dyn Executor,
) -> Result<(), Refusal> {
    let Ok(PluginCall::Handle(asked)) = postcard::from_bytes(said) else {
        return refused("that makes no sense");
    };
    let asked: Asked<'_> = asked;
    let (headers, extensions) = (asked.headers(), asked.extensions());
    let entered = slot.enter().ok_or_else(away)?;
    let body = asked.is_streamed.then(|| entered.lend(body(wire, number)));
    let mut request = asked.request(&headers, &extensions);
    request.stream = body.as_ref().into();
    let mut response = entered.handle(&request).await?;
    let stream = std::mem::replace(&mut response.stream, jackfield_abi::ROption::RNone);
    let stream = stream.into_option();
    let answered = Answered {
        status: response.status,
        headers: serde_bytes::Bytes::new(&response.headers),
        body: serde_bytes::Bytes::new(&response.body),
        is_streamed: stream.is_some(),
    };
    if let Some(stream) = stream {
        downloads.begin(number, stream, slot.keep(&entered), wire, executor);
    }
    reply(wire, number, Ok(answered));
    Ok(())
}

/// What comes of the body of a request after its beginning.
fn body(
    wire: &Arc<Wire>,
    request: u64,
) -> impl Stream<Item = Result<Vec<u8>, String>> + Send + use<> {
    let wire = Arc::clone(wire);
    stream::try_unfold(wire, move |wire| async move {
        let part = There::next(&wire, request).await;
        let part = part.map_err(|failure| failure.message.to_string())?;
        Ok(part.map(|part| (part, wire)))
    })
}
