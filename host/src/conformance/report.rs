use crate::{
    conformance::{
        battery::{Examined, Made},
        spec::{ConformanceError, Outcome},
    },
    error::CommandError,
    output::{Cell, Out, Table, style},
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::{fs, io, path::Path, time::Duration};

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// For people.
pub(crate) fn write(out: &mut Out, examined: &Examined) -> Result<(), CommandError> {
    let Examined { path, id, .. } = examined;
    let who = id.as_deref().unwrap_or("no plugin");
    let version = examined.version.as_deref().unwrap_or_default();
    out.line(crate::output::clean(&format!("{path}: {who} {version}")))?;
    let mut table = Table::new(&["CHECK", "OUTCOME", "MS", "WHAT"]);
    for made in &examined.cases {
        let style = match made.outcome {
            Outcome::Passed => style::GOOD,
            Outcome::Failed => style::BAD,
            Outcome::Skipped => style::WARNING,
        };
        let milliseconds = usize::try_from(made.duration_ms).unwrap_or(usize::MAX);
        table.row([
            Cell::new(made.name),
            Cell::new(made.outcome.word()).with(style),
            Cell::number(milliseconds),
            Cell::new(&made.message),
        ]);
    }
    out.table(&table)?;
    let Examined {
        passed,
        failed,
        skipped,
        ..
    } = examined;
    out.line(format!(
        "{passed} passed, {failed} failed, {skipped} skipped"
    ))
}

/// For programs that read JUnit's XML.
pub(crate) fn junit(path: &Path, all: &[Examined]) -> Result<(), ConformanceError> {
    let mut report = Report::new("jackfield check --conformance");
    for examined in all {
        let mut suite = TestSuite::new(examined.path.as_str());
        for made in &examined.cases {
            suite.add_test_case(case(examined, made));
        }
        report.add_test_suite(suite);
    }
    let failed = |source| ConformanceError::Junit {
        path: path.to_owned(),
        source,
    };
    let text = report
        .to_string()
        .map_err(|error| failed(io::Error::other(error)))?;
    fs::write(path, text).map_err(failed)
}

fn case(examined: &Examined, made: &Made) -> TestCase {
    let mut status = match made.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Skipped => TestCaseStatus::skipped(),
    };
    if made.outcome != Outcome::Passed {
        // What else XML cannot hold is left out for us.
        let message = made.message.replace(['\u{fffe}', '\u{ffff}'], "");
        status.set_message(message);
    }
    let mut case = TestCase::new(made.name, status);
    case.set_classname(examined.id.as_deref().unwrap_or(&examined.path));
    let milliseconds = u64::try_from(made.duration_ms).unwrap_or(u64::MAX);
    case.set_time(Duration::from_millis(milliseconds));
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_tells_of_a_failure_whatever_stands_in_its_message() {
        let made = Made {
            name: "lifecycle.start",
            outcome: Outcome::Failed,
            duration_ms: 7,
            message: "found \u{1b}[31m\0 <&> \"it\"\u{ffff}\nand more".to_owned(),
        };
        let examined = Examined {
            path: "a.so".to_owned(),
            id: None,
            version: None,
            passed: 0,
            failed: 1,
            skipped: 0,
            cases: vec![made],
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.xml");
        junit(&path, &[examined]).unwrap();
        let text = fs::read(path).unwrap();
        // What XML cannot hold is left out, and what a terminal would obey.
        let report = Report::deserialize(&*text).unwrap();
        assert_eq!((report.tests, report.failures), (1, 1));
        let case = &report.test_suites[0].test_cases[0];
        assert_eq!(case.classname.as_ref().unwrap().as_str(), "a.so");
        let TestCaseStatus::NonSuccess { kind, message, .. } = &case.status else {
            panic!("{case:?}");
        };
        assert_eq!(*kind, NonSuccessKind::Failure);
        let message = message.as_ref().unwrap().as_str();
        assert_eq!(message, "found  <&> \"it\"\nand more");
    }
}
