//! Does whatever the fuzzer was given, and thousands of texts like it, end in a value or an error?

use jackfield_manifest::{Manifest, note, readers_agree};
use std::{fs, path::PathBuf};

/// How many times each file is changed.
const MUTATIONS: u64 = 500;

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

/// The files, and each of them changed: a bit flipped, a stretch cut out, doubled, or exchanged for
/// one of another file.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let corpus = corpus(target);
    let mut random = Random(0x4a61_636b);
    let mut inputs = corpus.clone();
    for original in &corpus {
        for _ in 0..MUTATIONS {
            let mut bytes = original.clone();
            for _ in 0..=random.below(2) {
                change(&mut bytes, &corpus, &mut random);
            }
            inputs.push(bytes);
        }
    }
    inputs
}

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
}

#[test]
fn manifests() {
    let (mut good, mut bad) = (0, 0);
    for bytes in inputs("manifest") {
        let text = String::from_utf8_lossy(&bytes);
        assert!(readers_agree(&text), "{text}");
        match Manifest::parse(&text) {
            Ok((manifest, _)) => {
                good += 1;
                let again = Manifest::parse(&manifest.to_toml()).expect("it was one");
                assert_eq!(again.0, manifest);
            }
            Err(error) => {
                bad += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn notes() {
    let (mut found, mut none) = (0, 0);
    for bytes in inputs("note") {
        match note::read(&bytes, note::Order::Little, 4) {
            Ok(Some(_)) => found += 1,
            _ => none += 1,
        }
    }
    assert!(found > 20 && none > 20, "{found} found, {none} not");
}
