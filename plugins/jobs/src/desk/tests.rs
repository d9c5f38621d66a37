use super::*;
use crate::{
    job::{Ended, State},
    scene::{Scene, command, refused},
};

/// Runs nothing: the test says how jobs do.
#[derive(Default)]
struct Fake {
    full: std::sync::atomic::AtomicBool,
    forgotten: Mutex<Vec<String>>,
}

impl Scheduler for Fake {
    fn submit(&self, job: &Arc<Job>) -> Result<(), Fault> {
        if self.full.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Fault::TooMany {
                what: "the queue",
                most: 0,
            });
        }
        job.change(State::Running, Ended::default());
        Ok(())
    }

    fn cancel(&self, job: &Arc<Job>) -> Result<(), Fault> {
        job.change(State::Cancelled, Ended::default());
        Ok(())
    }

    fn output(&self, job: &Job, _stream: Stream) -> Result<Output, Fault> {
        Ok(Output {
            output: job.id.clone(),
            ..Output::default()
        })
    }

    fn forget(&self, job: &Job) {
        self.forgotten.lock().unwrap().push(job.id.clone());
    }

    fn stop(&self) {}
}

struct Stage {
    scene: Scene,
    fake: Arc<Fake>,
    desk: Desk,
}

fn stage(most: [usize; 4]) -> Stage {
    let (scene, fake) = (Scene::new(), Arc::new(Fake::default()));
    let [per_session, all, kept_per_session, kept] = most;
    let most = Most {
        per_session,
        all,
        kept_per_session,
        kept,
    };
    let scheduler: Arc<dyn Scheduler> = Arc::<Fake>::clone(&fake);
    let desk = Desk::new(scheduler, most, Arc::clone(&scene.listener));
    Stage { scene, fake, desk }
}

impl Stage {
    fn submit(&self, session: &str) -> Result<Arc<Job>, Fault> {
        self.desk.submit(session, command(&["true"]))
    }

    fn ids(&self, session: &str) -> Vec<String> {
        let jobs = self.desk.list(session).into_iter();
        jobs.map(|status| status.job_id).collect()
    }
}

fn end(job: &Job) {
    job.change(State::Completed, Ended::default());
}

#[test]
fn a_session_knows_its_own_jobs_only() {
    let stage = stage([10; 4]);
    let job = stage.submit("a").unwrap();
    stage.submit("b").unwrap();
    assert_eq!(stage.ids("a"), ["job-1"]);
    assert_eq!(
        stage.desk.status("a", "job-1").unwrap().state,
        State::Running
    );
    assert_eq!(
        stage.desk.output("a", "job-1", Stream::Out).unwrap().output,
        job.id
    );
    for id in ["job-2", "job-3", "1", "", "job-01", "job-+1"] {
        let unknown = (404, format!("unknown job id: {id}"));
        assert_eq!(refused(stage.desk.status("a", id)), unknown);
        assert_eq!(refused(stage.desk.cancel("a", id)), unknown);
        assert_eq!(refused(stage.desk.output("a", id, Stream::Out)), unknown);
    }
}

#[test]
fn what_has_ended_cannot_be_cancelled() {
    let stage = stage([10; 4]);
    stage.submit("a").unwrap();
    assert_eq!(
        stage.desk.cancel("a", "job-1").unwrap().state,
        State::Cancelled
    );
    assert_eq!(
        refused(stage.desk.cancel("a", "job-1")),
        (409, "job job-1 has ended: cancelled".to_owned())
    );
}

#[test]
fn there_are_no_more_jobs_than_may() {
    let stage = stage([2, 3, 10, 10]);
    let first = stage.submit("a").unwrap();
    stage.submit("a").unwrap();
    let said = "the session has 2 jobs that have not ended, which is the most";
    assert_eq!(refused(stage.submit("a")), (429, said.to_owned()));
    stage.submit("b").unwrap();
    let said = "the plugin has 3 jobs that have not ended, which is the most";
    assert_eq!(refused(stage.submit("c")), (429, said.to_owned()));
    end(&first);
    assert_eq!(stage.submit("a").unwrap().id, "job-4");
}

#[test]
fn the_oldest_that_have_ended_are_forgotten() {
    let stage = stage([10, 10, 2, 3]);
    for _ in 0..3 {
        end(&stage.submit("a").unwrap());
    }
    assert_eq!(stage.ids("a"), ["job-1", "job-2", "job-3"]);
    stage.submit("a").unwrap();
    assert_eq!(stage.ids("a"), ["job-2", "job-3", "job-4"]);
    for session in ["b", "c", "d"] {
        end(&stage.submit(session).unwrap());
    }
    assert_eq!(stage.ids("a"), ["job-3", "job-4"]);
    assert_eq!(*stage.fake.forgotten.lock().unwrap(), ["job-1", "job-2"]);
}

#[test]
fn a_closed_session_takes_its_jobs_with_it_or_leaves_them() {
    let stage = stage([10; 4]);
    let ended = stage.submit("a").unwrap();
    end(&ended);
    let running = stage.submit("a").unwrap();
    stage.desk.close("a", false).unwrap();
    assert_eq!(running.state(), State::Running);
    assert_eq!(*stage.fake.forgotten.lock().unwrap(), ["job-1"]);
    stage.desk.close("a", true).unwrap();
    assert_eq!(running.state(), State::Cancelled);
    assert_eq!(stage.desk.active(), 0);
}

#[test]
fn a_job_that_is_not_taken_is_not_there() {
    let stage = stage([10; 4]);
    stage
        .fake
        .full
        .store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(refused(stage.submit("a")).0, 429);
    assert_eq!(stage.ids("a"), [""; 0]);
    stage.scene.hears_nothing();
}
