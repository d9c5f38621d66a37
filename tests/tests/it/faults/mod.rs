//! Does the host, and every other plugin, go on when one misbehaves?
//!
//! One test for each mode of the fixture `misbehave`, in the file of the step that it concerns. What
//! ends a process by its nature runs in a child process: `killed` and `constructors`.

mod child;
mod scene;

mod initialize;
mod start;
mod stop;

mod chain;
mod event;
mod floods;
mod future;
mod handle;
mod health;
mod reconfigure;
mod schedule;
mod threads;

mod constructors;
mod killed;

mod backtraces;
mod traces;
