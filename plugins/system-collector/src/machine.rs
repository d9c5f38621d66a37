//! Readings, each compared with the one before.

use crate::{
    disk,
    figures::{percent, rate, share},
    frequency,
};
use plugin_api::{
    Result,
    serde::{Deserialize, Serialize},
    serde_json::{Value, json},
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use system::{
    MINIMUM_CPU_UPDATE_INTERVAL, Networks, ProcessRefreshKind, ProcessesToUpdate, System,
};
use tracking_api::Map;

/// What stands under `[plugins.system-collector.config]`; `plugin.toml` has defaults and bounds.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Config {
    pub(crate) interval_ms: u64,
    pub(crate) include_cpu: bool,
    pub(crate) include_memory: bool,
    pub(crate) include_disk: bool,
    pub(crate) disk: String,
    pub(crate) include_network: bool,
    pub(crate) include_processes: bool,
    pub(crate) process_limit: usize,
}

/// The machine, of which some is read.
pub(crate) struct Machine {
    config: Config,
    began: Instant,
    source: Mutex<Source>,
}

/// What a reading is compared with.
struct Source {
    system: System,
    networks: Networks,
    read: Instant,
    /// The last reading; the first is only there to compare with.
    last: Option<Map>,
}

impl Machine {
    /// # Errors
    ///
    /// On an operating system that the `sysinfo` crate does not know, and for a `disk` that is not
    /// there.
    pub(crate) fn new(config: Config) -> Result<Self> {
        if config.include_disk {
            disk::check(&config.disk)?;
        }
        let mut source = Source {
            system: System::new()?,
            networks: Networks::new()?,
            read: Instant::now(),
            last: None,
        };
        source.refresh(&config);
        Ok(Self {
            config,
            began: Instant::now(),
            source: Mutex::new(source),
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// A reading, or the last, where that is young. Blocks.
    pub(crate) fn read(&self) -> Map {
        let mut source = self.source();
        // Now, and not before the lock: whoever waited for it finds a reading that is young.
        let now = Instant::now();
        self.read_at(&mut source, now)
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_at(&self, source: &mut Source, now: Instant) -> Map {
        let since = now.saturating_duration_since(source.read);
        if let Some(last) = &source.last
            && since < MINIMUM_CPU_UPDATE_INTERVAL
        {
            return last.clone();
        }
        source.read = now;
        source.refresh(&self.config);
        let mut figures = Map::new();
        figures.insert("timestamp".to_owned(), now_s().into());
        let uptime = self.began.elapsed().as_secs_f64();
        figures.insert("uptime".to_owned(), uptime.into());
        figures.insert("system_uptime".to_owned(), System::uptime().ok().into());
        source.measure(&self.config, since, &mut figures);
        source.last = Some(figures.clone());
        figures
    }
}

impl Source {
    fn refresh(&mut self, config: &Config) {
        if config.include_cpu {
            self.system.refresh_cpu_all();
        }
        if config.include_memory || config.include_processes {
            self.system.refresh_memory();
        }
        if config.include_network {
            self.networks.refresh(true);
        }
        if config.include_processes {
            let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
            self.system
                .refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        }
    }

    fn measure(&self, config: &Config, since: Duration, figures: &mut Map) {
        let mut add = |group: Value| {
            if let Value::Object(group) = group {
                figures.extend(group);
            }
        };
        if config.include_cpu {
            add(self.cpu(since));
        }
        if config.include_memory {
            add(self.memory());
        }
        if config.include_disk {
            add(disk::space(&config.disk));
            add(disk::traffic());
        }
        if config.include_network {
            add(self.network(since));
        }
        if config.include_processes {
            add(json!({ "top_processes": self.processes(config.process_limit) }));
        }
    }

    fn cpu(&self, since: Duration) -> Value {
        let cores = self.system.cpus();
        let known = since >= MINIMUM_CPU_UPDATE_INTERVAL;
        let frequencies = cores.iter().map(|core| core.frequency());
        let (sum, count) = (frequencies.sum::<u64>(), cores.len().max(1));
        // 0 where the system does not tell.
        let frequency = Some(sum / u64::try_from(count).unwrap_or(1)).filter(|mhz| *mhz > 0);
        json!({
            "cpu_percent": known.then(|| self.system.global_cpu_usage()),
            "cpu_count_logical": Some(cores.len()).filter(|count| *count > 0),
            "cpu_count_physical": System::physical_core_count().ok(),
            "cpu_freq": frequency::of_cores(frequency),
        })
    }

    fn memory(&self) -> Value {
        let system = &self.system;
        let (total, available) = (system.total_memory(), system.available_memory());
        let (swap_total, swap_used) = (system.total_swap(), system.used_swap());
        json!({
            "memory_total": total,
            "memory_available": available,
            "memory_used": system.used_memory(),
            "memory_percent": percent(total.saturating_sub(available), total),
            "swap_total": swap_total,
            "swap_used": swap_used,
            "swap_percent": share(swap_used, swap_total),
        })
    }

    fn network(&self, since: Duration) -> Value {
        let sum = |of: fn(&system::NetworkData) -> u64| self.networks.values().map(of).sum::<u64>();
        json!({
            "network_bytes_sent": sum(|data| data.total_transmitted()),
            "network_bytes_recv": sum(|data| data.total_received()),
            "network_bytes_sent_rate": rate(sum(|data| data.transmitted()), since),
            "network_bytes_recv_rate": rate(sum(|data| data.received()), since),
        })
    }

    fn processes(&self, limit: usize) -> Vec<Value> {
        let total = self.system.total_memory();
        let mut processes: Vec<_> = self.system.processes().values().collect();
        // Equal ones by pid, so that the answer does not depend on a hash map's order.
        processes.sort_by(|a, b| {
            let usage = b.cpu_usage().total_cmp(&a.cpu_usage());
            usage.then(a.pid().cmp(&b.pid()))
        });
        let shown = processes.into_iter().take(limit).map(|process| {
            json!({
                "pid": process.pid().as_u32(),
                "name": process.name().to_string_lossy(),
                "cpu_percent": process.cpu_usage(),
                "memory_percent": percent(process.memory(), total),
            })
        });
        shown.collect()
    }
}

fn now_s() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(groups: bool) -> Config {
        Config {
            interval_ms: 1000,
            include_cpu: groups,
            include_memory: groups,
            include_disk: groups,
            disk: "/".to_owned(),
            include_network: groups,
            include_processes: groups,
            process_limit: 2,
        }
    }

    #[test]
    fn each_group_can_be_left_out() {
        let figures = Machine::new(config(false)).unwrap().read();
        let keys: Vec<&str> = figures.keys().map(String::as_str).collect();
        assert_eq!(keys, ["timestamp", "uptime", "system_uptime"]);
    }

    #[test]
    fn the_figures_are_those_of_a_machine() {
        let figures = Machine::new(config(true)).unwrap().read();
        let number = |name: &str| figures[name].as_f64().unwrap();
        assert!(number("timestamp") > 1.7e9);
        assert!(number("cpu_count_logical") >= 1.0);
        assert!(number("memory_available") <= number("memory_total"));
        assert!((0.0..=100.0).contains(&number("memory_percent")));
        assert!((0.0..=100.0).contains(&number("disk_percent")));
        assert!(number("disk_used") <= number("disk_total"));
        assert!(number("swap_percent") >= 0.0 && number("disk_read_bytes") >= 0.0);
        let frequency = figures["cpu_freq"].as_object().unwrap();
        let keys: Vec<&str> = frequency.keys().map(String::as_str).collect();
        assert_eq!(keys, ["current", "min", "max"]);
        assert!(number("network_bytes_sent_rate") >= 0.0);
        assert!(figures["top_processes"].as_array().unwrap().len() <= 2);
    }

    #[test]
    fn a_young_reading_is_given_again() {
        let machine = Machine::new(config(false)).unwrap();
        let begin = Instant::now();
        let at = |ms| machine.read_at(&mut machine.source(), begin + Duration::from_millis(ms));
        let first = at(0);
        assert_eq!(at(199), first);
        assert_ne!(at(200), first);
    }
}
