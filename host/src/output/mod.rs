//! What commands write: text for people, JSON for programs.

mod clean;
mod elapsed;
mod progress;
mod record;
pub(crate) mod style;
mod table;

pub(crate) use clean::clean;
pub(crate) use elapsed::elapsed;
pub(crate) use progress::waiting;
pub(crate) use record::Record;
pub(crate) use table::{Cell, Table};

use crate::{args::Format, error::CommandError};
use anstream::stream::IsTerminal;
use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, Write},
};

/// Standard output: colours stay only on a terminal that has them.
pub(crate) struct Out {
    stream: anstream::Stdout,
    /// Columns, on a terminal.
    width: Option<usize>,
}

impl Out {
    /// The process's own.
    pub(crate) fn new() -> Self {
        let width = terminal_size::terminal_size_of(io::stdout());
        Self {
            stream: anstream::stdout(),
            width: width.map(|(width, _)| usize::from(width.0).max(40)),
        }
    }

    /// One line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), CommandError> {
        Ok(writeln!(self.stream, "{line}")?)
    }

    /// One line of running text behind an indent; on a terminal, as many as it takes.
    pub(crate) fn indented(&mut self, indent: &str, text: &str) -> Result<(), CommandError> {
        self.line(fill(indent, text, self.width))
    }

    /// A table.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), CommandError> {
        Ok(write!(self.stream, "{}", table.render(self.width))?)
    }

    /// A value as JSON, on several lines.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(text)
    }
}

/// What came of something; where it failed, programs are told on standard output as well, in one
/// line.
pub(crate) fn tell<T>(
    format: Format,
    done: Result<T, impl Into<CommandError>>,
) -> Result<T, CommandError> {
    let done = done.map_err(Into::into);
    if let (Format::Json, Err(error)) = (format, &done) {
        Out::new().line(serde_json::json!({ "error": error.told() }))?;
    }
    done
}

/// Text behind an indent, wrapped between words where a width is given.
fn fill(indent: &str, text: &str, width: Option<usize>) -> String {
    let text = clean(text);
    match width {
        None => format!("{indent}{text}"),
        Some(width) => {
            let options = textwrap::Options::new(width)
                .initial_indent(indent)
                .subsequent_indent(indent)
                .break_words(false)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            textwrap::fill(&text, options)
        }
    }
}

/// Says on standard error what is odd and keeps nothing from working.
pub(crate) fn warn(text: &str) {
    let style = style::WARNING;
    // Nowhere to tell that standard error is gone.
    let _ = writeln!(
        anstream::stderr(),
        "{style}warning{style:#}: {}",
        clean(text)
    );
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
