//! The process of a worker: started, listened to, ended.

use super::{
    ARGUMENT, PROTOCOL, WorkerError,
    asked::Desk,
    ended::gather,
    inside, output,
    remote::{self, Remote},
    speech::{self, Hello, PluginCall, Ready},
    wait::wait,
    wire::{Gone, Wire},
};
use crate::{
    CallError, Vetted,
    context::{Room, Shared},
    ffi::{Lease, Slot},
};
use futures_channel::mpsc;
use jackfield_abi::{
    Failure, FailureCode, PluginObject, abi_stable::type_level::downcasting::TD_Opaque,
};
use jackfield_manifest::Deadlines;
use rustc_hash::FxHashMap;
use rustix::process::Pid;
use serde::de::DeserializeOwned;
use std::{
    env, fs, io,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A plugin's library, mapped in a process of its own.
pub(crate) struct Worker {
    process: Arc<Process>,
}

/// What is known of the process.
pub(super) struct Process {
    pub(super) wire: Arc<Wire>,
    /// How long its steps may take.
    pub(super) deadlines: Deadlines,
    /// That it ends is no surprise.
    is_ending: AtomicBool,
    /// It is ended at once, rather than given time.
    is_doomed: Arc<AtomicBool>,
    room: OnceLock<Weak<Room>>,
    /// Bodies of requests that are read part after part, by the request's number.
    bodies: Mutex<FxHashMap<u64, mpsc::Sender<u64>>>,
    /// Ends when the process has ended, and was told of.
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts a process, and has it map the library. Deadlines are those of the plugin's `initialize`.
    ///
    /// # Errors
    ///
    /// [`WorkerError`]; no process is left then.
    pub(crate) fn start(
        vetted: &Vetted,
        directory: &Path,
        shared: &Arc<Shared>,
    ) -> Result<Self, WorkerError> {
        if !inside::is_prepared() {
            return Err(WorkerError::NotPrepared);
        }
        fs::create_dir_all(directory).map_err(|source| WorkerError::Directory {
            path: directory.to_owned(),
            source,
        })?;
        let (ours, theirs) = UnixStream::pair().map_err(WorkerError::Spawn)?;
        let child = spawn(directory, theirs.into())?;
        let process = Process::adopt(child, ours, vetted, shared).map_err(WorkerError::Spawn)?;
        // Dropped on every way out of here, and the process goes with it.
        let worker = Self { process };
        worker.greet(vetted, shared)?;
        Ok(worker)
    }

    fn greet(&self, vetted: &Vetted, shared: &Shared) -> Result<(), WorkerError> {
        let mut cookie = [0; 16];
        let filled = getrandom::fill(&mut cookie);
        filled.map_err(|error| WorkerError::Spawn(io::Error::other(error.to_string())))?;
        let (hash, library) = (vetted.hash.to_string(), vetted.stored.display().to_string());
        let hello = Hello {
            protocol: PROTOCOL,
            build: inside::BUILD,
            cookie,
            id: vetted.manifest.id.as_str(),
            hash: &hash,
            library: &library,
            facts: shared.facts.text(),
            edge: &shared.facts.edge,
            layout_known: vetted.layout_known,
        };
        let limit = vetted.deadlines.initialize;
        let wire = &self.process.wire;
        let asked = wire
            .call(&PluginCall::Hello(hello))
            .map_err(WorkerError::Long)?;
        let said = match wait(asked, Some(Instant::now() + limit)) {
            None => return Err(WorkerError::Late(limit)),
            Some(Err(Gone(how))) => return Err(WorkerError::Ended(how)),
            Some(Ok(said)) => said,
        };
        let ready: Ready<'_> = speech::read(&said)
            .map_err(|failure| WorkerError::Refused(failure.message.to_string()))?;
        check(&ready, cookie, &hash)
    }

    /// Creates the plugin there.
    pub(crate) fn create(&self, room: &Arc<Room>, lease: &Lease) -> Result<Slot, CallError> {
        let _ = self.process.room.set(Arc::downgrade(room));
        let call = PluginCall::Create {
            config: &room.config.text(),
            settings: &room.sessions.to_json(),
            level: room.level.load(Relaxed),
        };
        let limit = self.process.deadlines.initialize;
        let created: Result<(), Failure> = self.process.ask(&call, limit);
        created.map_err(|failure| CallError::of(&failure))?;
        let remote = Remote {
            process: Arc::clone(&self.process),
        };
        let object = PluginObject::from_value(remote, TD_Opaque);
        Ok(Slot::new(object, lease.clone()))
    }
}

fn check(ready: &Ready<'_>, cookie: [u8; 16], hash: &str) -> Result<(), WorkerError> {
    let foreign = |text: String| Err(WorkerError::Foreign(text));
    if ready.protocol != PROTOCOL {
        return foreign(format!("protocol {}, expected {PROTOCOL}", ready.protocol));
    }
    if ready.build != inside::BUILD {
        let (found, expected) = (ready.build, inside::BUILD);
        return foreign(format!("it is of build {found}, expected {expected}"));
    }
    if ready.cookie != cookie {
        return foreign("it does not know what it was told".to_owned());
    }
    if ready.hash != hash {
        return foreign(format!("it has content {}, expected {hash}", ready.hash));
    }
    Ok(())
}

/// This program. On Linux by a link that the system follows when it is run, so it is the same file even
/// where another lies in its place by now.
fn program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    env::current_exe()
}

/// This program again.
fn spawn(directory: &Path, socket: OwnedFd) -> Result<Child, WorkerError> {
    let mut command = Command::new(program().map_err(WorkerError::Spawn)?);
    command
        .arg(ARGUMENT)
        .env_clear()
        .current_dir(directory)
        // A socket that nobody else can find.
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // With all that it starts itself, so that all of it can be ended.
        .process_group(0);
    command.spawn().map_err(WorkerError::Spawn)
}

impl Process {
    /// Listens to a process until it ends.
    fn adopt(
        mut child: Child,
        socket: UnixStream,
        vetted: &Vetted,
        shared: &Arc<Shared>,
    ) -> io::Result<Arc<Self>> {
        let id = vetted.manifest.id.as_str();
        let is_doomed = Arc::new(AtomicBool::new(false));
        let wire = Wire::new(socket)?;
        let pid = Pid::from_child(&child);
        let process = Arc::new(Self {
            wire: Arc::clone(&wire),
            deadlines: vetted.deadlines,
            is_ending: AtomicBool::new(false),
            is_doomed: Arc::clone(&is_doomed),
            room: OnceLock::new(),
            bodies: Mutex::default(),
            reader: Mutex::default(),
        });
        output::follow(id, child.stdout.take(), child.stderr.take());
        let (own, shared) = (Arc::downgrade(&process), Arc::clone(shared));
        let thread = thread::Builder::new().name(format!("worker-{id}"));
        let reader = thread.spawn(move || {
            let broken = wire
                .listen(&Desk::new(&wire, Weak::clone(&own), shared))
                .err();
            let how = gather(&mut child, pid, &is_doomed);
            let how = match broken {
                Some(error) => format!("{how}, after {error}"),
                None => how,
            };
            wire.end(&how);
            if let Some(process) = own.upgrade() {
                process.tell(&how);
            }
        });
        // A child that is dropped here would be nobody's.
        *process
            .reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(reader?);
        Ok(process)
    }

    /// The plugin that lives there.
    pub(super) fn room(&self) -> Option<Arc<Room>> {
        self.room.get()?.upgrade()
    }

    /// Asks for something that has its time, and ends the process where it takes longer.
    ///
    /// # Errors
    ///
    /// What the plugin says, or why it says nothing.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        call: &PluginCall<'_>,
        limit: Duration,
    ) -> Result<T, Failure> {
        let asked = self.wire.call(call).map_err(speech::long)?;
        match wait(asked, Some(Instant::now() + limit)) {
            Some(said) => speech::read(&said.map_err(|gone| remote::gone(&gone))?),
            None => {
                self.is_doomed.store(true, Relaxed);
                self.wire.close();
                let seconds = limit.as_secs_f64();
                let text = format!("did not return within {seconds} s: its worker was ended");
                Err(Failure::new(FailureCode::DEADLINE, text))
            }
        }
    }

    fn bodies(&self) -> MutexGuard<'_, FxHashMap<u64, mpsc::Sender<u64>>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker may ask for parts of that request's body.
    pub(super) fn lend(&self, request: u64, to: mpsc::Sender<u64>) {
        self.bodies().insert(request, to);
    }

    /// Not any more.
    pub(super) fn take_back(&self, request: u64) {
        self.bodies().remove(&request);
    }

    /// The worker asks for the next part of a body, by that call; whether there is one to be asked for.
    pub(super) fn want(&self, request: u64, call: u64) -> bool {
        let mut bodies = self.bodies();
        let body = bodies.get_mut(&request);
        body.is_some_and(|body| body.try_send(call).is_ok())
    }

    /// It is asked to stop.
    pub(super) fn is_to_end(&self) {
        self.is_ending.store(true, Relaxed);
    }

    /// It has ended: whoever looks after the plugin hears of it.
    fn tell(&self, how: &str) {
        if self.is_ending.load(Relaxed) {
            return;
        }
        if let Some(room) = self.room() {
            room.falls(&format!("its worker {how}"));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It sees the end of the socket, and ends itself; the reader sees to it where it does not.
        self.wire.close();
        let reader = self
            .reader
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.take()
            && reader.thread().id() != thread::current().id()
        {
            // One that panicked has said so.
            let _ = reader.join();
        }
    }
}
