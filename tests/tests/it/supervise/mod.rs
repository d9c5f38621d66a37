//! Is a plugin that fails or falls ill looked after as it is said to be?

mod blocking;
mod by_hand;
mod health;
mod held;
mod panics;
mod restarts;
mod scene;
mod transitions;
mod waiting;
mod watchdog;
