//! Does the screen show what the host told, and does each key do what it says?

use super::{
    app::{Action, App},
    draw::draw,
    feed::{Feed, Wish},
    rows::Sort,
};
use crate::control::{Done, Report};
use jackfield_loader::State;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use serde_json::json;
use std::time::{Duration, Instant};

fn report(cpu_ms: u64, calls: u64) -> Report {
    let plugin = |id: &str, state: &str, calls: Option<u64>, reasons| {
        json!({
            "id": id, "version": "1.0.0", "kind": "business", "state": state,
            "since": "2026-11-28T00:00:00.000Z", "state_ms": 62_000, "path": "p", "sha256": null,
            "reasons": reasons, "root_cause": null, "cause": null, "degraded": [], "unload": null,
            "health": null, "restarts": 0, "restart": null, "calls": calls, "inside": 0,
            "doing": [],
            "panics": calls.map(|_| 0), "dropped_events": calls.map(|_| 0), "log_level": "info",
        })
    };
    let missing = json!([{ "code": "missing-dependency", "message": "requires gone ^1" }]);
    serde_json::from_value(json!({
        "host": {
            "pid": 7, "version": "0.1.0", "uptime_ms": 3_600_000, "state": "state",
            "configuration": [], "cpu_ms": cpu_ms, "abandoned_threads": 0,
        },
        "plugins": [
            plugin("alpha", "running", Some(5), json!([])),
            plugin("beta", "rejected", None, missing),
            plugin("web", "running", Some(calls), json!([])),
        ],
        "left_out": [],
    }))
    .unwrap()
}

/// Two reports, two seconds apart.
fn app() -> App {
    let (mut app, then) = (App::new(Sort::default()), Instant::now());
    app.take(Feed::Report(Box::new(report(1000, 100)), then));
    let now = then + Duration::from_secs(2);
    app.take(Feed::Report(Box::new(report(1250, 1100)), now));
    app
}

fn screen(app: &mut App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let buffer = terminal.backend().buffer();
    let width = usize::from(width);
    let cells: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
    let lines = cells.chunks(width).map(|line| line.concat());
    lines.map(|line| line.trim_end().to_owned()).collect()
}

fn press(app: &mut App, code: KeyCode) -> Action {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn a_frame() {
    let mut app = app();
    press(&mut app, KeyCode::Down);
    assert_eq!(
        screen(&mut app, 80, 9),
        [
            "jackfield 0.1.0 (process 7) up 1h 00m: 2 of 3 running",
            "the whole process: 12.5 % of one processor  sorted by id",
            "PLUGIN   STATE        FOR        CALLS/S PANICS        CALLS RESTARTS VERSION",
            "alpha    running      1m 02s         0.0      0            5        0 1.0.0",
            "beta     rejected     1m 02s           -      -            -        0 1.0.0",
            "web      running      1m 02s       500.0      0         1100        0 1.0.0",
            "",
            "missing-dependency: requires gone ^1",
            "q quit  ↑↓ choose  s sort  r restart",
        ]
    );
}

#[test]
fn a_small_window_shows_what_fits() {
    let mut app = app();
    assert_eq!(
        screen(&mut app, 30, 5),
        [
            "jackfield 0.1.0 (process 7) up",
            "the whole process: 12.5 % of o",
            "PLUGIN   STATE        FOR",
            "alpha    running      1m 02s",
            "q quit  ↑↓ choose  s sort  r r",
        ]
    );
    for (width, height) in [(1, 1), (3, 2), (10, 3), (200, 1), (1, 50)] {
        screen(&mut app, width, height);
        app.take(Feed::Would(done()));
        screen(&mut app, width, height);
    }
}

#[test]
fn before_the_first_report_there_is_nothing_to_show() {
    let mut app = App::new(Sort::Calls);
    assert!(matches!(press(&mut app, KeyCode::Char('r')), Action::Draw));
    press(&mut app, KeyCode::Down);
    let lines = screen(&mut app, 80, 5);
    assert_eq!(lines[0], "asking the host …");
    assert_eq!(
        lines[1],
        "the whole process: - of one processor  sorted by calls"
    );
    app.take(Feed::Lost("no host runs".to_owned()));
    assert_eq!(screen(&mut app, 80, 5)[1], "no host runs");
}

fn done() -> Done {
    Done {
        id: "web".to_owned(),
        dry_run: true,
        pending: false,
        stop: vec!["top".to_owned(), "web".to_owned()],
        start: vec!["web".to_owned(), "top".to_owned()],
        state: Some(State::Running),
        file: None,
    }
}

#[test]
fn a_restart_is_confirmed_before_it_is_done() {
    let mut app = app();
    press(&mut app, KeyCode::End);
    let Action::Ask(Wish::Look(id)) = press(&mut app, KeyCode::Char('r')) else {
        panic!("it asks what a restart would do");
    };
    assert_eq!(id, "web");
    app.take(Feed::Would(done()));
    let lines = screen(&mut app, 80, 12);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("restart web? With it: top")),
        "{lines:#?}"
    );
    // Enter is held down too easily.
    for no in [KeyCode::Char('n'), KeyCode::Enter] {
        app.take(Feed::Would(done()));
        assert!(matches!(press(&mut app, no), Action::Draw));
        assert!(app.question.is_none());
    }
    app.take(Feed::Would(done()));
    let Action::Ask(Wish::Restart(id)) = press(&mut app, KeyCode::Char('y')) else {
        panic!("it restarts");
    };
    assert_eq!(id, "web");
}

#[test]
fn what_is_chosen_stays_chosen_when_the_order_changes() {
    let mut app = app();
    press(&mut app, KeyCode::End);
    assert_eq!(app.table.selected(), Some(2));
    press(&mut app, KeyCode::Char('s'));
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(app.sort, Sort::Calls);
    assert_eq!(app.table.selected(), Some(0));
    assert_eq!(app.chosen().unwrap().plugin.id, "web");
    for code in [KeyCode::Char('q'), KeyCode::Esc] {
        assert!(matches!(press(&mut app, code), Action::Quit));
    }
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(matches!(app.key(interrupt), Action::Quit));
}
