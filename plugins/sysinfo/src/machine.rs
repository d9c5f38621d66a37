//! The machine as a whole: everything but its processes.

use crate::gauge::Source;
use plugin_api::Result;
use serde::Serialize;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use system::{DiskKind, Disks, Networks, System};

/// One reading.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// When it was taken, in milliseconds since the Unix epoch.
    pub(crate) sampled_unix_ms: u64,
    pub(crate) host: Host,
    pub(crate) cpu: Cpu,
    pub(crate) memory: Memory,
    pub(crate) disks: Vec<Disk>,
    pub(crate) network: Vec<Interface>,
}

/// What does not change while it runs, and for how long it has. `null` is what the operating system
/// does not tell.
#[derive(Debug, Serialize)]
pub(crate) struct Host {
    pub(crate) name: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) kernel: Option<String>,
    pub(crate) arch: String,
    pub(crate) uptime_s: Option<u64>,
}

/// The processors. Usage is the share of the time since the reading before this one, so it is
/// `null` in the first.
#[derive(Debug, Serialize)]
pub(crate) struct Cpu {
    /// Of all cores together: 0 to 100.
    pub(crate) usage_percent: Option<f32>,
    /// The time that the usage is of.
    pub(crate) interval_ms: Option<u64>,
    pub(crate) model: String,
    pub(crate) vendor: String,
    /// Cores of the processors; `cores` has one for each thread that runs at once. `null` where the
    /// system does not tell.
    pub(crate) physical_cores: Option<usize>,
    pub(crate) cores: Vec<Core>,
    /// `null` on Windows, which knows no load average.
    pub(crate) load: Option<Load>,
}

/// One core.
#[derive(Debug, Serialize)]
pub(crate) struct Core {
    pub(crate) name: String,
    pub(crate) usage_percent: Option<f32>,
    /// 0 where it is not known.
    pub(crate) frequency_mhz: u64,
}

/// How many processes ran or waited to run, on average over 1, 5 and 15 minutes.
#[derive(Debug, Serialize)]
pub(crate) struct Load {
    pub(crate) one: f64,
    pub(crate) five: f64,
    pub(crate) fifteen: f64,
}

/// Memory and swap.
#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) total_bytes: u64,
    pub(crate) used_bytes: u64,
    /// What can be had without swapping: more than what is free.
    pub(crate) available_bytes: u64,
    pub(crate) swap_total_bytes: u64,
    pub(crate) swap_used_bytes: u64,
}

/// A mounted file system.
#[derive(Debug, Serialize)]
pub(crate) struct Disk {
    pub(crate) name: String,
    pub(crate) mount_point: String,
    pub(crate) file_system: String,
    /// `SSD`, `HDD` or `Unknown`.
    pub(crate) kind: &'static str,
    pub(crate) total_bytes: u64,
    pub(crate) available_bytes: u64,
    pub(crate) removable: bool,
    pub(crate) read_only: bool,
}

/// A network interface. Rates are over the time since the reading before this one, so they are
/// `null` in the first.
#[derive(Debug, Serialize)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) mac: String,
    /// Of the link, in megabits a second; `null` where the system does not tell.
    pub(crate) speed_mbps: Option<u64>,
    pub(crate) received_bytes: u64,
    pub(crate) transmitted_bytes: u64,
    pub(crate) received_bytes_per_s: Option<f64>,
    pub(crate) transmitted_bytes_per_s: Option<f64>,
    pub(crate) errors: u64,
}

/// What is published on the bus.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) sampled_unix_ms: u64,
    pub(crate) uptime_s: Option<u64>,
    pub(crate) cpu_usage_percent: Option<f32>,
    pub(crate) load_one: Option<f64>,
    pub(crate) memory_used_bytes: u64,
    pub(crate) memory_total_bytes: u64,
}

impl Machine {
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            sampled_unix_ms: self.sampled_unix_ms,
            uptime_s: self.host.uptime_s,
            cpu_usage_percent: self.cpu.usage_percent,
            load_one: self.cpu.load.as_ref().map(|load| load.one),
            memory_used_bytes: self.memory.used_bytes,
            memory_total_bytes: self.memory.total_bytes,
        }
    }
}

/// Where readings come from. It keeps what the next one is compared with.
pub(crate) struct MachineSource {
    system: System,
    disks: Disks,
    networks: Networks,
    last: Option<Instant>,
}

impl MachineSource {
    /// # Errors
    ///
    /// On an operating system that the `sysinfo` crate does not know.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            system: System::new()?,
            disks: Disks::new()?,
            networks: Networks::new()?,
            last: None,
        })
    }

    fn cpu(&self, interval_ms: Option<u64>) -> Cpu {
        let cores = self.system.cpus();
        Cpu {
            usage_percent: interval_ms.map(|_| self.system.global_cpu_usage()),
            interval_ms,
            model: cores
                .first()
                .map(|core| core.brand().trim().to_owned())
                .unwrap_or_default(),
            vendor: cores
                .first()
                .map(|core| core.vendor_id().trim().to_owned())
                .unwrap_or_default(),
            physical_cores: System::physical_core_count().ok(),
            cores: cores
                .iter()
                .map(|core| Core {
                    name: core.name().to_owned(),
                    usage_percent: interval_ms.map(|_| core.usage()),
                    frequency_mhz: core.frequency(),
                })
                .collect(),
            load: System::load_average().ok().map(|load| Load {
                one: load.one,
                five: load.five,
                fifteen: load.fifteen,
            }),
        }
    }

    fn memory(&self) -> Memory {
        Memory {
            total_bytes: self.system.total_memory(),
            used_bytes: self.system.used_memory(),
            available_bytes: self.system.available_memory(),
            swap_total_bytes: self.system.total_swap(),
            swap_used_bytes: self.system.used_swap(),
        }
    }

    fn disks(&self) -> Vec<Disk> {
        let mut disks: Vec<Disk> = self
            .disks
            .iter()
            .map(|disk| Disk {
                name: disk.name().to_string_lossy().into_owned(),
                mount_point: disk.mount_point().to_string_lossy().into_owned(),
                file_system: disk.file_system().to_string_lossy().into_owned(),
                kind: match disk.kind() {
                    DiskKind::SSD => "SSD",
                    DiskKind::HDD => "HDD",
                    DiskKind::Unknown(_) => "Unknown",
                },
                total_bytes: disk.total_space(),
                available_bytes: disk.available_space(),
                removable: disk.is_removable(),
                read_only: disk.is_read_only(),
            })
            .collect();
        disks.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
        disks
    }

    fn network(&self, interval_ms: Option<u64>) -> Vec<Interface> {
        let rate = |bytes| interval_ms.map(|interval_ms| per_second(bytes, interval_ms));
        let mut interfaces: Vec<Interface> = self
            .networks
            .iter()
            .map(|(name, data)| Interface {
                name: name.to_string_lossy().into_owned(),
                addresses: data.ip_networks().iter().map(ToString::to_string).collect(),
                mac: data.mac_address().to_string(),
                speed_mbps: data.receive_link_speed().map(|bits| bits / 1_000_000),
                received_bytes: data.total_received(),
                transmitted_bytes: data.total_transmitted(),
                received_bytes_per_s: rate(data.received()),
                transmitted_bytes_per_s: rate(data.transmitted()),
                errors: data.total_errors_on_received() + data.total_errors_on_transmitted(),
            })
            .collect();
        interfaces.sort_by(|a, b| a.name.cmp(&b.name));
        interfaces
    }
}

impl Source for MachineSource {
    type Reading = Machine;

    fn read(&mut self, now: Instant) -> Result<Machine> {
        self.system.refresh_cpu_all();
        self.system.refresh_memory();
        self.disks.refresh(true);
        self.networks.refresh(true);
        let interval_ms = self
            .last
            .replace(now)
            .map(|last| millis(now.saturating_duration_since(last)));
        Ok(Machine {
            sampled_unix_ms: millis(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            ),
            host: host(),
            cpu: self.cpu(interval_ms),
            memory: self.memory(),
            disks: self.disks(),
            network: self.network(interval_ms),
        })
    }
}

fn host() -> Host {
    Host {
        name: System::host_name().ok(),
        os: System::long_os_version().ok(),
        kernel: System::kernel_version().ok(),
        arch: System::cpu_arch(),
        uptime_s: System::uptime().ok(),
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is no exact figure")]
fn per_second(bytes: u64, interval_ms: u64) -> f64 {
    bytes as f64 * 1000.0 / interval_ms.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_first_reading_claims_no_usage() {
        let mut source = MachineSource::new().unwrap();
        let begin = Instant::now();
        let first = source.read(begin).unwrap();
        assert_eq!(first.cpu.usage_percent, None);
        assert!(
            first
                .cpu
                .cores
                .iter()
                .all(|core| core.usage_percent.is_none())
        );
        assert!(
            first
                .network
                .iter()
                .all(|interface| interface.received_bytes_per_s.is_none())
        );

        let second = source.read(begin + Duration::from_secs(1)).unwrap();
        assert_eq!(second.cpu.interval_ms, Some(1000));
        let usage = second.cpu.usage_percent.unwrap();
        assert!((0.0..=100.0).contains(&usage), "{usage}");
    }

    #[test]
    fn the_figures_are_those_of_a_machine() {
        let machine = MachineSource::new().unwrap().read(Instant::now()).unwrap();
        assert!(!machine.cpu.cores.is_empty());
        assert!(machine.memory.used_bytes <= machine.memory.total_bytes);
        assert!(machine.memory.total_bytes > 1 << 20);
        assert!(
            machine
                .disks
                .iter()
                .all(|disk| disk.available_bytes <= disk.total_bytes)
        );
        assert!(machine.sampled_unix_ms > 1_700_000_000_000);
        assert_eq!(
            machine.summary().memory_total_bytes,
            machine.memory.total_bytes
        );
    }

    #[test]
    fn rates_are_per_second() {
        assert_eq!(per_second(500, 250), 2000.0);
        assert_eq!(per_second(500, 0), 500_000.0);
    }
}
