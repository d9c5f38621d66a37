//! The audit log is read.

use super::{AuditError, Entry, NAME, trail::aside};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// A line that is longer is none: no more of it is held in memory.
const LONGEST_LINE: u64 = 64 * 1024;

/// The last lines.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The oldest first.
    pub(crate) entries: VecDeque<Entry>,
    /// How many lines of the files that were looked at could not be read.
    pub(crate) broken: u64,
}

/// Reads the last lines of the audit log of a state directory, whose host may run: at most so many
/// of those that are wanted.
///
/// # Errors
///
/// [`AuditError::Read`].
pub(crate) fn past(
    state: &Path,
    most: usize,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Past, AuditError> {
    let path = state.join(NAME);
    let mut past = Past::default();
    let mut number = 0;
    // From the youngest file to the oldest.
    while past.entries.len() < most {
        let file = match number {
            0 => path.clone(),
            number => aside(&path, number),
        };
        match read(&file, most - past.entries.len(), &wanted) {
            Ok(mut older) => {
                older.entries.append(&mut past.entries);
                older.broken += past.broken;
                past = older;
            }
            // One may be on its way to being put aside.
            Err(error) if error.kind() == io::ErrorKind::NotFound && number == 0 => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(source) => return Err(unreadable(file, source)),
        }
        number += 1;
    }
    Ok(past)
}

fn unreadable(path: PathBuf, source: io::Error) -> AuditError {
    AuditError::Read { path, source }
}

/// The last lines of one file.
fn read(path: &Path, most: usize, wanted: impl Fn(&Entry) -> bool) -> io::Result<Past> {
    let mut lines = BufReader::new(File::open(path)?);
    let mut past = Past::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut lines)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(past);
        }
        match Entry::read(&line) {
            Some(entry) if wanted(&entry) => {
                if past.entries.len() == most {
                    past.entries.pop_front();
                }
                past.entries.push_back(entry);
            }
            Some(_) => {}
            None => past.broken += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn lines(actions: &[&str]) -> Vec<u8> {
        let lines = actions
            .iter()
            .map(|action| Entry::new("local", action).line());
        lines.flatten().collect()
    }

    fn actions(state: &Path, most: usize) -> (Vec<String>, u64) {
        let past = past(state, most, |entry| entry.action != "no").unwrap();
        let actions = past.entries.into_iter().map(|entry| entry.action);
        (actions.collect(), past.broken)
    }

    #[test]
    fn the_last_are_read_across_files() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path();
        assert_eq!(actions(state, 9), (vec![], 0));
        let path = state.join(NAME);
        fs::write(&path, lines(&["5", "no", "6"])).unwrap();
        fs::write(aside(&path, 1), lines(&["3", "4"])).unwrap();
        fs::write(aside(&path, 2), lines(&["1", "2"])).unwrap();
        let of = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(actions(state, 9), (of(&["1", "2", "3", "4", "5", "6"]), 0));
        assert_eq!(actions(state, 3), (of(&["4", "5", "6"]), 0));
        assert_eq!(actions(state, 1), (of(&["6"]), 0));
        fs::remove_file(&path).unwrap();
        assert_eq!(actions(state, 3), (of(&["2", "3", "4"]), 0));
    }

    #[test]
    fn what_is_no_line_is_counted() {
        let directory = tempfile::tempdir().unwrap();
        let long = format!("{{\"time\":\"{}\"}}\n", "x".repeat(100_000));
        let text = [b"hal\n".as_slice(), &lines(&["1"]), long.as_bytes(), b"\n"].concat();
        fs::write(directory.path().join(NAME), text).unwrap();
        assert_eq!(actions(directory.path(), 9), (vec!["1".to_owned()], 4));
    }
}
