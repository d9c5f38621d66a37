//! Output in a file: how it begins and how it ends.

use crate::{kept::Kept, scheduler::Output};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// What a file holds, `most` bytes of it at most; nothing where it is not there.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Output> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Output::default()),
        file => file?,
    };
    let size = file.metadata()?.len();
    let half = most.div_ceil(2) as u64;
    let mut kept = Kept::new(most);
    let mut bytes = Vec::new();
    if size <= half * 2 {
        file.take(size).read_to_end(&mut bytes)?;
        kept.push(&bytes);
    } else {
        file.by_ref().take(half).read_to_end(&mut bytes)?;
        kept.push(&bytes);
        kept.skip(size - half * 2);
        file.seek(SeekFrom::Start(size - half))?;
        bytes.clear();
        file.take(half).read_to_end(&mut bytes)?;
        kept.push(&bytes);
    }
    Ok(Output::from(&kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_a_stream_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        assert_eq!(read(&path, 8).unwrap(), Output::default());
        for text in ["", "01234567", "0123456789", "0123456789abcdefghijklmn"] {
            std::fs::write(&path, text).unwrap();
            let mut kept = Kept::new(8);
            kept.push(text.as_bytes());
            assert_eq!(read(&path, 8).unwrap(), Output::from(&kept), "{text}");
        }
    }
}
