use super::{body, file::Image, lean::Summary};
use jackfield_manifest::Manifest;
use std::sync::{Arc, OnceLock};

/// A manifest that is decoded when somebody wants it.
#[derive(Debug, Clone)]
pub(crate) struct Later {
    decoded: OnceLock<Option<Arc<Manifest>>>,
    /// The index, the record in it, and where the manifest begins in its body.
    place: Option<(Arc<Image>, usize, usize)>,
}

impl Later {
    /// One that is there already, or that does not exist.
    pub(crate) fn now(manifest: Option<Arc<Manifest>>) -> Self {
        Self {
            decoded: OnceLock::from(manifest),
            place: None,
        }
    }

    pub(super) fn of(image: &Arc<Image>, record: usize, begin: Option<usize>) -> Self {
        match begin {
            Some(begin) => Self {
                decoded: OnceLock::new(),
                place: Some((Arc::clone(image), record, begin)),
            },
            None => Self::now(None),
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        let (image, record, begin) = self.place.as_ref()?;
        image.body(*record).get(*begin..)
    }

    pub(crate) fn get(&self) -> Option<&Arc<Manifest>> {
        let decoded = self
            .decoded
            .get_or_init(|| body::decode_manifest(self.bytes()?).map(Arc::new));
        decoded.as_ref()
    }

    pub(crate) fn summary(&self) -> Option<Summary<'_>> {
        match self.decoded.get() {
            Some(manifest) => manifest.as_deref().map(Summary::of),
            None => Summary::decode(self.bytes()?),
        }
    }
}
