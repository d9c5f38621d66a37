//! The processes: read apart from the rest, because that takes longest.

use crate::{
    gauge::Source,
    query::{Limit, Sort},
};
use plugin_api::Result;
use serde::Serialize;
use std::{cmp::Reverse, collections::HashSet, time::Instant};
use system::{ProcessRefreshKind, ProcessesToUpdate, System};

/// One reading.
#[derive(Debug)]
pub(crate) struct Processes(Vec<Process>);

/// One process.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: Option<u32>,
    pub(crate) name: String,
    pub(crate) status: String,
    /// Of one core, since the reading before this one: a process on two cores has up to 200. `null`
    /// where that reading did not know the process.
    pub(crate) cpu_usage_percent: Option<f32>,
    /// Resident.
    pub(crate) memory_bytes: u64,
    /// In seconds since the Unix epoch.
    pub(crate) started_unix_s: u64,
}

/// The answer of `GET /processes`.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<'a> {
    /// How many there are altogether.
    pub(crate) count: usize,
    /// Those that use most; the first uses most of all.
    pub(crate) top: Vec<&'a Process>,
}

impl Processes {
    pub(crate) fn listing(&self, limit: Limit, sort: Sort) -> Listing<'_> {
        let mut top: Vec<&Process> = self.0.iter().collect();
        match sort {
            // Equal ones by pid, so that the answer does not depend on a hash map's order.
            Sort::Cpu => top.sort_by(|a, b| {
                let usage = |process: &Process| process.cpu_usage_percent.unwrap_or(0.0);
                usage(b).total_cmp(&usage(a)).then(a.pid.cmp(&b.pid))
            }),
            Sort::Memory => top.sort_by_key(|process| (Reverse(process.memory_bytes), process.pid)),
        }
        top.truncate(limit.0);
        Listing {
            count: self.0.len(),
            top,
        }
    }
}

/// Where readings come from.
pub(crate) struct ProcessSource {
    /// Its own, not that of the machine: the two are refreshed at different times, and a process's
    /// usage is a share of the time between two refreshes of the same object.
    system: System,
    /// Pid and start time of those that the last reading knew.
    known: HashSet<(u32, u64)>,
}

impl ProcessSource {
    /// # Errors
    ///
    /// On an operating system that the `sysinfo` crate does not know.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            system: System::new()?,
            known: HashSet::new(),
        })
    }
}

impl Source for ProcessSource {
    type Reading = Processes;

    fn read(&mut self, _now: Instant) -> Result<Processes> {
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let mut processes = Vec::new();
        let mut known = HashSet::new();
        for (pid, process) in self.system.processes() {
            let key = (pid.as_u32(), process.start_time());
            let usage = self.known.contains(&key).then(|| process.cpu_usage());
            known.insert(key);
            processes.push(Process {
                pid: pid.as_u32(),
                parent: process.parent().map(|parent| parent.as_u32()),
                name: process.name().to_string_lossy().into_owned(),
                status: process.status().to_string(),
                cpu_usage_percent: usage,
                memory_bytes: process.memory(),
                started_unix_s: process.start_time(),
            });
        }
        self.known = known;
        Ok(Processes(processes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, usage: Option<f32>, memory_bytes: u64) -> Process {
        Process {
            pid,
            parent: None,
            name: format!("p{pid}"),
            status: "Run".to_owned(),
            cpu_usage_percent: usage,
            memory_bytes,
            started_unix_s: 0,
        }
    }

    fn pids(processes: &Processes, limit: usize, sort: Sort) -> Vec<u32> {
        let listing = processes.listing(Limit(limit), sort);
        listing.top.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn the_greatest_come_first() {
        let processes = Processes(vec![
            process(4, None, 10),
            process(3, Some(0.0), 40),
            process(2, Some(150.0), 20),
            process(1, Some(7.5), 20),
        ]);
        assert_eq!(pids(&processes, 10, Sort::Cpu), [2, 1, 3, 4]);
        assert_eq!(pids(&processes, 3, Sort::Memory), [3, 1, 2]);
        assert_eq!(processes.listing(Limit(1), Sort::Cpu).count, 4);
    }

    #[test]
    fn this_process_is_found_and_has_usage_from_the_second_reading_on() {
        let mut source = ProcessSource::new().unwrap();
        let own = |processes: Processes| {
            let own = std::process::id();
            processes
                .0
                .into_iter()
                .find(|process| process.pid == own)
                .unwrap()
        };
        let first = own(source.read(Instant::now()).unwrap());
        assert_eq!(first.cpu_usage_percent, None);
        assert!(first.memory_bytes > 0);
        let second = own(source.read(Instant::now()).unwrap());
        assert!(second.cpu_usage_percent.is_some());
    }
}
