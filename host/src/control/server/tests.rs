//! Does the socket serve those who may, and let go of clients that say nothing, or read nothing?

use super::*;
use crate::{args::Common, config, gateway::access::Audit, logging::Log};
use jackfield_loader::{Loader, Options};
use log::{Level, Record};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream as Stream,
    time::Instant,
};
use tempfile::TempDir;

/// For what has to come at some time.
const LONG: Duration = Duration::from_secs(60);

/// For what a client that is let go of does not do.
const SHORT: Duration = Duration::from_secs(1);

/// For a client that nobody waits for.
const PATIENT: Limits = Limits {
    idle: LONG,
    half: LONG,
    unread: LONG,
};

const STATUS: &str = r#"{"v":1,"do":"status"}"#;
const FOLLOW: &str = r#"{"v":1,"do":"logs","follow":true,"lines":10}"#;

/// A host without plugins whose socket has these limits.
struct Scene {
    dir: TempDir,
    log: Arc<Log>,
    desk: Arc<Desk>,
    _server: Server,
}

impl Scene {
    fn new(limits: Limits) -> Self {
        let dir = TempDir::new().unwrap();
        let options = Options::new(dir.path().join("plugins"), dir.path());
        let loader = Arc::new(Loader::open(options).unwrap());
        let log = Arc::new(Log::of_nothing());
        let state = dir.path().to_owned();
        let audit = Audit::open(&state, config::Audit::default()).unwrap();
        let desk = Desk::new(
            loader,
            Arc::clone(&log),
            Arc::new(audit),
            Common::default(),
            Vec::new(),
            state,
        );
        let desk = Arc::new(desk);
        Self {
            dir,
            log,
            _server: Server::with(Arc::clone(&desk), limits).unwrap(),
            desk,
        }
    }

    fn log(&self, message: &str) {
        let record = format_args!("{message}");
        let ring = self.log.ring();
        ring.push(&Record::builder().level(Level::Info).args(record).build());
    }

    fn client(&self) -> Client {
        let stream = Stream::connect(self.dir.path().join("control.sock")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Client(BufReader::new(stream))
    }

    fn serves(&self) {
        let answer = self.client().ask(STATUS);
        assert!(answer.contains("\"ok\""), "{answer}");
    }
}

struct Client(BufReader<Stream>);

impl Client {
    fn send(&mut self, line: &str) {
        let stream = self.0.get_mut();
        stream.write_all(line.as_bytes()).unwrap();
        stream.write_all(b"\n").unwrap();
    }

    /// Empty where the host has let go of it.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.line()
    }

    /// Waits, without reading, until the host has let go of it.
    fn is_let_go_of(&self) {
        let limit = Timespec::try_from(LONG).unwrap();
        let mut polled = [PollFd::new(self.0.get_ref(), PollFlags::empty())];
        assert_eq!(poll(&mut polled, Some(&limit)), Ok(1), "it was held on to");
        assert!(polled[0].revents().contains(PollFlags::HUP));
    }
}

#[test]
fn only_the_hosts_user_and_root_may() {
    let own = rustix::process::geteuid().as_raw();
    let with = |uid| allowed(Peer { uid, pid: None });
    assert_eq!((with(own), with(0)), (Ok(()), Ok(())));
    let refusal = with(own + 1).unwrap_err();
    assert_eq!(refusal.code, Code::NotAllowed);
    assert_eq!(
        refusal.message,
        format!(
            "user {} may not use this socket: its host runs as user {own}",
            own + 1
        )
    );
}

#[test]
fn clients_that_say_nothing_are_let_go_of_and_make_room() {
    let scene = Scene::new(Limits {
        idle: SHORT,
        ..PATIENT
    });
    scene.log("first");
    let mut follower = scene.client();
    assert!(follower.ask(FOLLOW).contains("first"));
    let began = Instant::now();
    let mut silent: Vec<Client> = (1..MOST_CLIENTS).map(|_| scene.client()).collect();
    let refusal = scene.client().line();
    assert!(refusal.contains("too-many"), "{refusal}");
    for client in &mut silent {
        assert_eq!(client.line(), "", "without a word");
    }
    assert!(began.elapsed() >= SHORT);
    scene.serves();
    // Who listens need not say anything.
    scene.log("second");
    assert!(follower.line().contains("second"));
}

#[test]
fn there_are_so_many_changes_at_a_time_and_the_next_is_told() {
    let scene = Scene::new(PATIENT);
    let mut jobs: Vec<_> = (0..32).map(|_| scene.desk.job().unwrap()).collect();
    let mut client = scene.client();
    let stop = r#"{"v":1,"do":"stop","id":"web"}"#;
    let refusal = client.ask(stop);
    assert!(refusal.contains(r#""code":"too-many""#), "{refusal}");
    let text = "32 changes are under way already: try again later";
    assert!(refusal.contains(text), "{refusal}");
    // Looking is no change.
    scene.serves();
    jobs.pop();
    let refusal = client.ask(stop);
    assert!(refusal.contains(r#""code":"unknown-plugin""#), "{refusal}");
}

#[test]
fn a_client_that_reads_nothing_is_let_go_of() {
    let scene = Scene::new(Limits {
        unread: SHORT,
        ..PATIENT
    });
    scene.log("first");
    let mut deaf = scene.client();
    deaf.send(FOLLOW);
    let mut reader = scene.client();
    assert!(reader.ask(FOLLOW).contains("first"));
    let reading = thread::spawn(move || {
        while !reader.line().contains("last") {}
        reader
    });
    // More than a socket takes, and less than is kept.
    let text = "x".repeat(1 << 10);
    let began = Instant::now();
    for _ in 0..4000 {
        scene.log(&text);
    }
    scene.serves();
    deaf.is_let_go_of();
    assert!(began.elapsed() >= SHORT);
    let mut told = Vec::new();
    deaf.0.read_to_end(&mut told).unwrap();
    assert!(told.len() < 4000 << 10, "{} bytes", told.len());
    scene.serves();
    scene.log("last");
    assert!(reading.join().is_ok());
}
