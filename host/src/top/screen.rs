use super::{
    app::{Action, App},
    draw::draw,
    feed,
    rows::Sort,
};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How often it is looked whether the host said something, or a signal came.
const LOOK: Duration = Duration::from_millis(50);

/// The terminal while it is ours. It is given back as it was, however this ends: a panic does it
/// as well (`ratatui` sets that up).
struct Screen(DefaultTerminal);

impl Drop for Screen {
    fn drop(&mut self) {
        // Nowhere to tell that the terminal is gone.
        let _ = ratatui::try_restore();
    }
}

/// Shows it until the user has seen enough, or a signal comes.
pub(crate) fn show(state: PathBuf, interval: Duration, sort: Sort) -> io::Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&ended))?;
    }
    // Where it fails half of it may be done.
    let terminal = ratatui::try_init().inspect_err(|_| drop(ratatui::try_restore()));
    let mut screen = Screen(terminal?);
    let (feeds, wishes) = feed::begin(state, interval);
    let mut app = App::new(sort);
    let mut is_new = true;
    while !ended.load(Ordering::Relaxed) {
        for feed in feeds.try_iter() {
            app.take(feed);
            is_new = true;
        }
        if std::mem::take(&mut is_new) {
            screen.0.draw(|frame| draw(frame, &mut app))?;
        }
        if !event::poll(LOOK)? {
            continue;
        }
        is_new = true;
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match app.key(key) {
                Action::Draw => {}
                Action::Quit => break,
                // Where many are waiting already, one more is of no use.
                Action::Ask(wish) => drop(wishes.try_send(wish)),
            },
            _ => {}
        }
    }
    Ok(())
}
