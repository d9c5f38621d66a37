/// What tells one state of a file from every other without reading it: as long as all of it is
/// equal, the content is. The change time, which no program can set, is the part that also notices
/// a rewrite that restores size and modification time.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct FileKey {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of content, in ns since 1970.
    pub mtime_ns: i64,
    /// Time of the last change of content, owner, mode or name, in ns since 1970.
    pub ctime_ns: i64,
}
