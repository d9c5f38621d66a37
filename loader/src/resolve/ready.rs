//! A queue of small numbers, the smallest first.

/// Which numbers are in it, as bits; above each level one that says which of its words have any.
/// A number costs one word per level, whatever else is queued.
pub(super) struct Ready {
    levels: Vec<Vec<u64>>,
}

impl Ready {
    /// Empty, for numbers below `count`.
    pub(super) fn new(count: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = count.div_ceil(64).max(1);
        loop {
            levels.push(vec![0; words]);
            if words == 1 {
                return Self { levels };
            }
            words = words.div_ceil(64);
        }
    }

    pub(super) fn push(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            let before = *word;
            *word |= 1 << (at % 64);
            if before != 0 {
                return;
            }
            at /= 64;
        }
    }

    pub(super) fn pop(&mut self) -> Option<u32> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = level[at];
            if word == 0 {
                return None;
            }
            at = at * 64 + word.trailing_zeros() as usize;
        }
        let number = super::flat::small(at);
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::Ready;
    use std::collections::BTreeSet;

    #[test]
    fn as_an_ordered_set() {
        for count in [1_u32, 64, 65, 5_000, 300_000] {
            let (mut ready, mut set) = (Ready::new(count as usize), BTreeSet::new());
            let mut number = 1_u32;
            for round in 0..2_000 {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if set.insert((number >> 8) % count) {
                    ready.push((number >> 8) % count);
                }
                if round % 3 == 0 {
                    assert_eq!(ready.pop(), set.pop_first());
                }
            }
            while let Some(first) = set.pop_first() {
                assert_eq!(ready.pop(), Some(first));
            }
            assert_eq!(ready.pop(), None);
        }
    }
}
