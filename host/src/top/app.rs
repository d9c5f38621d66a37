//! What is looked at, and what each key does.

use super::{
    feed::{Feed, Wish},
    rows::{Row, Sort, cpu, rows},
};
use crate::control::{Done, Report};
use ratatui::{
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    widgets::TableState,
};
use std::time::Instant;

/// All that is on the screen.
#[derive(Default)]
pub(super) struct App {
    report: Option<(Report, Instant)>,
    before: Option<(Report, Instant)>,
    pub(super) rows: Vec<Row>,
    /// Percent of one processor.
    pub(super) cpu: Option<f64>,
    pub(super) sort: Sort,
    /// Which row; it follows the plugin, not the place.
    pub(super) table: TableState,
    /// A restart that is to be confirmed.
    pub(super) question: Option<Done>,
    /// What came of the last thing that was asked for.
    pub(super) said: Option<String>,
    /// Why there is nothing new.
    pub(super) lost: Option<String>,
}

/// What a key asks for.
pub(super) enum Action {
    /// Nothing but to draw again.
    Draw,
    /// To end.
    Quit,
    /// Something of the host.
    Ask(Wish),
}

impl App {
    pub(super) fn new(sort: Sort) -> Self {
        Self {
            sort,
            ..Self::default()
        }
    }

    /// The last report.
    pub(super) fn report(&self) -> Option<&Report> {
        self.report.as_ref().map(|(report, _)| report)
    }

    /// The row that is chosen.
    pub(super) fn chosen(&self) -> Option<&Row> {
        self.rows.get(self.table.selected()?)
    }

    /// Takes what came from the host.
    pub(super) fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Report(report, time) => {
                self.lost = None;
                self.before = self.report.replace((*report, time));
                self.arrange();
            }
            Feed::Lost(why) => self.lost = Some(why),
            Feed::Would(done) => self.question = Some(done),
            Feed::Said(text) => self.said = Some(text),
        }
    }

    fn arrange(&mut self) {
        let chosen = self.chosen().map(|row| row.plugin.id.clone());
        let Some((report, time)) = &self.report else {
            return;
        };
        let before = self.before.as_ref();
        let before = before.map(|(report, then)| (report, time.saturating_duration_since(*then)));
        self.rows = rows(report, before, self.sort);
        self.cpu = before.and_then(|(before, time)| cpu(report, before, time));
        let place = chosen.and_then(|id| self.rows.iter().position(|row| row.plugin.id == id));
        let last = self.rows.len().checked_sub(1);
        self.table.select(place.or(last.map(|_| 0)));
    }

    /// Does what a key asks for.
    pub(super) fn key(&mut self, key: KeyEvent) -> Action {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if let Some(done) = self.question.take() {
            return match key.code {
                KeyCode::Char('y') => Action::Ask(Wish::Restart(done.id)),
                KeyCode::Char('c') if control => Action::Quit,
                _ => Action::Draw,
            };
        }
        self.said = None;
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Action::Quit,
            KeyCode::Char('c') if control => return Action::Quit,
            KeyCode::Char('s') => {
                self.sort = self.sort.next();
                self.arrange();
            }
            KeyCode::Char('r') => {
                if let Some(row) = self.chosen() {
                    return Action::Ask(Wish::Look(row.plugin.id.clone()));
                }
            }
            code => self.go(code),
        }
        Action::Draw
    }

    fn go(&mut self, code: KeyCode) {
        let last = self.rows.len().saturating_sub(1);
        let now = self.table.selected().unwrap_or(0);
        let next = match code {
            KeyCode::Down | KeyCode::Char('j') => now.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => now.saturating_sub(1),
            KeyCode::PageDown => now.saturating_add(10),
            KeyCode::PageUp => now.saturating_sub(10),
            KeyCode::Home => 0,
            KeyCode::End => last,
            _ => return,
        };
        if !self.rows.is_empty() {
            self.table.select(Some(next.min(last)));
        }
    }
}
