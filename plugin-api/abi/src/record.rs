use abi_stable::{
    StableAbi,
    std_types::{RSlice, RStr},
};

/// One log record, lent to the host for the time of the call. `[crosses by reference, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct LogRecord<'a> {
    /// How important it is.
    pub level: Level,
    /// Line in `file`, from 1; 0 when it is not known.
    pub line: u32,
    /// The target, by default the module path.
    pub target: RStr<'a>,
    /// The text.
    pub message: RStr<'a>,
    /// Source file; empty when it is not known.
    pub file: RStr<'a>,
    /// Structured fields, in the order given.
    pub fields: RSlice<'a, Field<'a>>,
}

/// A structured field of a [`LogRecord`].
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name.
    pub key: RStr<'a>,
    /// Its value as text.
    pub value: RStr<'a>,
}

/// Log level, with the numbers of the `log` crate: 0 off, 1 error, 2 warn, 3 info, 4 debug,
/// 5 trace. A larger number counts as trace.
#[repr(transparent)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(pub u32);

/// A panic that was caught inside the plugin's image. `[crosses by reference, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct PanicReport<'a> {
    /// The panic's message, or a note that its payload was not text.
    pub message: RStr<'a>,
    /// Source file; empty when it is not known.
    pub file: RStr<'a>,
    /// Line in `file`, from 1; 0 when it is not known.
    pub line: u32,
    /// Column in that line, from 1; 0 when it is not known.
    pub column: u32,
    /// Where the panicking thread stood: return addresses, innermost first, as they were in this
    /// process; empty when they are not known. The first ones are the panic's own machinery.
    pub frames: RSlice<'a, usize>,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(core::mem::size_of::<LogRecord<'_>>() == 72);
    assert!(core::mem::size_of::<PanicReport<'_>>() == 56);
};
