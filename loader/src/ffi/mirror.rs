use memmap2::{MmapOptions, MmapRaw};
use std::{
    fs::File,
    io,
    sync::atomic::{AtomicU64, Ordering},
};

/// Bytes in one [`u64`].
const WORD: usize = size_of::<u64>();

/// The beginning of a file as memory: what is stored in it is in the system's page cache at once,
/// and so outlives this process, without a system call.
///
/// The file must keep its length and its bytes be there, not sparse, for as long as this lives:
/// where the system cannot give a page it ends the process, as it does with a library.
pub(crate) struct Mirror(MmapRaw);

impl Mirror {
    /// Maps the first `len` bytes, a multiple of 8, of a file that is open for reading and writing.
    pub(crate) fn of(file: &File, len: usize) -> io::Result<Self> {
        MmapOptions::new().len(len).map_raw(file).map(Self)
    }

    /// Stores bytes from byte `at` on; both, `at` and their length, are multiples of 8. All stores
    /// of this thread before it come before it, and it before all that come after.
    ///
    /// # Panics
    ///
    /// When they do not lie inside.
    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        let end = at.checked_add(bytes.len());
        assert!(end.is_some_and(|end| end <= self.0.len()), "it lies inside");
        assert!(at.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        for (place, word) in bytes.as_chunks::<WORD>().0.iter().enumerate() {
            // SAFETY: it lies inside the mapping, as asserted above.
            let to = unsafe { self.0.as_mut_ptr().add(at + place * WORD) };
            // SAFETY: inside the mapping, which lives as long as `self`; aligned, because a mapping
            // begins at a page and the offset is a multiple of 8; every access of it is atomic.
            let to = unsafe { AtomicU64::from_ptr(to.cast()) };
            to.store(u64::from_ne_bytes(*word), Ordering::Release);
        }
        std::sync::atomic::fence(Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    #[test]
    fn what_is_stored_stands_in_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[b'.'; 64]).unwrap();
        let mirror = Mirror::of(&file, 32).unwrap();
        mirror.store(8, b"0123456789abcdef");
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("........0123456789abcdef{}", ".".repeat(40)));
    }

    #[test]
    #[should_panic = "it lies inside"]
    fn nothing_is_stored_beyond_its_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[b'.'; 64]).unwrap();
        Mirror::of(&file, 32).unwrap().store(24, &[0; 16]);
    }
}
