//! Between which frequencies the processor's cores run.

use plugin_api::serde_json::{Value, json};
use std::{fs, path::Path};

/// Where Linux has a directory for each core.
const CORES: &str = "/sys/devices/system/cpu";

/// `current` as it is given, and `min` and `max`, in MHz: means of the cores. `null` where the system
/// does not tell, as in many virtual machines.
pub(crate) fn of_cores(current: Option<u64>) -> Value {
    json!({
        "current": current,
        "min": mean(Path::new(CORES), "scaling_min_freq"),
        "max": mean(Path::new(CORES), "scaling_max_freq"),
    })
}

/// The mean of a file of each core, whose figure is in kHz.
fn mean(cores: &Path, file: &str) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for core in fs::read_dir(cores).ok()?.flatten() {
        let text = fs::read_to_string(core.path().join("cpufreq").join(file));
        if let Some(khz) = text.ok().and_then(|text| text.trim().parse::<f64>().ok()) {
            sum += khz / 1000.0;
            count += 1.0;
        }
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_of_the_cores_that_tell() {
        let place = tempfile::tempdir().unwrap();
        for (core, khz) in [
            ("cpu0", "1000000\n"),
            ("cpu1", "2000000\n"),
            ("cpu2", "no\n"),
        ] {
            let dir = place.path().join(core).join("cpufreq");
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("scaling_min_freq"), khz).unwrap();
        }
        fs::create_dir(place.path().join("cpuidle")).unwrap();
        assert_eq!(mean(place.path(), "scaling_min_freq"), Some(1500.0));
        assert_eq!(mean(place.path(), "scaling_max_freq"), None);
    }
}
