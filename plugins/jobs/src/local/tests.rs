use super::*;
use crate::scene::{DEADLINE, Scene, command, refused, script};
use std::time::Instant;
use tempfile::TempDir;

struct Stage {
    scene: Scene,
    local: Local,
    dir: TempDir,
}

fn stage(running: usize, running_per_session: usize, queue: usize) -> Stage {
    let dir = TempDir::with_prefix("jobs-").unwrap();
    let local = Local::new(Bounds {
        running,
        running_per_session,
        queue,
        grace: Duration::from_millis(100),
        output: 1000,
        scripts: dir.path().join("scripts"),
    });
    Stage {
        scene: Scene::new(),
        local,
        dir,
    }
}

/// Runs until it is ended.
fn endless() -> crate::spec::Spec {
    command(&["sleep", "3600"])
}

impl Stage {
    fn submit(&self, session: &str, spec: crate::spec::Spec) -> Arc<Job> {
        let job = self.scene.job(session, spec);
        self.local.submit(&job).unwrap();
        job
    }

    fn said(&self, job: &Job) -> String {
        self.local.output(job, Stream::Out).unwrap().output
    }
}

#[test]
fn a_job_runs_and_tells_how_it_ended() {
    let stage = stage(2, 2, 10);
    let job = stage.submit("a", script("echo $0; pwd; env; exit 3"));
    stage.scene.hears(&job, State::Running);
    let status = stage.scene.hears(&job, State::Failed);
    assert_eq!(status.ended.exit_code, Some(3));
    assert!(status.started_unix_ms <= status.ended_unix_ms);
    let path = stage.dir.path().join("scripts").join(&job.id);
    let said = stage.said(&job);
    let expected = format!("{}\n/\nPATH=/usr/bin:/bin\n", path.display());
    assert!(said.starts_with(&expected), "{said}");
    // What the shell itself sets, and nothing of this process.
    assert!(!said.contains("CARGO"), "{said}");
    assert!(!path.exists());
    stage.local.forget(&job);
    assert_eq!(stage.said(&job), "");
    stage.local.stop();
}

#[test]
fn arguments_are_as_they_were_given() {
    let stage = stage(1, 1, 10);
    let job = stage.submit(
        "a",
        command(&["printf", "%s|", "a b", "$HOME", "`id`", "*", ""]),
    );
    stage.scene.hears(&job, State::Running);
    stage.scene.hears(&job, State::Completed);
    assert_eq!(stage.said(&job), "a b|$HOME|`id`|*||");
    stage.local.stop();
}

#[test]
fn a_job_that_cannot_begin_has_failed() {
    let stage = stage(1, 1, 10);
    let job = stage.submit("a", command(&["no-such-program"]));
    let status = stage.scene.hears(&job, State::Failed);
    assert_eq!(
        status.error.as_deref(),
        Some("the program was not started: No such file or directory (os error 2)")
    );
    // Its place is free again.
    let next = stage.submit("a", command(&["true"]));
    stage.scene.hears(&next, State::Running);
    stage.scene.hears(&next, State::Completed);
    stage.local.stop();
}

#[test]
fn a_job_that_was_cancelled_before_it_was_queued_does_not_begin() {
    let stage = stage(1, 1, 10);
    let job = stage.scene.job("a", endless());
    stage.local.cancel(&job).unwrap();
    stage.scene.hears(&job, State::Cancelled);
    stage.local.submit(&job).unwrap();
    let inner = stage.local.0.inner();
    assert!(inner.waiting.is_empty() && inner.running.is_empty());
    drop(inner);
    stage.local.stop();
    stage.scene.hears_nothing();
}

#[test]
fn what_runs_is_kept_only_until_it_does() {
    let stage = stage(1, 1, 10);
    let runs = stage.submit("a", endless());
    let waits = stage.submit("a", endless());
    stage.scene.hears(&runs, State::Running);
    assert_eq!(runs.take_spec(), None);
    stage.local.cancel(&waits).unwrap();
    stage.scene.hears(&waits, State::Cancelled);
    assert_eq!(waits.take_spec(), None);
    stage.local.stop();
}

#[test]
fn any_number_of_jobs_that_cannot_begin_ends() {
    let stage = stage(1, 1, 20_000);
    // No directory, so no script can be written.
    std::fs::write(stage.dir.path().join("scripts"), "").unwrap();
    let first = stage.submit("a", endless());
    stage.scene.hears(&first, State::Running);
    let failing: Vec<Arc<Job>> = (0..10_000)
        .map(|_| stage.submit("a", script("true")))
        .collect();
    stage.local.cancel(&first).unwrap();
    stage.scene.hears(&first, State::Cancelled);
    for job in &failing {
        stage.scene.hears(job, State::Failed);
    }
    stage.local.stop();
}

#[test]
fn the_script_of_a_job_that_cannot_begin_is_removed() {
    let stage = stage(1, 1, 10);
    let job = stage.submit("a", script("#!/no-such-interpreter"));
    stage.scene.hears(&job, State::Failed);
    let scripts = std::fs::read_dir(stage.dir.path().join("scripts")).unwrap();
    assert_eq!(scripts.count(), 0);
    stage.local.stop();
}

#[test]
fn no_more_run_than_may_and_the_others_wait_their_turn() {
    let stage = stage(2, 1, 2);
    let first = stage.submit("a", endless());
    stage.scene.hears(&first, State::Running);
    let second = stage.submit("a", endless());
    // Of another session, so it does not wait for the second.
    let other = stage.submit("b", endless());
    stage.scene.hears(&other, State::Running);
    let third = stage.submit("b", endless());
    let full = stage.scene.job("c", endless());
    assert_eq!(
        refused(stage.local.submit(&full)),
        (
            429,
            "the queue has 2 jobs that have not ended, which is the most".to_owned()
        )
    );
    assert_eq!([second.state(), third.state()], [State::Queued; 2]);
    stage.local.cancel(&other).unwrap();
    let ended = stage.scene.hears(&other, State::Cancelled);
    assert_eq!(ended.ended.signal, Some(15));
    stage.scene.hears(&third, State::Running);
    stage.local.cancel(&second).unwrap();
    stage.scene.hears(&second, State::Cancelled);
    stage.local.stop();
    let last: Vec<State> = [&first, &third].iter().map(|job| job.state()).collect();
    assert_eq!(last, [State::Cancelled; 2]);
    assert_eq!(
        refused(stage.local.submit(&full)),
        (503, "the scheduler is stopping".to_owned())
    );
}

#[test]
fn a_stop_ends_what_runs_and_what_waits() {
    let stage = stage(1, 1, 10);
    let stubborn = stage.submit(
        "a",
        script("trap '' TERM; echo set; while :; do sleep 0.01; done"),
    );
    stage.scene.hears(&stubborn, State::Running);
    // Before that it would end by the first signal.
    let deadline = Instant::now() + DEADLINE;
    while stage.said(&stubborn) != "set\n" {
        assert!(Instant::now() < deadline, "no trap in time");
        thread::yield_now();
    }
    let waiting = stage.submit("a", endless());
    stage.local.stop();
    let heard = [stage.scene.heard(), stage.scene.heard()];
    let mut heard = heard.map(|status| (status.job_id, status.state));
    heard.sort_by(|a, b| a.0.cmp(&b.0));
    let ended = |job: &Job| (job.id.clone(), State::Cancelled);
    assert_eq!(heard, [ended(&stubborn), ended(&waiting)]);
    stage.scene.hears_nothing();
    assert!(stage.local.0.inner().done.is_empty());
}

#[test]
fn a_job_ends_when_its_time_is_over() {
    let stage = stage(1, 1, 10);
    let mut spec = endless();
    spec.wall = Duration::from_millis(20);
    let job = stage.submit("a", spec);
    stage.scene.hears(&job, State::Running);
    let status = stage.scene.hears(&job, State::TimedOut);
    assert_eq!(status.ended.signal, Some(15));
    stage.local.stop();
}

#[test]
fn a_cancelled_job_stays_cancelled() {
    let stage = stage(1, 1, 10);
    let job = stage.submit("a", endless());
    stage.scene.hears(&job, State::Running);
    for _ in 0..3 {
        stage.local.cancel(&job).unwrap();
    }
    stage.scene.hears(&job, State::Cancelled);
    stage.local.cancel(&job).unwrap();
    stage.scene.hears_nothing();
    stage.local.stop();
}
