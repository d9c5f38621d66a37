//! Does whatever the fuzzer was given, and what it becomes within some seconds of changes, end in a
//! value or an error?

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

#[path = "../../../../fuzz/targets.rs"]
mod targets;

/// How many changed inputs there are at least, also on a machine that is slow.
const LEAST: usize = 5_000;

/// How long the inputs are changed further: a longer run is a longer beginning of the same order.
const BUDGET: Duration = Duration::from_secs(5);

/// Where changed inputs are cut: no corpus file needs more to grow in.
const LONGEST: usize = 4096;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let folder = fs::read_dir(root.join(target)).expect("the corpus is in the repository");
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let read = |path| fs::read(path).unwrap();
    paths.into_iter().map(read).collect()
}

/// A generator that gives the same numbers everywhere (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end.max(1)
    }
}

/// A bit flipped, a stretch cut out, doubled, or exchanged for one of another file.
fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let begin = random.below(bytes.len());
    let end = begin + random.below((bytes.len() - begin).min(40));
    match random.below(4) {
        0 => {
            if let Some(byte) = bytes.get_mut(begin) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => drop(bytes.drain(begin..end)),
        2 => {
            let stretch = bytes[begin..end].to_vec();
            bytes.splice(begin..begin, stretch);
        }
        _ => {
            let other = &corpus[random.below(corpus.len())];
            let at = random.below(other.len());
            let stretch = &other[at..(at + 20).min(other.len())];
            bytes.splice(begin..end, stretch.iter().copied());
        }
    }
    bytes.truncate(LONGEST);
}

/// Shows the input that a target panics at, so that it can become a file of the corpus.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was b\"{}\"", self.0.escape_ascii());
        }
    }
}

/// Runs a target on its corpus, and on that with up to three changes to each file, until the time is
/// over. The order is always the same. Says how many inputs it took for good ones, and for bad ones.
fn run(name: &str, target: fn(&[u8]) -> bool) -> [usize; 2] {
    let corpus = corpus(name);
    let mut random = Random(0x4a61_636b);
    let mut judged = [0, 0];
    let mut judge = |bytes: &[u8]| {
        let shown = Shown(bytes);
        judged[usize::from(!target(bytes))] += 1;
        drop(shown);
    };
    corpus.iter().for_each(|bytes| judge(bytes));
    let begin = Instant::now();
    let mut changed = 0;
    while changed < LEAST || begin.elapsed() < BUDGET {
        let mut bytes = corpus[changed % corpus.len()].clone();
        for _ in 0..=random.below(3) {
            change(&mut bytes, &corpus, &mut random);
        }
        judge(&bytes);
        changed += 1;
    }
    judged
}

#[test]
fn manifests() {
    let [good, bad] = run("manifest", targets::manifest);
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn notes() {
    let [found, none] = run("note", targets::note);
    assert!(found > 20 && none > 20, "{found} found, {none} not");
}
