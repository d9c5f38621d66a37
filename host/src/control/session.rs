//! One client: its requests, one after another, and the answers.

use super::{
    Answer, Code, Desk, Done, Order, Refusal, Report, Request,
    act::{Verb, act, refuse, would},
    follow::follow,
    level::level,
    lines::{End, Lines},
    noted::{Noted, noted},
    protocol::LONGEST_WAIT,
};
use jackfield_loader::{ControlError, Recovery, State};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::watch, task::spawn_blocking};

/// How long an answer may take that waits for no start and no stop.
const QUICK: Duration = Duration::from_secs(20);

/// What a client is, as the system tells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) pid: Option<i32>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pid) = self.pid {
            write!(f, "process {pid} of ")?;
        }
        write!(f, "user {}", self.uid)
    }
}

/// Serves a client until it goes away, or the host does.
pub(super) async fn serve(
    desk: Arc<Desk>,
    mut lines: Lines,
    peer: Peer,
    mut ending: watch::Receiver<bool>,
) {
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            _ = ending.wait_for(|over| *over) => return,
        };
        let done = match line {
            Ok(line) => answer(&desk, &line, peer, &mut lines, &mut ending).await,
            Err(end) => Err(end),
        };
        match done {
            Ok(()) => {}
            Err(End::Gone) => return,
            Err(End::Refused(refusal)) => {
                // It is the last that is said.
                let _ = lines.write(&Answer::Error(refusal).line()).await;
                return;
            }
        }
    }
}

async fn answer(
    desk: &Arc<Desk>,
    line: &[u8],
    peer: Peer,
    lines: &mut Lines,
    ending: &mut watch::Receiver<bool>,
) -> Result<(), End> {
    let answer = match Request::read(line) {
        Ok(Request::Logs(wanted)) => match known(desk, wanted.id.as_deref()) {
            Ok(()) => return follow(desk, &wanted, lines, ending).await,
            Err(refusal) => Err(refusal),
        },
        Ok(request) => perform(desk, request, peer).await,
        Err(refusal) => Err(refusal),
    };
    let answer = match answer {
        Ok(value) => Answer::Ok(value),
        Err(refusal) => Answer::Error(refusal),
    };
    lines.write(&answer.line()).await
}

async fn perform(desk: &Arc<Desk>, request: Request, peer: Peer) -> Result<Value, Refusal> {
    match request {
        Request::Status { id } => {
            known(desk, id.as_deref())?;
            value(&Report::of(desk, id.as_deref()))
        }
        Request::Start(order) => change(desk, Verb::Start, order, peer).await,
        Request::Stop(order) => change(desk, Verb::Stop, order, peer).await,
        Request::Restart(order) => change(desk, Verb::Restart, order, peer).await,
        Request::Enable(order) => change(desk, Verb::Enable, order, peer).await,
        Request::Disable(order) => change(desk, Verb::Disable, order, peer).await,
        Request::ResetFailed { id, dry_run } => {
            quick(desk, move |desk| match dry_run {
                true => reset_failed(desk, &id, true),
                false => noted(desk, peer, &Noted::new("reset-failed", &id), || {
                    reset_failed(desk, &id, false)
                }),
            })
            .await
        }
        Request::LogLevel {
            id,
            level: word,
            dry_run,
        } => {
            // A plugin is asked, and may take its time.
            quick(desk, move |desk| {
                let told = || value(&level(desk, &id, word.as_deref(), dry_run)?);
                match word.as_deref() {
                    Some(word) if !dry_run => {
                        let what = Noted::new("log-level", &id).with(word);
                        noted(desk, peer, &what, told)
                    }
                    _ => told(),
                }
            })
            .await
        }
        Request::Logs(_) => unreachable!("it was taken out before"),
    }
}

fn known(desk: &Desk, id: Option<&str>) -> Result<(), Refusal> {
    match id {
        Some(id) if desk.loader.status(id).is_none() => {
            let unknown = ControlError::Unknown(id.to_owned());
            Err(refuse(&desk.loader, &unknown, None))
        }
        _ => Ok(()),
    }
}

/// Forgets that a plugin failed.
fn reset_failed(desk: &Desk, id: &str, dry_run: bool) -> Result<Value, Refusal> {
    let loader = &desk.loader;
    let refuse = |error| refuse(loader, &error, None);
    let status = loader.status(id);
    let status = status.ok_or_else(|| refuse(ControlError::Unknown(id.to_owned())))?;
    let reset = match dry_run {
        true => {
            let is_left_out = matches!(status.restart, Some(Recovery::LeftOut { .. }));
            status.state == State::Failed || is_left_out
        }
        false => loader.reset_failed(id).map_err(refuse)?,
    };
    let status = loader.status(id).unwrap_or(status);
    let restart = status.restart.map(|recovery| recovery.to_string());
    Ok(json!({
        "id": id, "dry_run": dry_run, "reset": reset, "state": status.state, "restart": restart,
    }))
}

async fn change(desk: &Arc<Desk>, verb: Verb, order: Order, peer: Peer) -> Result<Value, Refusal> {
    let Order {
        id,
        dry_run,
        wait_ms,
    } = order;
    let wait = Duration::from_millis(wait_ms);
    if wait > LONGEST_WAIT {
        let text = "expected a `wait_ms` of at most a day";
        return Err(Refusal::new(Code::BadRequest, text));
    }
    if dry_run || wait.is_zero() {
        let asked = id.clone();
        let would = quick(desk, move |desk| match would(desk, verb, &asked) {
            // Its file is written even where it cannot start yet, as for those who wait.
            Err(_) if verb == Verb::Enable && !dry_run => acted(desk, verb, &asked, peer),
            would => would,
        });
        let would = would.await?;
        if dry_run || !would.dry_run {
            return value(&would);
        }
        let job = desk.job()?;
        let desk = Arc::clone(desk);
        spawn_blocking(move || {
            if let Err(refusal) = acted(&desk, verb, &id, peer) {
                log::warn!("{id}: {}: {refusal}", verb.as_str());
            }
            drop(job);
        });
        return value(&Done {
            dry_run: false,
            pending: true,
            ..would
        });
    }
    let asked = id.clone();
    let doing = blocking(desk, move |desk| acted(desk, verb, &asked, peer));
    match tokio::time::timeout(wait, doing).await {
        Ok(done) => value(&done?),
        Err(_) => Err(Refusal::new(
            Code::Deadline,
            format!(
                "`{id}`: the {} was not done within {}: it goes on, see `jackfield status {id}`",
                verb.as_str(),
                humantime::format_duration(wait)
            ),
        )),
    }
}

fn acted(desk: &Desk, verb: Verb, id: &str, peer: Peer) -> Result<Done, Refusal> {
    let what = Noted::new(verb.as_str(), id);
    noted(desk, peer, &what, || act(desk, verb, id))
}

/// The same, for what is answered at once unless a plugin or a disk hangs.
async fn quick<R: Send + 'static>(
    desk: &Arc<Desk>,
    body: impl FnOnce(&Arc<Desk>) -> Result<R, Refusal> + Send + 'static,
) -> Result<R, Refusal> {
    let late = |_| {
        let seconds = QUICK.as_secs();
        let text = format!("not answered within {seconds} s: something that it waits for hangs");
        Err(Refusal::new(Code::Deadline, text))
    };
    let answer = tokio::time::timeout(QUICK, blocking(desk, body)).await;
    answer.unwrap_or_else(late)
}

/// Does something that may block, and goes on to do it where nobody waits any more.
async fn blocking<R: Send + 'static>(
    desk: &Arc<Desk>,
    body: impl FnOnce(&Arc<Desk>) -> Result<R, Refusal> + Send + 'static,
) -> Result<R, Refusal> {
    let (job, desk) = (desk.job()?, Arc::clone(desk));
    let done = spawn_blocking(move || {
        let result = body(&desk);
        drop(job);
        result
    });
    done.await.unwrap_or_else(|error| {
        log::error!("a request over the control socket failed: {error}");
        Err(Refusal::new(
            Code::Internal,
            "the host made a mistake: its log has it",
        ))
    })
}

fn value(told: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(told)
        .map_err(|error| Refusal::new(Code::Internal, format!("no JSON: {error}")))
}
