//! A reading as `metrics/{sid}` gives it: fewer figures, in the form that clients of a session know.

use crate::machine::{Disk, Interface, Machine};
use schemars::JsonSchema;
use serde::Serialize;

/// The answer of `metrics/{sid}`. What the system does not tell is 0 or an empty text.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Overview {
    system: SystemPart,
    cpu: CpuPart,
    memory: MemoryPart,
    disks: Vec<DiskPart>,
    network: Vec<NetworkPart>,
    /// None is looked for.
    gpus: [(); 0],
}

#[derive(Debug, Serialize, JsonSchema)]
struct SystemPart {
    hostname: String,
    /// In seconds.
    uptime: u64,
    kernel: String,
    arch: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CpuPart {
    model: String,
    vendor: String,
    cores_physical: usize,
    cores_logical: usize,
    /// 0 until there are two readings.
    percent: f64,
    load_avg: [f64; 3],
    /// On average.
    freq_mhz: u64,
}

/// In bytes.
#[derive(Debug, Serialize, JsonSchema)]
struct MemoryPart {
    total: u64,
    available: u64,
    percent: f64,
    used: u64,
}

/// In bytes.
#[derive(Debug, Serialize, JsonSchema)]
struct DiskPart {
    mount: String,
    device: String,
    fstype: String,
    #[serde(rename = "type")]
    kind: &'static str,
    total: u64,
    used: u64,
    percent: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NetworkPart {
    interface: String,
    ip: String,
    mac: String,
    rx_bytes: u64,
    tx_bytes: u64,
    speed_mbps: u64,
}

impl From<&Machine> for Overview {
    fn from(machine: &Machine) -> Self {
        let (host, cpu, memory) = (&machine.host, &machine.cpu, &machine.memory);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let frequencies: u64 = cpu.cores.iter().map(|core| core.frequency_mhz).sum();
        let taken = memory.total_bytes.saturating_sub(memory.available_bytes);
        Self {
            system: SystemPart {
                hostname: text(&host.name),
                uptime: host.uptime_s.unwrap_or(0),
                kernel: text(&host.kernel),
                arch: host.arch.clone(),
            },
            cpu: CpuPart {
                model: cpu.model.clone(),
                vendor: cpu.vendor.clone(),
                cores_physical: cpu.physical_cores.unwrap_or(0),
                cores_logical: cpu.cores.len(),
                percent: tenths(f64::from(cpu.usage_percent.unwrap_or(0.0))),
                load_avg: cpu
                    .load
                    .as_ref()
                    .map(|load| [load.one, load.five, load.fifteen])
                    .unwrap_or_default(),
                freq_mhz: frequencies / (cpu.cores.len() as u64).max(1),
            },
            memory: MemoryPart {
                total: memory.total_bytes,
                available: memory.available_bytes,
                // What programs cannot have, which is more telling than what is used.
                percent: percent(taken, memory.total_bytes),
                used: memory.used_bytes,
            },
            disks: machine.disks.iter().map(disk).collect(),
            network: machine.network.iter().map(network).collect(),
            gpus: [],
        }
    }
}

fn disk(disk: &Disk) -> DiskPart {
    let used = disk.total_bytes.saturating_sub(disk.available_bytes);
    DiskPart {
        mount: disk.mount_point.clone(),
        device: disk.name.clone(),
        fstype: disk.file_system.clone(),
        kind: disk.kind,
        total: disk.total_bytes,
        used,
        percent: percent(used, disk.total_bytes),
    }
}

fn network(interface: &Interface) -> NetworkPart {
    let is_v4 = |address: &&String| !address.contains(':');
    let addresses = &interface.addresses;
    let address = addresses.iter().find(is_v4).or_else(|| addresses.first());
    // Without the length of the network behind the slash.
    let ip = address.and_then(|address| address.split('/').next());
    NetworkPart {
        interface: interface.name.clone(),
        ip: ip.unwrap_or_default().to_owned(),
        mac: interface.mac.clone(),
        rx_bytes: interface.received_bytes,
        tx_bytes: interface.transmitted_bytes,
        speed_mbps: interface.speed_mbps.unwrap_or(0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is no exact figure")]
fn percent(part: u64, whole: u64) -> f64 {
    tenths(part as f64 * 100.0 / whole.max(1) as f64)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Core, Cpu, Host, Load, Memory};
    use plugin_api::serde_json::{json, to_value};

    fn machine() -> Machine {
        let core = |frequency_mhz| Core {
            name: String::new(),
            usage_percent: None,
            frequency_mhz,
        };
        let interface = |name: &str, addresses: &[&str], speed_mbps| Interface {
            name: name.to_owned(),
            addresses: addresses
                .iter()
                .map(|&address| address.to_owned())
                .collect(),
            mac: "02:00:00:00:00:01".to_owned(),
            speed_mbps,
            received_bytes: 7,
            transmitted_bytes: 8,
            received_bytes_per_s: None,
            transmitted_bytes_per_s: None,
            errors: 0,
        };
        Machine {
            sampled_unix_ms: 1,
            host: Host {
                name: Some("box".to_owned()),
                os: None,
                kernel: None,
                arch: "x86_64".to_owned(),
                uptime_s: Some(9),
            },
            cpu: Cpu {
                usage_percent: Some(12.34),
                interval_ms: Some(1000),
                model: "Model".to_owned(),
                vendor: "Vendor".to_owned(),
                physical_cores: Some(1),
                cores: vec![core(1000), core(2000)],
                load: Some(Load {
                    one: 0.1,
                    five: 0.2,
                    fifteen: 0.3,
                }),
            },
            memory: Memory {
                total_bytes: 1000,
                used_bytes: 300,
                available_bytes: 600,
                swap_total_bytes: 0,
                swap_used_bytes: 0,
            },
            disks: vec![Disk {
                name: "/dev/sda1".to_owned(),
                mount_point: "/".to_owned(),
                file_system: "ext4".to_owned(),
                kind: "SSD",
                total_bytes: 300,
                available_bytes: 100,
                removable: false,
                read_only: false,
            }],
            network: vec![
                interface("eth0", &["fe80::1/64", "10.0.0.7/8"], Some(1000)),
                interface("lo", &["::1/128"], None),
                interface("down", &[], None),
            ],
        }
    }

    #[test]
    fn the_form_is_this_and_no_other() {
        let mac = "02:00:00:00:00:01";
        let network = |interface, ip, speed| {
            json!({ "interface": interface, "ip": ip, "mac": mac, "rx_bytes": 7, "tx_bytes": 8,
                    "speed_mbps": speed })
        };
        assert_eq!(
            to_value(Overview::from(&machine())).unwrap(),
            json!({
                "system": { "hostname": "box", "uptime": 9, "kernel": "", "arch": "x86_64" },
                "cpu": { "model": "Model", "vendor": "Vendor", "cores_physical": 1,
                         "cores_logical": 2, "percent": 12.3, "load_avg": [0.1, 0.2, 0.3],
                         "freq_mhz": 1500 },
                "memory": { "total": 1000, "available": 600, "percent": 40.0, "used": 300 },
                "disks": [{ "mount": "/", "device": "/dev/sda1", "fstype": "ext4", "type": "SSD",
                            "total": 300, "used": 200, "percent": 66.7 }],
                "network": [network("eth0", "10.0.0.7", 1000), network("lo", "::1", 0),
                            network("down", "", 0)],
                "gpus": [],
            })
        );
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        let mut machine = machine();
        machine.cpu.usage_percent = None;
        machine.cpu.load = None;
        machine.cpu.cores.clear();
        machine.disks[0].total_bytes = 0;
        let overview = to_value(Overview::from(&machine)).unwrap();
        assert_eq!(overview["cpu"]["percent"], 0.0);
        assert_eq!(overview["cpu"]["load_avg"], json!([0.0, 0.0, 0.0]));
        assert_eq!(overview["cpu"]["freq_mhz"], 0);
        assert_eq!(overview["disks"][0]["percent"], 0.0);
    }
}
