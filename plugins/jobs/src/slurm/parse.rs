//! What Slurm's commands print.

use crate::{
    fault::Fault,
    job::{Ended, State},
};

/// What is told of one job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: u64,
    /// `None` for a state that is not documented.
    pub(super) state: Option<State>,
    pub(super) ended: Ended,
}

/// What `sbatch --parsable` prints: the id, and behind a `;` the name of the cluster where there are
/// several ([sbatch](https://slurm.schedmd.com/sbatch.html#OPT_parsable)).
pub(super) fn submitted(text: &str) -> Result<u64, Fault> {
    let line = text.trim();
    let id = line.split(';').next().unwrap_or_default();
    id.parse()
        .map_err(|_| unexpected("sbatch", "the id of a job", line))
}

/// What `squeue --noheader --Format=JobID:|,State:|,exit_code:|` prints: the `|` is a suffix of each
/// field, and the exit code is what `wait` gives ([squeue](https://slurm.schedmd.com/squeue.html#OPT_Format)).
pub(super) fn queue(text: &str) -> Result<Vec<Line>, Fault> {
    let expected = "lines of JobID|State|exit_code|";
    lines("squeue", expected, text, |exit_code| {
        let raw: i32 = exit_code.parse().ok()?;
        Some(ended(raw >> 8 & 0xff, raw & 0x7f))
    })
}

/// What `sacct --noheader --parsable2 --format=JobIDRaw,State,ExitCode` prints: an exit code is that of
/// the process, and behind a `:` the signal that ended it ([sacct](https://slurm.schedmd.com/sacct.html#OPT_ExitCode)).
pub(super) fn accounts(text: &str) -> Result<Vec<Line>, Fault> {
    let expected = "lines of JobIDRaw|State|ExitCode";
    lines("sacct", expected, text, |exit_code| {
        let (code, signal) = exit_code.split_once(':')?;
        Some(ended(code.parse().ok()?, signal.parse().ok()?))
    })
}

fn lines(
    program: &'static str,
    expected: &str,
    text: &str,
    ended: impl Fn(&str) -> Option<Ended>,
) -> Result<Vec<Line>, Fault> {
    let read = |line: &str| {
        let mut fields = line.trim().split('|').map(str::trim);
        let (id, word, exit_code) = (fields.next()?, fields.next()?, fields.next()?);
        let (state, mut ended) = (state(word), ended(exit_code)?);
        let began = !matches!(state, Some(State::Cancelled)) || ended.exit_code != Some(0);
        if !began {
            // It was cancelled before it began, so it has no exit code.
            ended = Ended::default();
        }
        let id = id.parse().ok()?;
        Some(Line { id, state, ended })
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| read(line).ok_or_else(|| unexpected(program, expected, line)))
        .collect()
}

fn ended(code: i32, signal: i32) -> Ended {
    let is_signal = signal != 0;
    Ended {
        exit_code: (!is_signal).then_some(code),
        signal: is_signal.then_some(signal),
    }
}

/// Slurm's states ([job state codes](https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES)).
/// `sacct` adds who cancelled a job.
fn state(word: &str) -> Option<State> {
    Some(match word.split([' ', '+']).next().unwrap_or_default() {
        "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED"
        | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => State::Queued,
        "RUNNING" | "COMPLETING" | "SUSPENDED" | "STOPPED" | "SIGNALING" | "STAGE_OUT"
        | "RESIZING" => State::Running,
        "COMPLETED" => State::Completed,
        "CANCELLED" => State::Cancelled,
        "TIMEOUT" | "DEADLINE" => State::TimedOut,
        "FAILED" | "BOOT_FAIL" | "NODE_FAIL" | "OUT_OF_MEMORY" | "PREEMPTED" | "REVOKED" => {
            State::Failed
        }
        _ => return None,
    })
}

fn unexpected(program: &'static str, expected: &str, found: &str) -> Fault {
    Fault::Scheduler {
        program,
        said: format!("expected {expected}, found `{found}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id, the state, the exit code, the signal.
    type Told = (u64, Option<State>, Option<i32>, Option<i32>);

    fn told(lines: Vec<Line>) -> Vec<Told> {
        let tell = |line: Line| (line.id, line.state, line.ended.exit_code, line.ended.signal);
        lines.into_iter().map(tell).collect()
    }

    #[test]
    fn the_id_of_a_submitted_job_is_read() {
        assert_eq!(submitted("17\n").unwrap(), 17);
        assert_eq!(submitted("17;cluster\n").unwrap(), 17);
        assert_eq!(
            submitted("Submitted batch job 17\n")
                .unwrap_err()
                .to_string(),
            "sbatch: expected the id of a job, found `Submitted batch job 17`"
        );
    }

    // Recorded from Slurm 22.05.8: a job that was cancelled while it ran, one that was before, one that
    // ended by itself, one with exit code 3, one that runs, one that waits.
    #[test]
    fn what_squeue_printed_is_read() {
        let text = "2|CANCELLED|15|\n3|CANCELLED|0|\n4|COMPLETED|0|\n1|FAILED|768|\n5|RUNNING|0|\n\
                    6|PENDING|0|\n";
        assert_eq!(
            told(queue(text).unwrap()),
            [
                (2, Some(State::Cancelled), None, Some(15)),
                (3, Some(State::Cancelled), None, None),
                (4, Some(State::Completed), Some(0), None),
                (1, Some(State::Failed), Some(3), None),
                (5, Some(State::Running), Some(0), None),
                (6, Some(State::Queued), Some(0), None),
            ]
        );
        assert_eq!(queue("").unwrap(), []);
    }

    // By the manual of sacct: the form of `--parsable2`, and `CANCELLED by` with a user's number.
    #[test]
    fn what_sacct_is_documented_to_print_is_read() {
        let text = "1|FAILED|3:0\n2|CANCELLED by 1000|0:15\n3|TIMEOUT|0:0\n4|OUT_OF_MEMORY|0:125\n\
                    5|COMPLETED|0:0\n";
        assert_eq!(
            told(accounts(text).unwrap()),
            [
                (1, Some(State::Failed), Some(3), None),
                (2, Some(State::Cancelled), None, Some(15)),
                (3, Some(State::TimedOut), Some(0), None),
                (4, Some(State::Failed), None, Some(125)),
                (5, Some(State::Completed), Some(0), None),
            ]
        );
    }

    #[test]
    fn a_state_that_is_not_known_is_none_and_a_line_that_cannot_be_read_an_error() {
        assert_eq!(told(queue("1|DREAMING|0|\n").unwrap())[0].1, None);
        assert_eq!(
            queue("1|RUNNING\n").unwrap_err().to_string(),
            "squeue: expected lines of JobID|State|exit_code|, found `1|RUNNING`"
        );
        assert_eq!(
            accounts("slurm is down").unwrap_err().to_string(),
            "sacct: expected lines of JobIDRaw|State|ExitCode, found `slurm is down`"
        );
    }
}
