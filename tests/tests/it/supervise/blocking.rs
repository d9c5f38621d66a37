//! Does a plugin that blocks as much as it can keep others from their turn?

use super::scene::{Scene, soon, until};
use jackfield_loader::{BoxFuture, Executor, Handle, Request, Threads};
use std::{
    fs,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

/// An executor on which only so many things block at a time, as on any with a bound.
struct Pool(mpsc::SyncSender<Box<dyn FnOnce() + Send>>);

impl Pool {
    fn new(threads: usize) -> Self {
        let (sender, receiver) = mpsc::sync_channel::<Box<dyn FnOnce() + Send>>(10_000);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let receiver = Arc::clone(&receiver);
            thread::spawn(move || {
                loop {
                    let next = receiver.lock().unwrap().recv();
                    match next {
                        Ok(function) => function(),
                        Err(_) => return,
                    }
                }
            });
        }
        Self(sender)
    }
}

impl Executor for Pool {
    fn spawn(&self, future: BoxFuture) {
        Threads.spawn(future);
    }

    fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
        self.0.send(function).unwrap();
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        Threads.sleep(duration)
    }
}

fn ask(plugin: &Handle, method: &str, path: &str) -> (u16, String) {
    let request = Request::new(method, path);
    let answer = pollster::block_on(plugin.request(&request)).unwrap();
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

#[test]
fn one_that_floods_the_pool_leaves_room_for_others() {
    let mut scene = Scene::new("blocking-flood");
    // 32 for the tasks of the one that floods, one for each plugin's events, one for the other's task.
    scene.options.executor = Arc::new(Pool::new(36));
    scene.settings(|settings| settings.stop_deadline = Some(Duration::from_secs(2)));
    let loader = scene.start();
    let begun = scene.site.root().join("release.begun");
    until("nothing floods", || fs::exists(&begun).unwrap());
    let echo = loader.plugin("echo").unwrap();
    assert_eq!(ask(&echo, "GET", "/blocking/x").0, 200);
    assert_eq!(ask(&echo, "POST", "/subscribe/misbehave.x").0, 204);
    loader.publish("misbehave.x", b"{}").unwrap();
    until("echo does not hear it", || {
        ask(&echo, "GET", "/events").1.starts_with("misbehave.x ")
    });
    // Those that have not begun are cancelled by a stop; those that have are waited for, and named.
    let error = loader.stop_plugin("misbehave", soon()).unwrap_err();
    let error = error.to_string();
    let begun = error
        .strip_prefix("`misbehave` did not stop: its tasks have not ended: floods (")
        .and_then(|rest| rest.strip_suffix(" times)")?.parse::<usize>().ok());
    assert!(begun.is_some_and(|begun| begun <= 32), "{error}");
    scene.release();
}
