//! Output of any length in bounded memory: how it begins and how it ends.

use std::collections::VecDeque;

/// What a process wrote to one of its streams.
#[derive(Debug)]
pub(crate) struct Kept {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    size: u64,
}

impl Kept {
    /// Keeps `most` bytes: the first half and the last.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            half: most.div_ceil(2),
            head: Vec::new(),
            tail: VecDeque::new(),
            size: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// Passes over bytes that are not there.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.size += bytes;
    }

    /// How many bytes were written altogether.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes of these are not there any more.
    pub(crate) fn dropped(&self) -> u64 {
        self.size - (self.head.len() + self.tail.len()) as u64
    }

    /// What is there, with a line that says where something is missing.
    pub(crate) fn text(&self) -> String {
        let mut bytes = self.head.clone();
        let dropped = self.dropped();
        if dropped > 0 {
            bytes.extend_from_slice(format!("\n[{dropped} bytes dropped]\n").as_bytes());
        }
        bytes.extend(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(parts: &[&str]) -> (String, u64, u64) {
        let mut kept = Kept::new(8);
        for part in parts {
            kept.push(part.as_bytes());
        }
        (kept.text(), kept.size(), kept.dropped())
    }

    #[test]
    fn what_fits_is_kept_whole() {
        assert_eq!(kept(&[]), (String::new(), 0, 0));
        assert_eq!(kept(&["01", "234567"]), ("01234567".to_owned(), 8, 0));
    }

    #[test]
    fn of_what_does_not_fit_the_middle_is_dropped() {
        let expected = ("0123\n[2 bytes dropped]\n6789".to_owned(), 10, 2);
        assert_eq!(kept(&["0123456789"]), expected);
        assert_eq!(kept(&["0", "12", "345", "6", "789"]), expected);
        let long = "x".repeat(1_000_000);
        let (text, size, dropped) = kept(&["begin", &long, "the end"]);
        assert_eq!(text, "begi\n[1000004 bytes dropped]\n end");
        assert_eq!((size, dropped), (1_000_012, 1_000_004));
    }

    #[test]
    fn what_is_no_text_becomes_some() {
        let mut kept = Kept::new(8);
        kept.push(b"a\xffb");
        assert_eq!(kept.text(), "a\u{fffd}b");
    }
}
