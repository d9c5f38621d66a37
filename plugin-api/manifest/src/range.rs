use semver::{Comparator, Op, Prerelease, Version, VersionReq};
use std::{fmt, str::FromStr};

/// How many comparators fit into a [`Range`] itself.
const HELD: usize = 2;

/// A range of versions: what [`VersionReq`] says, packed.
///
/// Nearly every range is one or two comparators of small numbers. These take 32 bytes and no
/// allocation, so that a host with ten thousand plugins does not wait for the memory of each range.
#[derive(Clone, PartialEq, Eq)]
pub struct Range(Repr);

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    /// Those that there are, then `None`.
    Packed([Option<Packed>; HELD]),
    /// More of them, pre-releases, or numbers from 2^32.
    Whole(Box<VersionReq>),
}

/// A comparator without a pre-release.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Packed {
    op: Op,
    /// How many of the numbers are given; the others are zero.
    given: Given,
    numbers: [u32; 3],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Major,
    Minor,
    Patch,
}

impl Range {
    /// Accepts every version that is no pre-release.
    pub const ANY: Self = Self(Repr::Packed([None; HELD]));

    /// Whether a version is in the range, by the rules of `semver`.
    pub fn matches(&self, version: &Version) -> bool {
        match (&self.0, release(version)) {
            (Repr::Packed(_), Some(release)) => self.contains(release),
            _ => self.to_req().matches(version),
        }
    }

    /// Whether `major.minor.patch` is in the range.
    ///
    /// Each comparator is a span of releases, compared as single numbers: less to guess for the
    /// processor than part by part.
    pub fn contains(&self, [major, minor, patch]: [u32; 3]) -> bool {
        match &self.0 {
            Repr::Packed(all) => {
                let number = packed([major, minor, patch]);
                all.iter().flatten().fold(true, |inside, comparator| {
                    let (first, end) = comparator.span();
                    inside & (first <= number) & (number < end)
                })
            }
            Repr::Whole(range) => {
                let [major, minor, patch] = [major, minor, patch].map(u64::from);
                range.matches(&Version::new(major, minor, patch))
            }
        }
    }

    /// The same, as `semver` has it.
    pub fn to_req(&self) -> VersionReq {
        match &self.0 {
            Repr::Packed(all) => VersionReq {
                comparators: all.iter().flatten().map(Packed::whole).collect(),
            },
            Repr::Whole(range) => VersionReq::clone(range),
        }
    }
}

impl From<VersionReq> for Range {
    fn from(range: VersionReq) -> Self {
        let mut all = [None; HELD];
        if range.comparators.len() <= HELD {
            for (place, comparator) in all.iter_mut().zip(&range.comparators) {
                *place = Packed::new(comparator);
                if place.is_none() {
                    return Self(Repr::Whole(Box::new(range)));
                }
            }
            return Self(Repr::Packed(all));
        }
        Self(Repr::Whole(Box::new(range)))
    }
}

impl FromStr for Range {
    type Err = semver::Error;

    fn from_str(text: &str) -> Result<Self, semver::Error> {
        VersionReq::parse(text).map(Self::from)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_req(), f)
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Range({self})")
    }
}

impl serde::Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Packed {
    fn new(comparator: &Comparator) -> Option<Self> {
        let Comparator {
            op,
            major,
            minor,
            patch,
            ref pre,
        } = *comparator;
        let given = match (minor, patch) {
            (None, None) => Given::Major,
            (Some(_), None) => Given::Minor,
            (Some(_), Some(_)) => Given::Patch,
            (None, Some(_)) => return None,
        };
        let known = matches!(
            op,
            Op::Exact
                | Op::Greater
                | Op::GreaterEq
                | Op::Less
                | Op::LessEq
                | Op::Tilde
                | Op::Caret
                | Op::Wildcard
        );
        if !known || !pre.is_empty() {
            return None;
        }
        let small = |number: u64| u32::try_from(number).ok();
        let numbers = [
            small(major)?,
            small(minor.unwrap_or(0))?,
            small(patch.unwrap_or(0))?,
        ];
        Some(Self { op, given, numbers })
    }

    fn whole(&self) -> Comparator {
        let [major, minor, patch] = self.numbers.map(u64::from);
        Comparator {
            op: self.op,
            major,
            minor: (self.given != Given::Major).then_some(minor),
            patch: (self.given == Given::Patch).then_some(patch),
            pre: Prerelease::EMPTY,
        }
    }

    /// The first release that it accepts, and the first after that which it does not.
    fn span(self) -> (u128, u128) {
        let first = packed(self.numbers);
        // The end of the releases that are like the first one down to the minor or major version.
        let after = |rest: u128| (first | (rest - 1)) + 1;
        let (next_major, next_minor) = (after(1 << 64), after(1 << 32));
        let next = match self.given {
            Given::Major => next_major,
            Given::Minor => next_minor,
            Given::Patch => first + 1,
        };
        match self.op {
            Op::Greater => (next, u128::MAX),
            Op::GreaterEq => (first, u128::MAX),
            Op::Less => (0, first),
            Op::LessEq => (0, next),
            Op::Tilde if self.given != Given::Major => (first, next_minor),
            Op::Tilde => (first, next_major),
            Op::Caret => (first, self.caret(next, next_minor, next_major)),
            // `=` and `*`; there is no other that `new` lets in.
            _ => (first, next),
        }
    }

    /// What is like the first down to the first number that is given and not zero.
    fn caret(self, next: u128, next_minor: u128, next_major: u128) -> u128 {
        let [major, minor, _] = self.numbers;
        if major > 0 || self.given == Given::Major {
            next_major
        } else if minor > 0 || self.given == Given::Minor {
            next_minor
        } else {
            next
        }
    }
}

/// Three numbers as one, in the same order.
fn packed([major, minor, patch]: [u32; 3]) -> u128 {
    (u128::from(major) << 64) + (u128::from(minor) << 32) + u128::from(patch)
}

/// A version's numbers, where it is three small ones and no pre-release.
fn release(version: &Version) -> Option<[u32; 3]> {
    let number = |number| {
        u32::try_from(number)
            .ok()
            .filter(|_| version.pre.is_empty())
    };
    Some([
        number(version.major)?,
        number(version.minor)?,
        number(version.patch)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::{Range, Repr};
    use semver::{Version, VersionReq};

    const NUMBERS: [u32; 5] = [0, 1, 2, 9, u32::MAX];

    fn ranges() -> Vec<String> {
        let mut ranges = Vec::new();
        for op in ["=", ">", ">=", "<", "<=", "~", "^"] {
            for major in NUMBERS {
                ranges.push(format!("{op}{major}"));
                for minor in NUMBERS {
                    ranges.push(format!("{op}{major}.{minor}"));
                    ranges.extend(NUMBERS.map(|patch| format!("{op}{major}.{minor}.{patch}")));
                    ranges.push(format!("{op}{major}.{minor}.1-rc.1"));
                    ranges.push(format!("{op}{major}.{minor}.4294967296"));
                    ranges.push(format!(">={major}.{minor}, <2"));
                    ranges.push(format!(">={major}.{minor}, <2, >0.1"));
                }
            }
        }
        ranges.extend(["*", "1.*", "0.*", "1.2.*", "0.0.*", "1.*.*"].map(str::to_owned));
        ranges
    }

    #[test]
    fn matches_what_semver_matches() {
        for text in ranges() {
            let (range, whole): (Range, VersionReq) =
                (text.parse().unwrap(), text.parse().unwrap());
            for major in NUMBERS {
                for minor in NUMBERS {
                    for patch in NUMBERS {
                        let version = Version::new(major.into(), minor.into(), patch.into());
                        let expected = whole.matches(&version);
                        assert_eq!(range.matches(&version), expected, "{version} in {range}");
                        assert_eq!(range.contains([major, minor, patch]), expected);
                        for odd in [format!("{version}-rc.1"), format!("{version}+b.1")] {
                            let odd = Version::parse(&odd).unwrap();
                            assert_eq!(
                                range.matches(&odd),
                                whole.matches(&odd),
                                "{odd} in {range}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn says_what_it_was_made_of() {
        for text in ranges() {
            let whole = VersionReq::parse(&text).unwrap();
            let range = Range::from(whole.clone());
            assert_eq!(range.to_req(), whole);
            assert_eq!(range.to_string(), whole.to_string());
        }
        assert_eq!("*".parse::<Range>().unwrap(), Range::ANY);
    }

    #[test]
    fn the_usual_ones_are_packed() {
        for text in ["*", "1", "^1.2", "~1.2.3", ">=1.2, <2", "=1.0.0", "1.*"] {
            let Range(repr) = text.parse().unwrap();
            assert!(matches!(repr, Repr::Packed(_)), "{text}");
        }
        assert_eq!(size_of::<Range>(), 32);
    }
}
