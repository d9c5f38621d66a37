//! Colours, by what they mean.

use anstyle::{AnsiColor, Effects, Style};

/// As it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Rejected or failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Worth a look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
/// Of less interest.
pub(crate) const FAINT: Style = Style::new().effects(Effects::DIMMED);
/// A heading, or what it is all about.
pub(crate) const STRONG: Style = Style::new().effects(Effects::BOLD);
/// Like everything else.
pub(crate) const PLAIN: Style = Style::new();
