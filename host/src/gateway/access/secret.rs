//! What a client presents, and what is kept of it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// What every token begins with, so that a scanner for leaked secrets finds it.
const PREFIX: &str = "jf_";

/// How many random bytes follow, in hexadecimal digits.
const BYTES: usize = 32;

/// A new token's text. It is shown once and kept nowhere.
pub(crate) struct Secret(String);

impl Secret {
    /// 256 bits from the system's source of randomness.
    ///
    /// # Errors
    ///
    /// When the system has none to give.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", hex(&bytes))))
    }

    /// What is shown, and presented as a bearer token.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What is kept.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The SHA-256 of a token's text. A slow hash would protect a password, of which there are few to
/// try; of 256 random bits there are too many, whatever each try costs.
#[derive(Clone, Copy)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// That of what a client presents; `None` where it is no token of any host's.
    pub(crate) fn of_presented(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_token = digits.len() == 2 * BYTES && digits.bytes().all(is_digit);
        is_token.then(|| Self::of(text))
    }

    /// What it is looked up by. How long that takes tells nothing that helps to guess a token: who
    /// presents one cannot choose its digest.
    pub(crate) fn key(&self) -> [u8; 8] {
        *self.0.first_chunk().expect("32 bytes are more than 8")
    }

    /// Whether they are the same, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected 64 hexadecimal digits"))
    }
}

/// In lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_again_by_its_text_alone() {
        let (one, two) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_eq!(one.text().len(), 67);
        assert_ne!(one.text(), two.text());
        let found = Digest::of_presented(one.text()).unwrap();
        assert!(found.is(&one.digest()));
        assert!(!found.is(&two.digest()));
        assert_eq!(format!("{one:?}"), "Secret");
    }

    #[test]
    fn what_is_no_token_is_not_hashed() {
        let text = Secret::new().unwrap().text().to_owned();
        let upper = format!(
            "jf_{}",
            text[3..].to_uppercase().replace(char::is_numeric, "A")
        );
        let long = format!("{text}0");
        let no_digit = format!("{}g", &text[..66]);
        for bad in [
            "",
            "jf_",
            &text[3..],
            &text[..66],
            &long,
            &upper,
            &no_digit,
            "jf_ü",
        ] {
            assert!(Digest::of_presented(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_written_as_others_compute_it() {
        // `printf abc | sha256sum`
        let text = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"";
        assert_eq!(serde_json::to_string(&Digest::of("abc")).unwrap(), text);
        let read: Digest = serde_json::from_str(text).unwrap();
        assert!(read.is(&Digest::of("abc")));
        for bad in [
            &text[1..],
            "\"\"",
            &text.replace("ba", "bx"),
            &text.replace("ba", "+1"),
        ] {
            assert!(serde_json::from_str::<Digest>(bad).is_err(), "{bad}");
        }
    }
}
