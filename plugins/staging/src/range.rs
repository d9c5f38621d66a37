//! Which part of a file an answer holds ([RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)).

use http_range_header::parse_range_header_with_max_ranges;
use std::{num::NonZeroUsize, ops::Range};

/// What a request gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// 200: everything.
    Whole,
    /// 206: these bytes.
    Some(Range<u64>),
    /// 416: there are no such bytes.
    None,
}

/// Decides by the headers `Range` and `If-Range`.
///
/// A range that cannot be read, one in another unit, and several at once count as none, as the RFC
/// allows. `If-Range` with a date does as well: no answer has one to compare.
pub(crate) fn part(range: Option<&str>, if_range: Option<&str>, etag: &str, size: u64) -> Part {
    let Some(range) = range else {
        return Part::Whole;
    };
    if if_range.is_some_and(|known| known != etag) {
        return Part::Whole;
    }
    let Ok(ranges) = parse_range_header_with_max_ranges(range, NonZeroUsize::MIN) else {
        return Part::Whole;
    };
    match ranges.validate(size) {
        Ok(ranges) => match ranges.first() {
            Some(range) => Part::Some(*range.start()..range.end().saturating_add(1)),
            None => Part::None,
        },
        Err(_) => Part::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, size: u64) -> Part {
        part(Some(range), None, "\"e\"", size)
    }

    #[test]
    fn a_range_is_read_as_the_rfc_says() {
        assert_eq!(of("bytes=0-3", 10), Part::Some(0..4));
        assert_eq!(of("bytes=4-", 10), Part::Some(4..10));
        assert_eq!(of("bytes=-3", 10), Part::Some(7..10));
        assert_eq!(of("bytes=8-100", 10), Part::Some(8..10));
        assert_eq!(of("bytes=-100", 10), Part::Some(0..10));
    }

    #[test]
    fn what_is_beyond_the_end_cannot_be_given() {
        assert_eq!(of("bytes=10-", 10), Part::None);
        assert_eq!(of("bytes=0-", 0), Part::None);
        assert_eq!(of("bytes=-0", 10), Part::None);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_passed_over() {
        for range in [
            "lines=1-2",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=0-1,4-5",
            "",
            "bytes=",
        ] {
            assert_eq!(of(range, 10), Part::Whole, "{range}");
        }
    }

    #[test]
    fn a_range_counts_only_for_the_file_that_it_is_of() {
        let of = |if_range| part(Some("bytes=0-3"), if_range, "\"e\"", 10);
        assert_eq!(of(Some("\"e\"")), Part::Some(0..4));
        for other in ["\"f\"", "W/\"e\"", "Sat, 28 Nov 2026 10:00:00 GMT"] {
            assert_eq!(of(Some(other)), Part::Whole, "{other}");
        }
    }
}
