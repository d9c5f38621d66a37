use crate::conformance::{
    battery::CASES,
    bench::Bench,
    child::VERDICT,
    heard,
    spec::{ConformanceError, Outcome, Spec, Verdict, known},
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    thread,
};

/// Makes one check of a plugin and writes what came of it: what `check --conformance` starts.
#[derive(Debug, clap::Args)]
pub(crate) struct Inside {
    /// Which
    #[arg(value_parser = known)]
    name: String,
    /// Where its place is
    site: PathBuf,
}

impl Inside {
    /// Makes it. It ends with the process: what the plugin has left is not waited for.
    pub(crate) fn run(self) -> Result<(), ConformanceError> {
        let spec = told().map_err(ConformanceError::place(Path::new("standard input")))?;
        heard::listen();
        let bench = Bench::new(spec, self.site.clone(), &self.name);
        let case = CASES.iter().find(|case| case.name == self.name);
        let case = case.expect("only `child` starts this, with a check of the list");
        let verdict = with_panics((case.run)(&bench));
        let path = self.site.join(VERDICT);
        let text = serde_json::to_vec(&verdict)
            .map_err(|error| ConformanceError::place(&path)(error.into()))?;
        let new = path.with_extension("new");
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(ConformanceError::place(&path))
    }
}

/// What to do: a line on standard input. Who has written it is gone when nothing more can come, and
/// then this process ends, whatever the plugin is doing.
fn told() -> io::Result<Spec> {
    let mut pipe = BufReader::new(input()?);
    let mut line = Vec::new();
    pipe.read_until(b'\n', &mut line)?;
    let spec = serde_json::from_slice(&line)?;
    let watch = move || {
        // An error is an end as well.
        let _ = pipe.read_to_end(&mut Vec::new());
        // Nothing of the plugin's is run: it may hang there.
        signal_hook::low_level::exit(1);
    };
    let thread = thread::Builder::new().name("jackfield-parent".to_owned());
    thread.spawn(watch)?;
    Ok(spec)
}

/// Standard input, of which the plugin has nothing: it finds it empty.
#[cfg(unix)]
fn input() -> io::Result<File> {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(input.into())
}

#[cfg(not(unix))]
fn input() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// A panic is a finding, whatever else came out.
fn with_panics(verdict: Verdict) -> Verdict {
    let panics = heard::panics();
    let Some(first) = panics.first() else {
        return verdict;
    };
    let more = match panics.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let text = format!("expected no panic, found {first}{more}: return an error there");
    match verdict.outcome {
        Outcome::Failed => Verdict::failed(format!("{}; {text}", verdict.message)),
        Outcome::Passed | Outcome::Skipped => Verdict::failed(text),
    }
}
