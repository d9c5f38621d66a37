//! The note with the manifest, put together by the compiler: header, format version, the line that
//! says what the plugin was built with, and the text that [`export_plugin!`](crate::export_plugin)
//! made of `plugin.toml`. The layout is described in `docs/manifest.md`.

/// The owner of the note, with its NUL and its padding.
const OWNER: [u8; 12] = *b"Jackfield\0\0\0";
/// The owner's length, with its NUL and without its padding.
const OWNER_LEN: u32 = 10;
/// The type of the note.
const KIND: u32 = 1;
/// The version of the description's format.
const FORMAT: u32 = 1;
/// The longest manifest, in bytes of TOML, that a host reads.
const MAX_TEXT: usize = 1 << 20;

/// A note whose text, with its padding, has `N` bytes.
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    owner_len: u32,
    description_len: u32,
    kind: u32,
    owner: [u8; 12],
    format: [u8; 4],
    text: [u8; N],
}

impl<const N: usize> Note<N> {
    /// The note for a manifest without its first line. `N` is [`padded_len`] of the same.
    ///
    /// # Panics
    ///
    /// When the text is longer than a host reads, or `N` is something else. As it is called for a
    /// `static`, that is a compile error.
    pub const fn new(aborts: bool, body: &str) -> Self {
        let len = len(aborts, body);
        assert!(len <= MAX_TEXT, "the manifest is longer than 1 MiB");
        assert!(N == padded_len(aborts, body), "the note has another length");
        let mut text = [0; N];
        let mut end = 0;
        let parts = parts(aborts, body);
        let mut part = 0;
        while part < parts.len() {
            end = append(&mut text, end, parts[part].as_bytes());
            part += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 1 MiB, see above")]
        let description_len = (FORMAT.to_le_bytes().len() + len) as u32;
        Self {
            owner_len: OWNER_LEN,
            description_len,
            kind: KIND,
            owner: OWNER,
            format: FORMAT.to_le_bytes(),
            text,
        }
    }
}

const fn append(text: &mut [u8], end: usize, part: &[u8]) -> usize {
    text.split_at_mut(end)
        .1
        .split_at_mut(part.len())
        .0
        .copy_from_slice(part);
    end + part.len()
}

/// How many bytes the text of a note has, rounded up to a note's alignment of 4.
pub const fn padded_len(aborts: bool, body: &str) -> usize {
    len(aborts, body).next_multiple_of(4)
}

const fn len(aborts: bool, body: &str) -> usize {
    let parts = parts(aborts, body);
    let mut len = 0;
    let mut part = 0;
    while part < parts.len() {
        len += parts[part].len();
        part += 1;
    }
    len
}

/// The text of a note, put together when the program runs.
pub fn text(aborts: bool, body: &str) -> String {
    parts(aborts, body).concat()
}

/// What stands in the text, in order.
const fn parts(aborts: bool, body: &str) -> [&str; 8] {
    [
        "build = { abi = \"",
        jackfield_abi::ABI_VERSION,
        concat!("\", target = \"", env!("JACKFIELD_TARGET")),
        concat!("\", rustc = \"", env!("JACKFIELD_RUSTC")),
        "\", panic = \"",
        if aborts { "abort" } else { "unwind" },
        concat!("\", sdk = \"", env!("CARGO_PKG_VERSION"), "\" }\n"),
        body,
    ]
}
