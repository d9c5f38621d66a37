use crate::control::{PluginReport, Report};
use jackfield_loader::State;
use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

/// One plugin as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What the host tells of it.
    pub(crate) plugin: PluginReport,
    /// Calls a second since the report before; `None` where there is none to compare with.
    pub(crate) rate: Option<f64>,
}

/// What the rows are in order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Sort {
    /// The id
    #[default]
    Id,
    /// What does not run first
    State,
    /// The most calls a second first
    Calls,
    /// The most panics first
    Panics,
    /// The latest change first
    Time,
}

impl Sort {
    /// The one after it.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Id => Self::State,
            Self::State => Self::Calls,
            Self::Calls => Self::Panics,
            Self::Panics => Self::Time,
            Self::Time => Self::Id,
        }
    }

    /// As it stands in the header.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::State => "state",
            Self::Calls => "calls",
            Self::Panics => "panics",
            Self::Time => "time",
        }
    }
}

/// The rows of a report, in order; `before` is the one before it, and how long before.
pub(crate) fn rows(report: &Report, before: Option<(&Report, Duration)>, sort: Sort) -> Vec<Row> {
    let calls: BTreeMap<&str, u64> = before
        .iter()
        .flat_map(|(report, _)| &report.plugins)
        .filter_map(|plugin| Some((&*plugin.id, plugin.calls?)))
        .collect();
    let row = |plugin: &PluginReport| Row {
        rate: before.and_then(|(_, time)| {
            // Fewer than before: it was started anew.
            let more = plugin.calls?.checked_sub(*calls.get(&*plugin.id)?)?;
            (!time.is_zero()).then(|| as_f64(more) / time.as_secs_f64())
        }),
        plugin: plugin.clone(),
    };
    let mut rows: Vec<Row> = report.plugins.iter().map(row).collect();
    match sort {
        Sort::Id => {}
        Sort::State => rows.sort_by_key(|row| rank(row.plugin.state)),
        Sort::Calls => rows.sort_by(|a, b| {
            let (a, b) = (a.rate.unwrap_or(-1.0), b.rate.unwrap_or(-1.0));
            b.total_cmp(&a)
        }),
        Sort::Panics => rows.sort_by_key(|row| Reverse(row.plugin.panics)),
        Sort::Time => rows.sort_by_key(|row| row.plugin.state_ms),
    }
    rows
}

/// Of a difference of counts within seconds.
fn as_f64(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

fn rank(state: State) -> u8 {
    match state {
        State::Failed | State::Quarantined => 0,
        State::Rejected => 1,
        State::Stopping | State::Stopped => 2,
        State::Running => 4,
        State::Disabled => 5,
        _ => 3,
    }
}

/// What part of one processor the whole process used between two reports, in percent.
pub(super) fn cpu(report: &Report, before: &Report, time: Duration) -> Option<f64> {
    let used = report
        .host
        .cpu_ms?
        .checked_sub(before.host.cpu_ms?)
        .filter(|_| report.host.pid == before.host.pid)?;
    (!time.is_zero()).then(|| as_f64(used) / time.as_secs_f64() / 10.0)
}
