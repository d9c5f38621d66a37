//! The table, the JSON file, and how both sides of a ratio are measured.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// One line of the table.
#[derive(serde::Serialize)]
pub struct Row {
    name: &'static str,
    value: f64,
    unit: &'static str,
    baseline: Option<f64>,
    ratio: Option<f64>,
    bar: String,
    #[serde(skip)]
    met: Option<bool>,
}

/// What a row is held to.
#[derive(Clone, Copy)]
pub enum Bar {
    /// At most.
    Max(f64),
    /// At least.
    Min(f64),
    /// Reported only.
    None,
}

impl Bar {
    fn met(self, figure: f64) -> Option<bool> {
        match self {
            Self::Max(bar) => Some(figure <= bar),
            Self::Min(bar) => Some(figure >= bar),
            Self::None => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Max(bar) => format!("<= {bar}"),
            Self::Min(bar) => format!(">= {bar}"),
            Self::None => "reported".to_owned(),
        }
    }
}

/// Collects rows.
pub struct Bench {
    rows: Vec<Row>,
    wanted: Vec<String>,
}

impl Bench {
    /// With the rows that the command line asks for; all where it names none.
    pub fn from_args() -> Self {
        let wanted = std::env::args()
            .skip(1)
            .filter(|arg| !arg.starts_with('-'))
            .collect();
        Self {
            rows: Vec::new(),
            wanted,
        }
    }

    /// Whether a row of this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty()
            || self
                .wanted
                .iter()
                .any(|word| name.starts_with(word.as_str()))
    }

    /// A row whose bar is on `value / baseline`.
    pub fn ratio(
        &mut self,
        name: &'static str,
        unit: &'static str,
        value: f64,
        baseline: f64,
        bar: Bar,
    ) {
        let ratio = value / baseline;
        self.push(Row {
            name,
            value,
            unit,
            baseline: Some(baseline),
            ratio: Some(ratio),
            bar: bar.text(),
            met: bar.met(ratio),
        });
    }

    /// A row whose bar is on the value itself.
    pub fn value(&mut self, name: &'static str, unit: &'static str, value: f64, bar: Bar) {
        self.push(Row {
            name,
            value,
            unit,
            baseline: None,
            ratio: None,
            bar: bar.text(),
            met: bar.met(value),
        });
    }

    fn push(&mut self, row: Row) {
        let number = |figure: Option<f64>| figure.map_or("-".to_owned(), |f| format!("{f:.2}"));
        println!(
            "{:<20} {:>14.2} {:<12} {:>14} {:>8} {:>9} {}",
            row.name,
            row.value,
            row.unit,
            number(row.baseline),
            number(row.ratio),
            row.bar,
            match row.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            }
        );
        self.rows.push(row);
    }

    /// Writes `target/bench.json`.
    pub fn finish(&mut self) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let text = serde_json::to_string_pretty(&self.rows).expect("rows are plain data");
        // Not there yet where cargo builds elsewhere.
        fs::create_dir_all(&dir).expect("target/ can be made");
        fs::write(dir.join("bench.json"), text + "\n").expect("target/ can be written");
    }
}

/// Times two sides in turn, `rounds` times each, and gives the median of each.
pub fn interleaved(
    rounds: usize,
    mut subject: impl FnMut(),
    baseline: impl FnMut(),
) -> (Duration, Duration) {
    interleaved_with(rounds, || (), |()| subject(), baseline)
}

/// As [`interleaved`]; what `prepare` makes for each round of the subject is not timed, and is
/// dropped before the next is made.
pub fn interleaved_with<T>(
    rounds: usize,
    mut prepare: impl FnMut() -> T,
    mut subject: impl FnMut(&T),
    mut baseline: impl FnMut(),
) -> (Duration, Duration) {
    let time = |side: &mut dyn FnMut()| {
        let begin = Instant::now();
        side();
        begin.elapsed()
    };
    let mut times = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        let prepared = prepare();
        times.0.push(time(&mut || subject(&prepared)));
        times.1.push(time(&mut baseline));
    }
    (median(&mut times.0), median(&mut times.1))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
