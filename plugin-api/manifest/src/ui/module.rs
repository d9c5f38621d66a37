//! The JavaScript module of a plugin's page, as the manifest in its library tells of it.

use crate::{
    check::{Checker, Path},
    keys,
    tree::{Entry, shortened},
};
use std::fmt::Write;

/// The longest module, in bytes.
pub const MAX_MODULE_LEN: usize = 1 << 20;

const A_LENGTH: &str = "bytes from 1 to 1048576";
const _: () = assert!(MAX_MODULE_LEN == 1_048_576, "A_LENGTH says so");
const A_HASH: &str = "64 lower-case hexadecimal digits";

/// A module that lies in a section of the library. The section begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Module {
    /// Bytes in it: 1 to [`MAX_MODULE_LEN`].
    pub length: u32,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

impl Module {
    /// The hash in lower-case hexadecimal digits.
    pub fn digits(&self) -> String {
        let mut digits = String::with_capacity(64);
        for byte in self.sha256 {
            write!(digits, "{byte:02x}").expect("writing to a String cannot fail");
        }
        digits
    }
}

/// The key `ui_module` of the embedded text.
pub(crate) fn embedded(checker: &mut Checker, entry: Option<Entry<'_>>) -> Option<Module> {
    let path = Path::top("ui_module");
    let node = entry?.node;
    let at = node.at;
    let mut table = checker.table(path, node, "a table of length and SHA-256")?;
    let (length, sha256) = (table.take("length"), table.take("sha256"));
    checker.leftover(path, table, &[keys::UI_MODULE]);
    let length = length_of(checker, path.key("length"), at, length);
    let sha256 = hash_of(checker, path.key("sha256"), at, sha256);
    Some(Module {
        length: length?,
        sha256: sha256?,
    })
}

fn length_of(
    checker: &mut Checker,
    key: Path<'_>,
    at: u32,
    entry: Option<Entry<'_>>,
) -> Option<u32> {
    let Some(Entry { node, .. }) = entry else {
        checker.missing(key, at, A_LENGTH);
        return None;
    };
    let length = checker.integer::<u32>(key, &node, A_LENGTH)?;
    if (1..=MAX_MODULE_LEN).contains(&(length as usize)) {
        return Some(length);
    }
    checker.wrong(key, node.at, A_LENGTH, length.to_string());
    None
}

fn hash_of(
    checker: &mut Checker,
    key: Path<'_>,
    at: u32,
    entry: Option<Entry<'_>>,
) -> Option<[u8; 32]> {
    let Some(Entry { node, .. }) = entry else {
        checker.missing(key, at, A_HASH);
        return None;
    };
    let at = node.at;
    let text = checker.string(key, node)?;
    let hash = hash(&text);
    if hash.is_none() {
        checker.wrong(key, at, A_HASH, format!("{:?}", shortened(&text)));
    }
    hash
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// What the author's `ui_module` names, for the reader of `plugin.toml`.
#[cfg(feature = "source")]
pub(crate) mod source {
    use super::{MAX_MODULE_LEN, Module};
    use sha2::{Digest, Sha256};

    /// Whether a path stays below the folder that it goes from, on every system.
    pub(crate) fn is_below(path: &str) -> bool {
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
        path.split('/').all(is_part)
    }

    /// What is embedded of a module's text; what it should be and is, where it is too short or too
    /// long.
    pub(crate) fn of(text: &str) -> Result<Module, (String, String)> {
        let length = u32::try_from(text.len()).ok();
        let length = length.filter(|_| (1..=MAX_MODULE_LEN).contains(&text.len()));
        match length {
            Some(length) => Ok(Module {
                length,
                sha256: Sha256::digest(text).into(),
            }),
            None => Err((
                format!("a file of 1 to {MAX_MODULE_LEN} bytes"),
                text.len().to_string(),
            )),
        }
    }
}
