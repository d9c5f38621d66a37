//! What goes over the socket: a head of 16 bytes, and what is said.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | how long what is said is, in bytes, little-endian |
//! | 4..8 | the [`Kind`], likewise |
//! | 8..16 | the number of the call, likewise; zero where there is none |
//! | 16.. | what is said, as `postcard` writes it |

use serde::Serialize;
use std::io::{self, Read};

/// Nothing longer is sent, and whoever says that more comes is not believed.
pub(super) const LONGEST: usize = 256 << 20;

const HEAD: usize = 16;

/// Room that is made before anything of it is there.
const AT_ONCE: u64 = 64 << 10;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something is asked for.
    Call,
    /// What came of it.
    Reply,
    /// Nobody waits for the reply any more.
    Cancel,
    /// Something is said that has no reply.
    Note,
}

/// One of them, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) number: u64,
    pub(super) said: Vec<u8>,
}

/// Why there are no more frames.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The other side is not there, or the system does not let us.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It breaks off.
    #[error("the other side broke off in the middle of a frame")]
    Cut,
    /// It says something too long.
    #[error("a frame of {0} bytes: expected {LONGEST} at most")]
    Long(u64),
    /// It is none.
    #[error("a frame of kind {0}: expected 0 to 3")]
    Unknown(u32),
}

/// Writes a frame.
///
/// # Errors
///
/// Where it would be longer than [`LONGEST`]: how long.
pub(super) fn write(kind: Kind, number: u64, said: &impl Serialize) -> Result<Vec<u8>, usize> {
    let head = vec![0; HEAD];
    let mut bytes = postcard::to_extend(said, head).unwrap_or_else(|_| vec![0; HEAD]);
    let length = bytes.len() - HEAD;
    let Some(short) = u32::try_from(length).ok().filter(|_| length <= LONGEST) else {
        return Err(length);
    };
    let kind: u32 = match kind {
        Kind::Call => 0,
        Kind::Reply => 1,
        Kind::Cancel => 2,
        Kind::Note => 3,
    };
    bytes[..4].copy_from_slice(&short.to_le_bytes());
    bytes[4..8].copy_from_slice(&kind.to_le_bytes());
    bytes[8..HEAD].copy_from_slice(&number.to_le_bytes());
    Ok(bytes)
}

/// The next one; nothing at the end.
///
/// # Errors
///
/// [`FrameError`]; there is nothing to be read after it.
pub(super) fn read(from: &mut impl Read) -> Result<Option<Frame>, FrameError> {
    let mut head = [0; HEAD];
    match fill(from, &mut head)? {
        0 => return Ok(None),
        HEAD => {}
        _ => return Err(FrameError::Cut),
    }
    let number = |from: usize| {
        let bytes = head[from..from + 4].try_into();
        u32::from_le_bytes(bytes.expect("four bytes"))
    };
    let length = u64::from(number(0));
    if length > LONGEST as u64 {
        return Err(FrameError::Long(length));
    }
    let kind = match number(4) {
        0 => Kind::Call,
        1 => Kind::Reply,
        2 => Kind::Cancel,
        3 => Kind::Note,
        other => return Err(FrameError::Unknown(other)),
    };
    let room = usize::try_from(length.min(AT_ONCE)).unwrap_or(0);
    let mut said = Vec::with_capacity(room);
    from.take(length).read_to_end(&mut said)?;
    if said.len() as u64 != length {
        return Err(FrameError::Cut);
    }
    let number = u64::from(number(8)) | u64::from(number(12)) << 32;
    Ok(Some(Frame { kind, number, said }))
}

/// How much came before the end.
fn fill(from: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < room.len() {
        match from.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = write(Kind::Call, u64::MAX - 1, &"hello").unwrap();
        bytes.extend(write(Kind::Note, 0, &()).unwrap());
        let mut from = &bytes[..];
        let first = read(&mut from).unwrap().unwrap();
        assert_eq!((first.kind, first.number), (Kind::Call, u64::MAX - 1));
        assert_eq!(postcard::from_bytes::<&str>(&first.said), Ok("hello"));
        let second = read(&mut from).unwrap().unwrap();
        assert_eq!((second.kind, second.said.len()), (Kind::Note, 0));
        assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = write(Kind::Reply, 1, &"hello").unwrap();
        for cut in 1..good.len() {
            let error = read(&mut &good[..cut]).unwrap_err();
            assert!(matches!(error, FrameError::Cut), "{cut}: {error}");
        }
        let mut long = good.clone();
        long[..4].copy_from_slice(&[0xff; 4]);
        assert!(matches!(read(&mut &long[..]), Err(FrameError::Long(_))));
        let mut unknown = good;
        unknown[4] = 9;
        assert!(matches!(
            read(&mut &unknown[..]),
            Err(FrameError::Unknown(9))
        ));
    }
}
