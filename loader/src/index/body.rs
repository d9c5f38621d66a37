//! What the index remembers of one file, and its bytes.

use super::lean::Lean;
use crate::{Code, ContentHash, FileKey, Inspection, NoteState, Reason, platform};
use jackfield_manifest::Manifest;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the index remembers of a file in one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it was last seen.
    pub path: PathBuf,
    /// What it is and what is wrong with it, but for trust, which is judged anew each time.
    pub inspection: Inspection,
    /// Of its content, once that was read.
    pub hash: Option<ContentHash>,
    /// State of its copy in the store, while there is one that was inspected in full.
    pub stored: Option<FileKey>,
    /// Whether its types are laid out as this host build's are, once that was checked.
    pub layout: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    path: &'a [u8],
    note: NoteState,
    #[serde(borrow)]
    reasons: Vec<(Code, &'a str)>,
    #[serde(borrow)]
    warnings: Vec<&'a str>,
    hash: Option<[u8; 32]>,
    stored: Option<FileKey>,
    layout: Option<bool>,
    /// Then the manifest stands behind this.
    has_manifest: bool,
}

/// An entry of which the manifest is not decoded yet.
pub(crate) struct Head {
    pub(crate) entry: Entry,
    /// Where the manifest begins in the body.
    pub(crate) manifest: Option<usize>,
}

impl Entry {
    /// Of a file that was only looked at.
    pub(crate) fn new(path: &Path, inspection: Inspection) -> Self {
        Self {
            path: path.to_owned(),
            inspection,
            hash: None,
            stored: None,
            layout: None,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let inspection = &self.inspection;
        let body = Body {
            path: platform::name_bytes(self.path.as_os_str()),
            note: inspection.note,
            reasons: inspection
                .reasons
                .iter()
                .map(|reason| (reason.code, reason.message.as_str()))
                .collect(),
            warnings: inspection.warnings.iter().map(String::as_str).collect(),
            hash: self.hash.map(|hash| hash.0),
            stored: self.stored,
            layout: self.layout,
            has_manifest: inspection.manifest.is_some(),
        };
        let manifest = inspection.manifest.as_deref().map(Lean::of);
        let bytes = postcard::to_stdvec(&body);
        let bytes = bytes.and_then(|bytes| match &manifest {
            Some(lean) => postcard::to_extend(lean, bytes),
            None => Ok(bytes),
        });
        bytes.expect("plain data in memory can be written")
    }

    /// `None` when the bytes are damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let head = Self::decode_head(bytes, true)?;
        let mut entry = head.entry;
        if let Some(at) = head.manifest {
            entry.inspection.manifest = Some(Arc::new(decode_manifest(&bytes[at..])?));
        }
        Some(entry)
    }

    /// All but the manifest, and the path only where it is wanted.
    pub(super) fn decode_head(bytes: &[u8], with_path: bool) -> Option<Head> {
        let (body, rest): (Body<'_>, _) = postcard::take_from_bytes(bytes).ok()?;
        let path = if with_path { body.path } else { b"" };
        let reasons = body.reasons.into_iter();
        let warnings = body.warnings.into_iter();
        let entry = Self {
            path: platform::name_from_bytes(path).into(),
            inspection: Inspection {
                note: body.note,
                manifest: None,
                warnings: warnings.map(str::to_owned).collect(),
                reasons: reasons
                    .map(|(code, message)| Reason::new(code, message))
                    .collect(),
            },
            hash: body.hash.map(ContentHash),
            stored: body.stored,
            layout: body.layout,
        };
        Some(Head {
            entry,
            manifest: body.has_manifest.then_some(bytes.len() - rest.len()),
        })
    }

    /// Whether the file in these bytes lay directly in one of some directories.
    pub(super) fn lies_in(bytes: &[u8], dirs: &[PathBuf]) -> bool {
        let path = postcard::take_from_bytes::<&[u8]>(bytes);
        path.is_ok_and(|(path, _)| {
            let path = PathBuf::from(platform::name_from_bytes(path));
            path.parent()
                .is_some_and(|parent: &Path| dirs.iter().any(|dir| dir == parent))
        })
    }

    pub(super) fn hash_in(bytes: &[u8]) -> Option<ContentHash> {
        let (body, _): (Body<'_>, _) = postcard::take_from_bytes(bytes).ok()?;
        body.hash.map(ContentHash)
    }
}

/// `None` when the bytes are damaged.
pub(super) fn decode_manifest(bytes: &[u8]) -> Option<Manifest> {
    let lean: Lean<'_> = postcard::from_bytes(bytes).ok()?;
    lean.whole().ok()
}
