/// A time as a person reads it: the two largest units.
pub(crate) fn elapsed(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        let times = [0, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000];
        let expected = ["0s", "59s", "1m 00s", "59m 59s", "1h 00m", "1d 01h"];
        assert_eq!(times.map(elapsed), expected);
    }
}
