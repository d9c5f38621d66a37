use crate::conformance::{
    battery::CASES,
    bench::Bench,
    child::{SPEC, VERDICT},
    heard,
    spec::{ConformanceError, Outcome, Verdict, known},
};
use std::{fs, path::PathBuf};

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
        let path = self.site.join(SPEC);
        let text = fs::read(&path).map_err(ConformanceError::place(&path))?;
        let spec = serde_json::from_slice(&text)
            .map_err(|error| ConformanceError::place(&path)(error.into()))?;
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
