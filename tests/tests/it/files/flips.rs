//! Does a library with a flipped bit in its headers ever reach `dlopen` and end the process?

use super::{half, numbers, word};
use jackfield_loader::{Candidate, Code, Depth, inspect};
use jackfield_tests::made;
use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Tells this binary, run again as a child, which libraries to load: one path a line.
const CHILD: &str = "JACKFIELD_TEST_LOAD";

/// Random flips over the section headers and the dynamic table, besides all of the others.
const RANDOM: usize = 1_500;

/// Not a test by itself: loads what its environment names, as a child of the others.
#[test]
fn child_loads() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a child process is told what to do this way"
    )]
    let Some(list) = std::env::var_os(CHILD) else {
        return;
    };
    for path in fs::read_to_string(list).unwrap().lines() {
        fs::write(format!("{path}.begun"), "").unwrap();
        let loaded = load(path);
        fs::write(
            format!("{path}.done"),
            if loaded { "loaded" } else { "refused" },
        )
        .unwrap();
    }
}

#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "the experiment is about what dlopen does, without the loader around it"
)]
fn load(path: &str) -> bool {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: the library's constructor only writes its own memory; if a flipped bit makes it do
    // anything else, it does so in a child process that is there to find out.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    let Ok(library) = library else {
        return false;
    };
    // SAFETY: the fixture defines `answer` as `int answer(void)`.
    let answer = unsafe { library.get::<extern "C" fn() -> i32>(c"answer") };
    if let Ok(answer) = answer {
        answer();
    }
    true
}

struct Flip {
    path: PathBuf,
    what: String,
}

/// Loads each in a child process, a new one after each death; says which ones killed it.
fn deadly(dir: &Path, flips: &[Flip]) -> Vec<String> {
    let list = dir.join("list");
    let marker = |flip: &Flip, end: &str| PathBuf::from(format!("{}.{end}", flip.path.display()));
    let mut dead = Vec::new();
    let mut left = flips;
    while !left.is_empty() {
        let lines: Vec<_> = left.iter().map(|f| f.path.display().to_string()).collect();
        fs::write(&list, lines.join("\n")).unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "files::flips::child_loads", "--nocapture"])
            .env(CHILD, &list)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let done = left
            .iter()
            .take_while(|f| marker(f, "done").exists())
            .count();
        if let Some(flip) = left.get(done) {
            assert!(
                marker(flip, "begun").exists() && !status.success(),
                "{}",
                flip.what
            );
            dead.push(format!("{} ({status})", flip.what));
        }
        left = left.get(done + 1..).unwrap_or_default();
    }
    dead
}

/// Where the section headers and the dynamic table lie.
fn tables(bytes: &[u8]) -> (Range<usize>, Range<usize>) {
    let (begin, count) = (word(bytes, 40), half(bytes, 60));
    let sections = begin..begin + count * 64;
    let dynamic = (0..count)
        .map(|index| begin + index * 64)
        .find(|&at| bytes[at + 4] == 6)
        .map(|at| word(bytes, at + 24)..word(bytes, at + 24) + word(bytes, at + 32));
    (sections, dynamic.unwrap())
}

/// Every bit of the headers at the beginning, and random ones of the other two tables.
fn bits(bytes: &[u8]) -> Vec<usize> {
    let headers = 64 + half(bytes, 56) * 56;
    let (sections, dynamic) = tables(bytes);
    let mut random = numbers();
    let mut bits: Vec<usize> = (0..headers * 8).collect();
    for _ in 0..RANDOM / 2 {
        for table in [&sections, &dynamic] {
            bits.push((table.start + random(table.len())) * 8 + random(8));
        }
    }
    bits
}

/// What a bit belongs to.
fn place(bytes: &[u8], bit: usize) -> String {
    let (sections, dynamic) = tables(bytes);
    let place = match bit / 8 {
        at if at < 64 => format!("ELF header byte {at}"),
        at if sections.contains(&at) => {
            let at = at - sections.start;
            format!("section header {} byte {}", at / 64, at % 64)
        }
        at if dynamic.contains(&at) => {
            let at = at - dynamic.start;
            format!("dynamic entry {} byte {}", at / 16, at % 16)
        }
        at => format!("program header {} byte {}", (at - 64) / 56, (at - 64) % 56),
    };
    format!("{place} bit {}", bit % 8)
}

/// How many flips were let through and how many were refused; how many of a sample of the refused
/// would have ended the process.
#[derive(Default, Debug)]
struct Outcome {
    accepted: usize,
    refused: BTreeMap<Code, usize>,
    sample: usize,
    deadly: usize,
}

/// Flips each of some bits and loads what is let through, and every 23rd of the rest to compare.
fn experiment(sound: &Path, bits: &[usize]) -> Outcome {
    let bytes = fs::read(sound).unwrap();
    let mut outcome = Outcome::default();
    let mut refused = 0;
    for some in bits.chunks(400) {
        let dir = tempfile::tempdir().unwrap();
        let (mut accepted, mut sample) = (Vec::new(), Vec::new());
        for &bit in some {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let path = dir.path().join(format!("libflip_{bit}.so"));
            fs::write(&path, flipped).unwrap();
            let (_, inspection) = inspect(&Candidate::at(&path).unwrap(), Depth::Full);
            let what = place(&bytes, bit);
            let flip = Flip { path, what };
            let Some(reason) = inspection.reasons.first() else {
                accepted.push(flip);
                continue;
            };
            *outcome.refused.entry(reason.code).or_default() += 1;
            refused += 1;
            if refused % 23 == 0 {
                sample.push(flip);
            } else {
                fs::remove_file(flip.path).unwrap();
            }
        }
        let dead = deadly(dir.path(), &accepted);
        assert!(dead.is_empty(), "let through and deadly: {dead:#?}");
        outcome.accepted += accepted.len();
        outcome.sample += sample.len();
        outcome.deadly += deadly(dir.path(), &sample).len();
    }
    outcome
}

#[test]
fn what_is_let_through_of_a_c_library_survives_dlopen() {
    let dir = tempfile::tempdir().unwrap();
    let sound = made::plugin(dir.path(), "libsound.so", "sound");
    let bits = bits(&fs::read(&sound).unwrap());
    let outcome = experiment(&sound, &bits);
    println!("{} flips: {outcome:?}", bits.len());
    assert!(outcome.refused[&Code::Truncated] > bits.len() / 3);
    // Without the preflight, some would have ended this process: it is worth its while.
    assert!(outcome.deadly > 0);
}

#[test]
fn what_is_let_through_of_a_rust_library_survives_dlopen() {
    let dir = tempfile::tempdir().unwrap();
    let sound = made::cdylib(dir.path(), "libsound.so", "sound");
    let bits: Vec<usize> = bits(&fs::read(&sound).unwrap())
        .into_iter()
        .step_by(5)
        .collect();
    let outcome = experiment(&sound, &bits);
    println!("{} flips: {outcome:?}", bits.len());
    assert!(outcome.refused[&Code::Truncated] > bits.len() / 3);
    assert!(outcome.deadly > 0);
}
