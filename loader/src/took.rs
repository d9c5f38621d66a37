use std::{fmt, time::Duration};

/// A time as a person reads it: three digits at most, in the unit that leaves something of them.
pub(crate) struct Took(pub(crate) Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let millis = self.0.as_secs_f64() * 1e3;
        // Where a decimal would be rounded up to the next unit, it is that unit.
        match micros {
            0..1_000 => write!(f, "{micros} µs"),
            1_000..9_950 => write!(f, "{millis:.1} ms"),
            9_950..999_500 => write!(f, "{millis:.0} ms"),
            _ => write!(f, "{:.1} s", self.0.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_has_its_unit() {
        let texts = [
            (0, "0 µs"),
            (340, "340 µs"),
            (999, "999 µs"),
            (1_000, "1.0 ms"),
            (1_240, "1.2 ms"),
            (9_949, "9.9 ms"),
            (9_950, "10 ms"),
            (999_499, "999 ms"),
            (999_500, "1.0 s"),
            (2_140_000, "2.1 s"),
            (61_000_000, "61.0 s"),
        ];
        for (micros, text) in texts {
            assert_eq!(Took(Duration::from_micros(micros)).to_string(), text);
        }
    }
}
