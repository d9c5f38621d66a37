//! Figures that look like those of a machine: a wave, and noise.

use schemars::JsonSchema;
use serde::Serialize;
use std::{f64::consts::TAU, time::Duration};

/// A figure that is made up, as `GET /signals` tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Signal {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// What it goes up and down around.
    #[serde(skip)]
    base: f64,
    #[serde(skip)]
    swing: f64,
    #[serde(skip)]
    noise: f64,
    #[serde(skip)]
    period_s: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// All of them.
pub(crate) const SIGNALS: [Signal; 6] = [
    signal("cpu_percent", "%", [45.0, 25.0, 8.0], 300.0, 100.0),
    signal("memory_percent", "%", [60.0, 12.0, 2.0], 1800.0, 100.0),
    signal("requests_per_s", "1/s", [240.0, 160.0, 30.0], 600.0, 1e6),
    signal("latency_ms", "ms", [35.0, 15.0, 10.0], 450.0, 1e6),
    signal("error_percent", "%", [0.6, 0.4, 0.5], 900.0, 100.0),
    signal("queue_length", "", [12.0, 9.0, 4.0], 240.0, 1e6),
];

/// Of a base, a swing and noise, in that order.
const fn signal(
    name: &'static str,
    unit: &'static str,
    [base, swing, noise]: [f64; 3],
    period_s: f64,
    most: f64,
) -> Signal {
    Signal {
        name,
        unit,
        base,
        swing,
        noise,
        period_s,
        least: 0.0,
        most,
    }
}

impl Signal {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SIGNALS.iter().find(|signal| signal.name == name)
    }

    /// The figure at a time: the same for the same seed, whoever asks and how often.
    pub(crate) fn at(&self, seed: u64, time: Duration) -> f64 {
        let own = self
            .name
            .bytes()
            .fold(seed, |hash, byte| mix(hash ^ u64::from(byte)));
        let seconds = time.as_secs_f64();
        let phase = unit(mix(own));
        let wave = (TAU * (seconds / self.period_s + phase)).sin();
        // A value for each second, and a straight line between two of them.
        let (second, part) = (time.as_secs(), seconds.fract());
        let noise = |second: u64| unit(mix(own ^ mix(second))) * 2.0 - 1.0;
        let noise = noise(second) * (1.0 - part) + noise(second.wrapping_add(1)) * part;
        self.bounded(self.base + self.swing * wave + self.noise * noise)
    }

    /// Within its bounds, to hundredths.
    pub(crate) fn bounded(&self, value: f64) -> f64 {
        (value.clamp(self.least, self.most) * 100.0).round() / 100.0
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// From 0 to 1, without 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_one_that_was_published() {
        // The first two numbers of SplitMix64 from the seed 1234567.
        let golden = 0x9e37_79b9_7f4a_7c15_u64;
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(
            mix(1_234_567_u64.wrapping_add(golden)),
            3_203_168_211_198_807_973
        );
    }

    #[test]
    fn a_figure_depends_on_seed_and_time_only() {
        let time = Duration::from_millis(12_345);
        for signal in SIGNALS {
            assert_eq!(signal.at(1, time), signal.at(1, time), "{}", signal.name);
            assert_ne!(signal.at(1, time), signal.at(2, time), "{}", signal.name);
            let later = time + Duration::from_secs(20);
            assert_ne!(signal.at(1, time), signal.at(1, later), "{}", signal.name);
        }
    }

    #[test]
    fn figures_stay_within_their_bounds_and_do_not_jump() {
        for signal in SIGNALS {
            let mut last = signal.at(7, Duration::ZERO);
            for tenth in 1..36_000 {
                let value = signal.at(7, Duration::from_millis(tenth * 100));
                assert!(
                    (signal.least..=signal.most).contains(&value),
                    "{}: {value}",
                    signal.name
                );
                // A tenth of a second moves it by a tenth of the noise at most, and of the wave a bit.
                let step = signal.noise * 0.2 + signal.swing * 0.02;
                assert!(
                    (value - last).abs() <= step + 0.02,
                    "{}: {last} {value}",
                    signal.name
                );
                last = value;
            }
        }
        assert_eq!(
            SIGNALS[0].at(7, Duration::MAX).to_bits(),
            SIGNALS[0].at(7, Duration::MAX).to_bits()
        );
    }
}
