use crate::conformance::{
    site::Site,
    spec::{ConformanceError, Spec, Verdict},
};
use std::{
    env, fs, io,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The hidden command that makes one check.
pub(crate) const COMMAND: &str = "conformance-case";
/// What the process is told, says, and does just now: files of its directory.
pub(crate) const SPEC: &str = "spec.json";
pub(crate) const VERDICT: &str = "verdict.json";
pub(crate) const STEP: &str = "step";

const LOOK: Duration = Duration::from_millis(5);

/// Makes one check in a process of its own.
pub(crate) fn run(
    site: &Site,
    spec: &Spec,
    name: &str,
    limit: Duration,
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
    let text = serde_json::to_vec(spec).map_err(|error| failed(error.into()))?;
    fs::write(directory.join(SPEC), text).map_err(failed)?;
    let mut child = begin(directory, name).map_err(failed)?;
    let ended = wait(&mut child, limit).map_err(failed)?;
    Ok(verdict(directory, name, ended, limit))
}

fn begin(directory: &Path, name: &str) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg(COMMAND)
        .arg(name)
        .arg(directory)
        // What a plugin writes there is not this command's answer.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// `None` when it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
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
