use super::{clean, fill, style};
use anstyle::Style;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Plain aligned columns, and lines of text between the rows.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<Cell>),
    Note(String),
}

/// One cell.
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    /// Text from anywhere; `-` where it is empty.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let text = match text.as_ref() {
            "" => "-".to_owned(),
            text => clean(text).into_owned(),
        };
        let (style, right) = (style::PLAIN, false);
        Self { text, style, right }
    }

    /// A number, at the right.
    pub(crate) fn number(number: usize) -> Self {
        Self {
            right: true,
            ..Self::new(number.to_string())
        }
    }

    /// At the right.
    pub(crate) fn right(self) -> Self {
        Self {
            right: true,
            ..self
        }
    }

    /// In that style.
    pub(crate) fn with(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl Table {
    /// An empty one.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row, as wide as the header.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.cells(cells.into());
    }

    /// The same where how wide that is turns out at run time.
    pub(crate) fn cells(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(Row::Cells(cells));
    }

    /// A line under the last row, indented; never broken where there is no terminal.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Note(text.into()));
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, each with its line feed; nothing where there are no rows.
    pub(super) fn render(&self, width: Option<usize>) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let header: Vec<Cell> = self.header.iter().map(|text| Cell::new(*text)).collect();
        let mut widths: Vec<usize> = self.header.iter().map(|text| text.width()).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (widest, cell) in widths.iter_mut().zip(cells) {
                    *widest = (*widest).max(cell.text.width());
                }
            }
        }
        let mut text = String::new();
        let header = header.into_iter().map(|cell| cell.with(style::STRONG));
        line(&mut text, &header.collect::<Vec<_>>(), &widths);
        for row in &self.rows {
            match row {
                Row::Cells(cells) => line(&mut text, cells, &widths),
                Row::Note(note) => {
                    text.push_str(&fill("    ", note, width));
                    text.push('\n');
                }
            }
        }
        text
    }
}

fn line(text: &mut String, cells: &[Cell], widths: &[usize]) {
    let last = cells.len().saturating_sub(1);
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let Cell {
            text: own,
            style,
            right,
        } = cell;
        let gap = width - own.width();
        let (before, after) = match right {
            true => (gap, 0),
            false if at == last => (0, 0),
            false => (0, gap),
        };
        let separator = if at == last { "" } else { "  " };
        write!(
            text,
            "{:before$}{style}{own}{style:#}{:after$}{separator}",
            "", ""
        )
        .expect("a String takes everything");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["STEP", "PLUGIN", "AFTER"]);
        table.row([Cell::number(1), Cell::new("a"), Cell::new("")]);
        table.note("one two three");
        table.row([Cell::number(12), Cell::new("größer"), Cell::new("a, b")]);
        table
    }

    fn plain(width: Option<usize>) -> String {
        anstream::adapter::strip_str(&table().render(width)).to_string()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let expected = "STEP  PLUGIN  AFTER\n   1  a       -\n    one two three\n  \
                        12  größer  a, b\n";
        assert_eq!(plain(None), expected);
    }

    #[test]
    fn notes_are_wrapped_only_on_a_terminal() {
        assert!(plain(Some(12)).contains("    one two\n    three\n"));
    }
}
