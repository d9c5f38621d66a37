//! Slurm's commands, run.

use super::{
    Settings,
    parse::{self, Line},
};
use crate::{
    fault::Fault,
    process::{Outputs, Patience, run},
    scheduler::Stream,
    spec::{Spec, Work},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, PoisonError},
    time::Duration,
};

/// Executes its arguments, whatever is in them.
const EXECUTE: &str = "#!/bin/sh\nexec \"$@\"\n";
/// How long a command may take. Where its controller is away, Slurm tries for minutes.
const PATIENCE: Patience = Patience {
    wall: Duration::from_secs(20),
    grace: Duration::from_secs(2),
};
/// The most that a command may print, in bytes.
const MOST_PRINTED: usize = 4 << 20;

pub(super) struct Commands {
    env: BTreeMap<String, String>,
    options: Vec<String>,
    directory: PathBuf,
}

/// What a command printed.
struct Printed {
    good: bool,
    out: String,
    err: String,
}

impl Commands {
    pub(super) fn new(settings: &Settings) -> Result<Self, Fault> {
        let directory = settings.directory.clone();
        let shown = directory.display().to_string();
        if shown.contains(['%', '\\']) || directory.to_str().is_none() {
            return Err(Fault::Field {
                field: "slurm_output_dir",
                expected: "a path of text without `%` and `\\`".to_owned(),
                found: shown,
            });
        }
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory);
        made.map_err(|source| Fault::System {
            what: "the directory of outputs was not made",
            source,
        })?;
        Ok(Self {
            env: settings.env.clone(),
            options: settings.options.clone(),
            directory,
        })
    }

    /// Submits a job and gives its id.
    pub(super) fn sbatch(&self, job: &str, spec: &Spec) -> Result<u64, Fault> {
        let [script, env] = ["script", "env"].map(|what| self.file(job, what));
        let written = write(spec, &script, &env);
        let submitted = written
            .map_err(|source| Fault::System {
                what: "the job was not written",
                source,
            })
            .and_then(|()| self.submit(job, spec, &script, &env));
        // Slurm has copied both.
        for file in [script, env] {
            let _ = fs::remove_file(file);
        }
        submitted
    }

    fn submit(&self, job: &str, spec: &Spec, script: &Path, env: &Path) -> Result<u64, Fault> {
        let minutes = spec.wall.as_secs().div_ceil(60);
        let mut words = vec!["--parsable".to_owned(), "--no-requeue".to_owned()];
        words.extend(self.options.iter().cloned());
        let path = |path: &Path| path.display().to_string();
        words.extend([
            format!("--job-name={}", spec.name),
            format!("--chdir={}", path(&spec.directory)),
            format!("--time={minutes}"),
            format!("--output={}", path(&self.output(job, Stream::Out))),
            format!("--error={}", path(&self.output(job, Stream::Err))),
            format!("--export-file={}", path(env)),
            path(script),
        ]);
        if let Work::Command(command) = &spec.work {
            words.extend(command.iter().cloned());
        }
        let printed = self.run("sbatch", &words)?;
        parse::submitted(&printed.good("sbatch")?)
    }

    /// What is known of jobs that have not ended, or lately.
    pub(super) fn squeue(&self, ids: &[u64]) -> Result<Vec<Line>, Fault> {
        let words = [
            "--noheader".to_owned(),
            "--states=all".to_owned(),
            format!("--jobs={}", list(ids)),
            "--Format=JobID:|,State:|,exit_code:|".to_owned(),
        ];
        let printed = self.run("squeue", &words)?;
        // Said only where there is one job, and it is not known.
        if !printed.good && printed.err.contains("Invalid job id") {
            return Ok(Vec::new());
        }
        parse::queue(&printed.good("squeue")?)
    }

    /// What the accounts have of jobs that have ended; nothing where there are no accounts.
    pub(super) fn sacct(&self, ids: &[u64]) -> Result<Vec<Line>, Fault> {
        let words = [
            "--noheader".to_owned(),
            "--parsable2".to_owned(),
            "--allocations".to_owned(),
            format!("--jobs={}", list(ids)),
            "--format=JobIDRaw,State,ExitCode".to_owned(),
        ];
        let printed = match self.run("sacct", &words) {
            Err(Fault::NoProgram { .. }) => return Ok(Vec::new()),
            printed => printed?,
        };
        if !printed.good && printed.err.contains("accounting storage is disabled") {
            return Ok(Vec::new());
        }
        parse::accounts(&printed.good("sacct")?)
    }

    pub(super) fn scancel(&self, ids: &[u64]) -> Result<(), Fault> {
        let words: Vec<String> = ids.iter().map(u64::to_string).collect();
        self.run("scancel", &words)?.good("scancel").map(drop)
    }

    /// Where a job's output is written.
    pub(super) fn output(&self, id: &str, stream: Stream) -> PathBuf {
        let what = match stream {
            Stream::Out => "out",
            Stream::Err => "err",
        };
        self.file(id, what)
    }

    fn file(&self, id: &str, what: &str) -> PathBuf {
        self.directory.join(format!("{id}.{what}"))
    }

    fn run(&self, program: &'static str, words: &[String]) -> Result<Printed, Fault> {
        let fault = |said: String| Fault::Scheduler { program, said };
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .envs(&self.env)
            .current_dir("/");
        let outputs = Arc::new(Outputs::new(MOST_PRINTED));
        let run = run(command, PATIENCE, &outputs).map_err(|error| match error {
            Fault::System { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Fault::NoProgram { program, source }
            }
            error => fault(error.to_string()),
        })?;
        let [out, err] = [0, 1].map(|stream| {
            let kept = outputs.0[stream]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            (kept.text(), kept.dropped())
        });
        match run {
            _ if out.1 > 0 => Err(fault(format!("it printed more than {MOST_PRINTED} bytes"))),
            (_, crate::process::Cause::TimedOut) => Err(fault(format!(
                "it took longer than {} s",
                PATIENCE.wall.as_secs()
            ))),
            (ended, _) => Ok(Printed {
                good: ended.exit_code == Some(0),
                out: out.0,
                err: err.0,
            }),
        }
    }
}

impl Printed {
    /// What it printed, where it was successful.
    fn good(self, program: &'static str) -> Result<String, Fault> {
        if self.good {
            return Ok(self.out);
        }
        let said = self.err.trim().replace('\n', "; ");
        let said = if said.is_empty() {
            "it failed, and did not say why".to_owned()
        } else {
            said
        };
        Err(Fault::Scheduler { program, said })
    }
}

/// Writes what a job executes, and its variables.
fn write(spec: &Spec, script: &Path, env: &Path) -> io::Result<()> {
    let text = match &spec.work {
        Work::Command(_) => EXECUTE.to_owned(),
        // Slurm takes nothing without such a line.
        Work::Script(text) if text.starts_with("#!") => text.clone(),
        Work::Script(text) => format!("#!/bin/sh\n{text}"),
    };
    fs::write(script, text)?;
    let mut variables = String::new();
    for (name, value) in &spec.env {
        // Writing to a string does not fail.
        let _ = write!(variables, "{name}={value}\0");
    }
    fs::write(env, variables)
}

fn list(ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    ids.join(",")
}
