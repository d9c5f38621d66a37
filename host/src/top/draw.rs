use super::app::App;
use crate::{
    commands::status::{host_line, notes},
    control::{Done, PluginReport},
    output::{clean, elapsed},
};
use jackfield_loader::State;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize},
    text::{Line, Text},
    widgets::{Block, Cell, Clear, Paragraph, Row, Table, Wrap},
};

const KEYS: &str = "q quit  ↑↓ choose  s sort  r restart";

/// The most lines that say why the chosen plugin is as it is.
const WHY: u16 = 3;

/// A column: its name, how wide it is, whether numbers stand in it.
const COLUMNS: [(&str, u16, bool); 9] = [
    ("PLUGIN", 0, false),
    ("STATE", 12, false),
    ("FOR", 8, false),
    ("CALLS/S", 9, true),
    ("PANICS", 6, true),
    ("CALLS", 12, true),
    ("RESTARTS", 8, true),
    ("HEALTH", 9, false),
    ("VERSION", 10, false),
];

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let why = why(app);
    let lines = u16::try_from(why.len()).unwrap_or(WHY).min(WHY);
    // In a low window the plugins are what is left.
    let spare = frame.area().height.saturating_sub(5);
    let [head, body, foot, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(1),
        Constraint::Length(lines.min(spare)),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(header(app), head);
    table(frame, app, body);
    frame.render_widget(Text::from(why), foot);
    frame.render_widget(footer(app), keys);
    if let Some(done) = &app.question {
        question(frame, done);
    }
}

fn header(app: &App) -> Text<'static> {
    let first = match app.report() {
        Some(report) => Line::from(host_line(report)).bold(),
        None => Line::from("asking the host …"),
    };
    let cpu = app.cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.1} %"));
    let second = match &app.lost {
        Some(why) => Line::from(clean(why).into_owned()).fg(Color::Red),
        None => Line::from(format!(
            "the whole process: {cpu} of one processor  sorted by {}",
            app.sort.as_str()
        )),
    };
    Text::from(vec![first, second])
}

fn footer(app: &App) -> Line<'static> {
    match &app.said {
        Some(text) => Line::from(clean(text).into_owned()).fg(Color::Yellow),
        None => Line::from(KEYS).add_modifier(Modifier::DIM),
    }
}

/// Why the chosen plugin is as it is.
fn why(app: &App) -> Vec<Line<'static>> {
    let notes = app.chosen().map(|row| notes(&row.plugin));
    let notes = notes.unwrap_or_default().into_iter();
    notes
        .map(|note| Line::from(clean(&note).into_owned()).fg(Color::Yellow))
        .collect()
}

fn table(frame: &mut Frame<'_>, app: &mut App, area: Rect) {
    let shown = columns(app, area.width);
    let head = shown.iter().map(|&column| cell(column, COLUMNS[column].0));
    let head = Row::new(head.collect::<Vec<_>>()).bold();
    let rows = app.rows.iter().map(|row| {
        let cells = shown.iter().map(|&column| {
            let text = text(&row.plugin, row.rate, column);
            let styled = cell(column, &text);
            match COLUMNS[column].0 {
                "STATE" => styled.style(mark(row.plugin.state)),
                _ => styled,
            }
        });
        Row::new(cells.collect::<Vec<_>>())
    });
    let widths = shown.iter().map(|&column| match COLUMNS[column].1 {
        0 => Constraint::Fill(1),
        width => Constraint::Length(width),
    });
    let table = Table::new(rows, widths)
        .header(head)
        .row_highlight_style(Modifier::REVERSED);
    frame.render_stateful_widget(table, area, &mut app.table);
}

/// The columns that fit: the first ones are worth the most.
fn columns(app: &App, width: u16) -> Vec<usize> {
    let longest = app.rows.iter().map(|row| row.plugin.id.len()).max();
    let name = u16::try_from(longest.unwrap_or(0)).unwrap_or(u16::MAX);
    let mut left = width.saturating_sub(name.clamp(6, 24));
    let mut shown = vec![0];
    for (place, (name, width, _)) in COLUMNS.iter().enumerate().skip(1) {
        let known = match *name {
            "HEALTH" => app.rows.iter().any(|row| row.plugin.health.is_some()),
            _ => true,
        };
        if known && left > *width {
            left -= width + 1;
            shown.push(place);
        }
    }
    shown
}

fn cell(column: usize, text: &str) -> Cell<'static> {
    let line = Line::from(clean(text).into_owned());
    Cell::from(match COLUMNS[column].2 {
        true => line.right_aligned(),
        false => line,
    })
}

fn text(plugin: &PluginReport, rate: Option<f64>, column: usize) -> String {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |n| n.to_string());
    match COLUMNS[column].0 {
        "PLUGIN" => plugin.id.clone(),
        "STATE" => plugin.state.to_string(),
        "FOR" => elapsed(plugin.state_ms),
        "CALLS/S" => rate.map_or("-".to_owned(), |rate| format!("{rate:.1}")),
        "PANICS" => number(plugin.panics),
        "CALLS" => number(plugin.calls),
        "RESTARTS" => number(Some(plugin.restarts)),
        "HEALTH" => plugin
            .health
            .as_ref()
            .map_or("-".to_owned(), |health| health.status.clone()),
        _ => plugin.version.clone(),
    }
}

fn mark(state: State) -> Style {
    match state {
        State::Running => Color::Green.into(),
        State::Failed | State::Rejected | State::Quarantined => Color::Red.into(),
        State::Disabled | State::Stopped => Modifier::DIM.into(),
        _ => Color::Yellow.into(),
    }
}

fn question(frame: &mut Frame<'_>, done: &Done) {
    let others: Vec<&str> = done
        .stop
        .iter()
        .chain(&done.start)
        .map(String::as_str)
        .filter(|id| *id != done.id)
        .collect();
    let mut text = format!("restart {}?", done.id);
    for (place, id) in others.iter().enumerate() {
        if !others[..place].contains(id) {
            text.push_str(if place == 0 { " With it: " } else { ", " });
            text.push_str(id);
        }
    }
    let area = frame.area();
    let (width, height) = (area.width.min(60), area.height.min(6));
    let place = Rect {
        x: (area.width - width) / 2,
        y: (area.height - height) / 2,
        width,
        height,
    };
    let text = Text::from(vec![
        Line::from(clean(&text).into_owned()),
        Line::from("y yes  n no").bold(),
    ]);
    let block = Block::bordered().title("Restart");
    frame.render_widget(Clear, place);
    let question = Paragraph::new(text).wrap(Wrap { trim: true });
    frame.render_widget(question.block(block), place);
}
