//! Where a plugin panicked, as lines for the log.
//!
//! The plugin gives bare addresses; names and lines come from its file in the private store, read
//! for this once and let go of again: no lock, no cache, nothing mapped.

mod image;

use image::{Image, Place};
use std::{fmt, fs::File, io, path::Path};

/// More than that says no more.
const MOST_LINES: usize = 20;
/// The SDK gives fewer; who writes a plugin without it may not.
const MOST_FRAMES: usize = 128;

/// Why there are no lines.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BacktraceError {
    /// The stored file.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// Its headers or tables.
    #[error("{0}")]
    Damaged(#[from] object::Error),
    /// What tells where it is mapped.
    #[error("it exports no root module")]
    NoRootModule,
}

/// The plugin's own frames of a panic, innermost first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Backtrace {
    lines: Vec<String>,
    left_out: usize,
}

/// Finds names and lines of those return addresses in the library of that file, whose root module's
/// symbol is mapped at `root`. What is not in the library is left out.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn backtrace(
    file: &Path,
    root: usize,
    addresses: &[usize],
) -> Result<Backtrace, BacktraceError> {
    let cache = object::ReadCache::new(File::open(file)?);
    let image = Image::read(&cache, root)?;
    let library = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut places = Vec::new();
    for &address in addresses.iter().take(MOST_FRAMES) {
        image.places(address, &mut places);
    }
    let own = own(&places);
    Ok(Backtrace {
        lines: own
            .iter()
            .take(MOST_LINES)
            .map(|place| line(place, &library))
            .collect(),
        left_out: own.len().saturating_sub(MOST_LINES),
    })
}

/// Beginnings of names: what is between a panic and whoever hears of it.
const MACHINERY: [&str; 8] = [
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::index::",
    "core::str::slice_error_fail",
    "rust_begin_unwind",
    "std::panicking::",
];
/// The last of what comes before a panic's own frames, as `std` marks it.
const END: &str = "__rust_end_short_backtrace";
/// What calls the plugin's code: its SDK, or a thread that it has started.
const CALLERS: [&str; 2] = ["plugin_api::ffi::", "__rust_begin_short_backtrace"];
/// Beginnings of names: what else of the SDK is above those.
const LAYERS: [&str; 3] = ["plugin_api::", "<plugin_api::", "core::ops::function::"];

/// The frames of the plugin's own code: without the panic's above them and the guard's below. All
/// of them where there are no names; never none where there were some.
fn own<'a>(places: &'a [Place]) -> &'a [Place] {
    let name = |place: &'a Place| place.function.as_deref().unwrap_or_default();
    let begin = places
        .iter()
        .position(|place| name(place).contains(END))
        .map_or(0, |end| end + 1);
    let begin = begin
        + places[begin..]
            .iter()
            .take_while(|place| {
                let name = name(place);
                let name = name.strip_prefix("__rustc::").unwrap_or(name);
                MACHINERY.iter().any(|start| name.starts_with(start))
            })
            .count();
    let rest = places.get(begin..).unwrap_or_default();
    let called = rest
        .iter()
        .skip(1)
        .position(|place| CALLERS.iter().any(|caller| name(place).contains(caller)))
        .map_or(rest.len(), |place| place + 1);
    let layers = rest[..called]
        .iter()
        .skip(1)
        .rev()
        .take_while(|place| LAYERS.iter().any(|start| name(place).starts_with(start)))
        .count();
    let frames = &rest[..called - layers];
    if frames.is_empty() { places } else { frames }
}

fn line(place: &Place, library: &str) -> String {
    let at = format!("{library}+{:#x}", place.offset);
    match (&place.function, &place.source) {
        (Some(function), Some(source)) => format!("{function} at {source}"),
        (None, Some(source)) => format!("{at} at {source}"),
        (Some(function), None) => format!("{function} ({at})"),
        (None, None) => at,
    }
}

impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            write!(f, "\n    {line}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n    and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
