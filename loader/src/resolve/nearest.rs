//! The name that somebody may have meant.

/// How many names are compared letter by letter with one that is not known.
const COMPARED: usize = 1_000;

/// How many unknown names of one resolution get a suggestion looked for.
const ASKED: usize = 16;

/// The known name nearest to one that is not known, where one is near enough: a letter for each
/// three may differ, up to three; two that are swapped count as one. Of equally near names the
/// first in order. Of many candidates with the same letters, only the first thousand are looked at.
///
/// ```
/// assert_eq!(jackfield_loader::nearest("stroe", ["report", "store"]), Some("store"));
/// assert_eq!(jackfield_loader::nearest("clock", ["report", "store"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.len() / 3).min(3);
    let letters = letters(name);
    known
        .into_iter()
        .filter(|other| {
            let differ = (self::letters(other) ^ letters).count_ones() as usize;
            other.len().abs_diff(name.len()) <= allowed && differ <= 2 * allowed
        })
        .take(COMPARED)
        .map(|other| (strsim::osa_distance(name, other), other))
        .filter(|&(distance, _)| distance <= allowed)
        .min()
        .map(|(_, other)| other)
}

/// Which letters occur, a bit each: one letter put for another changes two of them at most.
fn letters(name: &str) -> u64 {
    name.bytes().fold(0, |set, byte| set | 1 << (byte & 63))
}

/// Suggestions for the unknown names of one resolution; for the first few only, so that a directory
/// in which everything is missing is not compared with itself.
#[derive(Default)]
pub(super) struct Suggestions<'a> {
    asked: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Suggestions<'a> {
    /// The known name nearest to an unknown one.
    pub(super) fn of(&mut self, name: &'a str, known: &[&'a str]) -> Option<&'a str> {
        if let Some(&(_, found)) = self.asked.iter().find(|(asked, _)| *asked == name) {
            return found;
        }
        if self.asked.len() == ASKED {
            return None;
        }
        let found = nearest(name, known.iter().copied());
        self.asked.push((name, found));
        found
    }
}
