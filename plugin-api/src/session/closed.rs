/// How many numbers are remembered at most: a bit for each, 1 MiB in all.
const BITS: u64 = 8 << 20;

/// Which of the sessions that are gone were ended by their clients: the last 8,388,608 that there were.
/// Of those before, it is not known any more. It grows as they come.
#[derive(Default)]
pub(super) struct Closed {
    words: Vec<u64>,
    /// How many sessions there were.
    begun: u64,
}

impl Closed {
    /// The number of the next session.
    pub(super) fn begin(&mut self) -> u64 {
        let sequence = self.begun;
        self.begun += 1;
        // The place is that of an older one as well.
        let (word, bit) = place(sequence);
        if let Some(word) = self.words.get_mut(word) {
            *word &= !bit;
        }
        sequence
    }

    pub(super) fn insert(&mut self, sequence: u64) {
        let (word, bit) = place(sequence);
        if !self.is_remembered(sequence) {
            return;
        }
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        let (word, bit) = place(sequence);
        let is_set = |word: &u64| word & bit != 0;
        self.is_remembered(sequence) && self.words.get(word).is_some_and(is_set)
    }

    fn is_remembered(&self, sequence: u64) -> bool {
        sequence < self.begun && self.begun - sequence <= BITS
    }
}

fn place(sequence: u64) -> (usize, u64) {
    let place = sequence % BITS;
    let word = usize::try_from(place / 64).expect("there are 131,072 words");
    (word, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_those_that_were_closed() {
        let mut closed = Closed::default();
        let numbers: Vec<u64> = (0..1000).map(|_| closed.begin()).collect();
        for &number in numbers.iter().filter(|&number| number % 3 == 0) {
            closed.insert(number);
        }
        for number in numbers {
            assert_eq!(closed.contains(number), number % 3 == 0, "{number}");
        }
        assert!(!closed.contains(1000), "there is no such session yet");
        assert!(closed.words.len() <= 16);
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let mut closed = Closed {
            begun: 3,
            ..Closed::default()
        };
        closed.insert(1);
        closed.insert(2);
        closed.begun = BITS + 1;
        assert!(closed.contains(1));
        assert_eq!(closed.begin(), BITS + 1);
        assert!(!closed.contains(1), "its place is taken");
        assert!(!closed.contains(BITS + 1), "the place was emptied");
        assert!(closed.contains(2));
        closed.insert(BITS + 1);
        closed.insert(1);
        assert!(closed.contains(BITS + 1) && !closed.contains(1));
        closed.begun = 100 * BITS;
        closed.insert(100 * BITS - 1);
        assert_eq!(closed.words.len() * 8, 1 << 20);
    }
}
