use crate::conformance::{
    site::Site,
    spec::{ConformanceError, Spec, Verdict},
};
use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// The hidden command that makes one check.
pub(crate) const COMMAND: &str = "conformance-case";
/// What the process says, and does just now: files of its directory.
pub(crate) const VERDICT: &str = "verdict.json";
pub(crate) const STEP: &str = "step";

const LOOK: Duration = Duration::from_millis(5);

/// Makes one check in a process of its own. Each step of it may take `limit`.
pub(crate) fn run(
    site: &Site,
    spec: &Spec,
    name: &str,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<Verdict, ConformanceError> {
    if let Some(lacks) = &spec.lacks {
        return Ok(Verdict::skipped(lacks.clone()));
    }
    let directory = site.path();
    let failed = |source| ConformanceError::Place {
        path: directory.to_owned(),
        source,
    };
    for file in [VERDICT, STEP] {
        match fs::remove_file(directory.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let mut child = begin(directory, name).map_err(failed)?;
    // It ends when this does, however that is: then the pipe is closed.
    let _pipe = tell(&mut child, spec).map_err(failed)?;
    let mut patience = Patience::new(limit, Instant::now());
    let ended = loop {
        if interrupted.load(Ordering::Relaxed) {
            end(&mut child).map_err(failed)?;
            return Err(ConformanceError::Interrupted);
        }
        if let Some(status) = child.try_wait().map_err(failed)? {
            break Some(status);
        }
        let step = fs::metadata(directory.join(STEP)).and_then(|file| file.modified());
        if patience.has_ended(step.ok(), Instant::now()) {
            end(&mut child).map_err(failed)?;
            break None;
        }
        thread::sleep(LOOK);
    };
    Ok(verdict(directory, name, ended, limit))
}

fn begin(directory: &Path, name: &str) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg(COMMAND)
        .arg(name)
        .arg(directory)
        .stdin(Stdio::piped())
        // What a plugin writes there is not this command's answer.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Tells it what to do, in one line of JSON: not by a file, since there may be secrets in it.
fn tell(child: &mut Child, spec: &Spec) -> io::Result<Option<ChildStdin>> {
    let mut pipe = child.stdin.take();
    let mut line = serde_json::to_vec(spec)?;
    line.push(b'\n');
    if let Some(pipe) = &mut pipe {
        match pipe.write_all(&line) {
            // How it ended is told.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                end(child)?;
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(pipe)
}

fn end(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// How long a check is waited for: the limit counts from the beginning of its last step.
struct Patience {
    limit: Duration,
    begun: Instant,
    step: Option<SystemTime>,
}

impl Patience {
    fn new(limit: Duration, begun: Instant) -> Self {
        let step = None;
        Self { limit, begun, step }
    }

    /// Whether it is over, where the last step was noted then.
    fn has_ended(&mut self, step: Option<SystemTime>, now: Instant) -> bool {
        if step != self.step {
            self.step = step;
            self.begun = now;
        }
        now.saturating_duration_since(self.begun) >= self.limit
    }
}

/// What the process said, or what it says that it said nothing.
fn verdict(directory: &Path, name: &str, ended: Option<ExitStatus>, limit: Duration) -> Verdict {
    let said = fs::read(directory.join(VERDICT)).ok();
    let said = said.and_then(|text| serde_json::from_slice(&text).ok());
    let step = fs::read_to_string(directory.join(STEP)).unwrap_or_default();
    let step = if step.is_empty() { name } else { &step };
    match (ended, said) {
        (Some(_), Some(verdict)) => verdict,
        (None, _) => Verdict::failed(format!(
            "expected an end, found none within {} s: {step}: let what waits there have a limit",
            limit.as_secs_f64()
        )),
        (Some(status), None) => Verdict::failed(format!(
            "expected the process to go on, found that the plugin ended it ({status}): {step}: \
             run it in a debugger, or as `jackfield run` with a core file"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_limit_of_its_own() {
        let (begun, second) = (Instant::now(), Duration::from_secs(1));
        let mut patience = Patience::new(10 * second, begun);
        let step = |number: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(number));
        assert!(!patience.has_ended(None, begun + 9 * second));
        assert!(!patience.has_ended(step(1), begun + 12 * second));
        assert!(!patience.has_ended(step(1), begun + 21 * second));
        assert!(!patience.has_ended(step(2), begun + 30 * second));
        assert!(!patience.has_ended(step(2), begun + 39 * second));
        assert!(patience.has_ended(step(2), begun + 40 * second));
    }
}
