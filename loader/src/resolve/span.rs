//! Whether a release is in a range, where both are plain numbers.

use semver::{Comparator, Op, Version, VersionReq};

/// What [`VersionReq::matches`] says of a version of three numbers and nothing else.
///
/// Each comparator is a span of releases, compared as single numbers: less to guess for the
/// processor than part by part.
pub(super) fn matches(range: &VersionReq, release: [u32; 3]) -> bool {
    let number = packed(release.map(u64::from));
    let inside = |comparator: &Comparator| {
        span(comparator).map(|(first, end)| first <= number && number < end)
    };
    let all = range
        .comparators
        .iter()
        .try_fold(true, |all, comparator| Some(all & inside(comparator)?));
    all.unwrap_or_else(|| {
        let [major, minor, patch] = release.map(u64::from);
        range.matches(&Version::new(major, minor, patch))
    })
}

/// Three numbers below 2^32 as one, in the same order.
fn packed([major, minor, patch]: [u64; 3]) -> u128 {
    (u128::from(major) << 64) + (u128::from(minor) << 32) + u128::from(patch)
}

/// The first release that a comparator accepts, and the first after it that it does not; `None`
/// where it is not that simple.
fn span(comparator: &Comparator) -> Option<(u128, u128)> {
    let Comparator {
        op,
        major,
        minor,
        patch,
        ref pre,
    } = *comparator;
    let (minor_or, patch_or) = (minor.unwrap_or(0), patch.unwrap_or(0));
    if !pre.is_empty() || (major | minor_or | patch_or) > u64::from(u32::MAX) {
        return None;
    }
    let first = packed([major, minor_or, patch_or]);
    // The end of the releases that are like the first one down to the minor or major version.
    let after = |rest: u128| (first | (rest - 1)) + 1;
    let (next_major, next_minor) = (after(1 << 64), after(1 << 32));
    let next = match (minor, patch) {
        (None, _) => next_major,
        (_, None) => next_minor,
        _ => first + 1,
    };
    Some(match op {
        Op::Exact | Op::Wildcard => (first, next),
        Op::Greater => (next, u128::MAX),
        Op::GreaterEq => (first, u128::MAX),
        Op::Less => (0, first),
        Op::LessEq => (0, next),
        Op::Tilde if minor.is_none() => (first, next_major),
        Op::Tilde => (first, next_minor),
        Op::Caret if major > 0 || minor.is_none() => (first, next_major),
        Op::Caret if minor_or > 0 || patch.is_none() => (first, next_minor),
        Op::Caret => (first, next),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::matches;
    use semver::{Version, VersionReq};

    #[test]
    fn as_semver_says() {
        let numbers = [0, 1, 2, 9, u32::MAX];
        let mut ranges = Vec::new();
        for op in ["=", ">", ">=", "<", "<=", "~", "^"] {
            for major in numbers {
                ranges.push(format!("{op}{major}"));
                for minor in numbers {
                    ranges.push(format!("{op}{major}.{minor}"));
                    ranges.extend(numbers.map(|patch| format!("{op}{major}.{minor}.{patch}")));
                    ranges.push(format!("{op}{major}.{minor}.1-rc.1"));
                    ranges.push(format!("{op}{major}.{minor}.4294967296"));
                    ranges.push(format!(">={major}.{minor}, <2"));
                }
            }
        }
        ranges.extend(["*", "1.*", "0.*", "1.2.*", "0.0.*", "1.*.*"].map(str::to_owned));
        for range in ranges {
            let parsed = VersionReq::parse(&range).unwrap();
            for major in numbers {
                for minor in numbers {
                    for patch in numbers {
                        let version = Version::new(major.into(), minor.into(), patch.into());
                        assert_eq!(
                            matches(&parsed, [major, minor, patch]),
                            parsed.matches(&version),
                            "{version} in {range}"
                        );
                    }
                }
            }
        }
    }
}
