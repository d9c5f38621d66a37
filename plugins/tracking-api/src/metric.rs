use abi_stable::{
    StableAbi,
    std_types::{ROption, RStr},
};

/// One number, as it was at a time.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq)]
pub struct Metric<'a> {
    name: RStr<'a>,
    value: f64,
    step: ROption<i64>,
    time_unix_ms: i64,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Metric<'_>>() == 48 && align_of::<Metric<'_>>() == 8);

impl<'a> Metric<'a> {
    /// That value under that name, measured at that time, in milliseconds since the Unix epoch.
    pub fn new(name: &'a str, value: f64, time_unix_ms: i64) -> Self {
        Self {
            name: name.into(),
            value,
            step: ROption::RNone,
            time_unix_ms,
        }
    }

    /// The same at a step of the experiment.
    #[must_use]
    pub fn at_step(self, step: Option<i64>) -> Self {
        Self {
            step: step.into(),
            ..self
        }
    }

    /// Under which name it goes, such as `train.loss`.
    pub fn name(&self) -> &'a str {
        self.name.as_str()
    }

    /// The number; finite when a backend is given it.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// At which step of the experiment, where it has steps.
    pub fn step(&self) -> Option<i64> {
        self.step.into_option()
    }

    /// When it was measured, in milliseconds since the Unix epoch.
    pub fn time_unix_ms(&self) -> i64 {
        self.time_unix_ms
    }
}
