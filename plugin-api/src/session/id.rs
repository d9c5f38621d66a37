use crate::Result;
use serde::{Serialize, Serializer};
use std::{
    fmt::{self, Display},
    hash::{BuildHasher, RandomState},
};

/// What every id begins with.
const PREFIX: &str = "session.";
const RANDOM: usize = 16;
const BYTES: usize = RANDOM + 8 + 8;

/// What a client knows a session by: `session.` and 64 hexadecimal digits, of which 128 bits are
/// random. Whoever knows it may use the session, so it is a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; BYTES]);

impl SessionId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?.as_bytes();
        let mut bytes = [0; BYTES];
        if digits.len() != 2 * BYTES {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    fn random(&self) -> &[u8] {
        &self.0[..RANDOM]
    }

    fn word(&self, at: usize) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(word)
    }
}

/// In lower case only: of one session there is one id.
fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

impl Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Makes ids, and knows them again without remembering them.
///
/// An id is 16 random bytes, the number of the session masked by a keyed hash of these, and a keyed
/// hash of both. The hash is that of the standard library, SipHash with a key of this run: what it
/// guards is no more than the difference between "expired" and "unknown", since the random bytes are
/// compared as well before anybody gets at a session.
#[derive(Default)]
pub(super) struct Issuer {
    key: RandomState,
}

impl Issuer {
    /// The id of the session of that number.
    pub(super) fn issue(&self, sequence: u64) -> Result<SessionId> {
        let mut id = SessionId([0; BYTES]);
        getrandom::fill(&mut id.0[..RANDOM])?;
        let masked = sequence ^ self.mask(&id);
        id.0[RANDOM..RANDOM + 8].copy_from_slice(&masked.to_le_bytes());
        let tag = self.tag(&id);
        id.0[RANDOM + 8..].copy_from_slice(&tag.to_le_bytes());
        Ok(id)
    }

    /// The number of a session whose id was issued here; `None` for any other.
    pub(super) fn sequence(&self, id: &SessionId) -> Option<u64> {
        let is_own = id.word(RANDOM + 8) == self.tag(id);
        is_own.then(|| id.word(RANDOM) ^ self.mask(id))
    }

    fn mask(&self, id: &SessionId) -> u64 {
        self.key.hash_one((0_u8, id.random()))
    }

    fn tag(&self, id: &SessionId) -> u64 {
        self.key.hash_one((1_u8, id.random(), id.word(RANDOM)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_again_and_no_other() {
        let (issuer, other) = (Issuer::default(), Issuer::default());
        for sequence in [0, 1, 7, u64::MAX] {
            let id = issuer.issue(sequence).unwrap();
            let text = id.to_string();
            assert_eq!(text.len(), "session.".len() + 64);
            assert_eq!(SessionId::parse(&text), Some(id));
            assert_eq!(issuer.sequence(&id), Some(sequence));
            assert_eq!(other.sequence(&id), None);
            for at in 0..BYTES {
                let mut forged = id;
                forged.0[at] ^= 1;
                assert_eq!(issuer.sequence(&forged), None, "byte {at}");
            }
        }
    }

    #[test]
    fn ids_of_one_number_differ() {
        let issuer = Issuer::default();
        let (one, two) = (issuer.issue(1).unwrap(), issuer.issue(1).unwrap());
        assert_ne!(one.random(), two.random());
        assert_ne!(one.word(RANDOM), two.word(RANDOM));
    }

    #[test]
    fn what_is_no_id_is_none() {
        let id = Issuer::default().issue(1).unwrap().to_string();
        let upper = id.replace(|letter: char| letter.is_ascii_digit(), "A");
        for text in [
            "",
            "session.",
            &id[8..],
            &id[..71],
            &format!("{id}0"),
            &upper,
            "session.ä",
        ] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }
}
