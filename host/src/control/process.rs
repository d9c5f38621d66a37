//! What the operating system tells of this process and of the machine.

use serde_json::{Value, json};
#[cfg(target_os = "linux")]
use std::fs;

/// `pid`, `memory_mb`, `cpu_percent` (of one processor, since the process began), `threads`,
/// `open_files`; `null` for what the system does not tell.
pub(crate) fn process(uptime: std::time::Duration) -> Value {
    let cpu = super::system::cpu()
        .map(|cpu| 100.0 * cpu.as_secs_f64() / uptime.as_secs_f64().max(f64::MIN_POSITIVE));
    json!({
        "pid": std::process::id(),
        "memory_mb": resident_kib().map(|kib| kib as f64 / 1024.0),
        "cpu_percent": cpu,
        "threads": entries("/proc/self/task"),
        // The directory that is read is open itself.
        "open_files": entries("/proc/self/fd").map(|count| count.saturating_sub(1)),
    })
}

/// `cpus`, `load_avg` (of 1, 5 and 15 minutes), `memory_total_mb`, `memory_available_mb`.
pub(crate) fn machine() -> Value {
    let cpus = std::thread::available_parallelism().ok();
    let mib = |key| field("/proc/meminfo", key).map(|kib| kib as f64 / 1024.0);
    json!({
        "cpus": cpus,
        "load_avg": load(),
        "memory_total_mb": mib("MemTotal:"),
        "memory_available_mb": mib("MemAvailable:"),
    })
}

fn resident_kib() -> Option<u64> {
    field("/proc/self/status", "VmRSS:")
}

#[cfg(target_os = "linux")]
fn field(path: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(target_os = "linux")]
fn load() -> Option<Vec<f64>> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let numbers = text.split(' ').take(3).map(str::parse);
    numbers.collect::<Result<_, _>>().ok()
}

#[cfg(target_os = "linux")]
fn entries(path: &str) -> Option<usize> {
    Some(fs::read_dir(path).ok()?.count())
}

#[cfg(not(target_os = "linux"))]
fn field(_: &str, _: &str) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn load() -> Option<Vec<f64>> {
    None
}

#[cfg(not(target_os = "linux"))]
fn entries(_: &str) -> Option<usize> {
    None
}
