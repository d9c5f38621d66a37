//! Are jobs run in order, and is one that hangs left behind?

use super::*;
use std::sync::{
    Barrier,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

fn job(waits_for: &[usize], priority: i32) -> Job {
    Job {
        waits_for: waits_for.to_vec(),
        priority,
        alone: false,
    }
}

/// Records what runs; a job may be told to wait for something.
struct Recorder<F> {
    order: Mutex<Vec<usize>>,
    overdue: Mutex<Vec<(usize, &'static str)>>,
    back: mpsc::SyncSender<usize>,
    body: F,
}

impl<F: Fn(usize, &Watch<'_>) + Send + Sync + 'static> Work for Recorder<F> {
    fn run(&self, job: usize, watch: &Watch<'_>) {
        (self.body)(job, watch);
        self.order.lock().unwrap().push(job);
    }
    fn overdue(&self, job: usize, step: &'static str, _limit: Duration) {
        self.overdue.lock().unwrap().push((job, step));
    }
    fn came_back(&self, job: usize) {
        self.back.send(job).unwrap();
    }
}

fn recorder<F: Fn(usize, &Watch<'_>) + Send + Sync + 'static>(
    body: F,
) -> (Arc<Recorder<F>>, mpsc::Receiver<usize>) {
    let (back, receiver) = mpsc::sync_channel(8);
    let recorder = Recorder {
        order: Mutex::default(),
        overdue: Mutex::default(),
        back,
        body,
    };
    (Arc::new(recorder), receiver)
}

#[test]
fn on_one_thread_dependencies_come_first_and_then_priority() {
    let (work, _) = recorder(|_, _| {});
    let jobs = [job(&[2], 0), job(&[], 50), job(&[], 40), job(&[0, 1], -9)];
    run(
        &jobs,
        1,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
    assert_eq!(*work.order.lock().unwrap(), [2, 0, 1, 3]);
}

#[test]
fn independent_jobs_run_at_the_same_time() {
    let barrier = Barrier::new(2);
    let (work, _) = recorder(move |_, watch| {
        watch.step("start", Duration::from_secs(10));
        barrier.wait();
    });
    run(
        &[job(&[], 0), job(&[], 0)],
        2,
        &(work as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
}

#[test]
fn a_job_that_is_to_run_alone_does() {
    let inside = AtomicUsize::new(0);
    let (work, _) = recorder(move |job, _| {
        let others = inside.fetch_add(1, Ordering::SeqCst);
        assert!(job != 1 || others == 0);
        inside.fetch_sub(1, Ordering::SeqCst);
    });
    let mut jobs: Vec<Job> = (0..50).map(|_| job(&[], 0)).collect();
    jobs[1].alone = true;
    run(
        &jobs,
        4,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
    assert_eq!(work.order.lock().unwrap().len(), 50);
}

#[test]
fn a_job_that_hangs_is_abandoned_and_the_rest_goes_on() {
    let (release, held) = mpsc::sync_channel::<()>(1);
    let held = Mutex::new(held);
    let (work, back) = recorder(move |job, watch| {
        if job == 0 {
            watch.step("initialize", Duration::from_millis(20));
            held.lock().unwrap().recv().unwrap();
            assert!(watch.abandoned());
        }
    });
    let jobs = [job(&[], 0), job(&[0], 0), job(&[], 0)];
    run(
        &jobs,
        1,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
    assert_eq!(*work.overdue.lock().unwrap(), [(0, "initialize")]);
    let mut order = work.order.lock().unwrap().clone();
    order.sort_unstable();
    assert_eq!(order, [1, 2]);
    release.send(()).unwrap();
    assert_eq!(back.recv_timeout(Duration::from_secs(10)), Ok(0));
}

#[test]
fn what_nobody_watches_is_given_up() {
    let (release, held) = mpsc::sync_channel::<()>(1);
    let held = Mutex::new(held);
    let (work, _) = recorder(move |_, _| {
        // No step: as if the thread had never come so far.
        let _ = held.lock().unwrap().recv();
    });
    let jobs = [job(&[], 0), job(&[0], 0)];
    let give_up = Instant::now() + Duration::from_millis(20);
    let shared: Arc<dyn Work> = Arc::clone(&work) as Arc<dyn Work>;
    run(&jobs, 1, &shared, &Hands::default(), Some(give_up));
    assert_eq!(*work.order.lock().unwrap(), [0; 0]);
    assert_eq!(*work.overdue.lock().unwrap(), []);
    drop(release);
}

#[test]
fn where_no_thread_can_be_made_it_is_tried_again() {
    let (work, _) = recorder(|_, _| {});
    let jobs = [job(&[], 0), job(&[0], 0)];
    let shared: Arc<dyn Work> = Arc::clone(&work) as Arc<dyn Work>;
    // The two that are there at first, and three more.
    run(&jobs, 1, &shared, &Hands::refusing(5), None);
    assert_eq!(*work.order.lock().unwrap(), [0, 1]);
}

#[test]
fn where_no_thread_ever_comes_it_is_given_up() {
    let (work, _) = recorder(|_, _| {});
    let shared: Arc<dyn Work> = Arc::clone(&work) as Arc<dyn Work>;
    let hands = Hands::refusing(usize::MAX);
    run(&[job(&[], 0)], 1, &shared, &hands, None);
    assert_eq!(*work.order.lock().unwrap(), [0; 0]);
}

#[test]
fn who_comes_back_does_so_after_it_was_told() {
    struct Late(Mutex<Vec<&'static str>>, Barrier, mpsc::SyncSender<()>);
    impl Work for Late {
        fn run(&self, _job: usize, watch: &Watch<'_>) {
            watch.step("start", Duration::ZERO);
            self.1.wait();
            assert!(watch.abandoned());
            self.0.lock().unwrap().push("abandoned");
        }
        fn overdue(&self, _job: usize, _step: &'static str, _limit: Duration) {
            // It returns from its step while it is told.
            self.1.wait();
            std::thread::yield_now();
            self.0.lock().unwrap().push("overdue");
        }
        fn came_back(&self, _job: usize) {
            self.0.lock().unwrap().push("came back");
            self.2.send(()).unwrap();
        }
    }
    let (back, receiver) = mpsc::sync_channel(1);
    let work = Arc::new(Late(Mutex::default(), Barrier::new(2), back));
    run(
        &[job(&[], 0)],
        1,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
    receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(
        *work.0.lock().unwrap(),
        ["overdue", "abandoned", "came back"]
    );
}

#[test]
fn jobs_that_are_stuck_let_all_others_run_level_after_level() {
    // Each level can only end when all ten of it are inside at the same time.
    let levels: Vec<Barrier> = (0..5).map(|_| Barrier::new(10)).collect();
    let (work, _) = recorder(move |job, watch| {
        watch.step("start", Duration::from_secs(30));
        levels[job / 10].wait();
        assert!(!watch.abandoned());
    });
    let needs = |job: usize| job.checked_sub(10).into_iter().collect::<Vec<_>>();
    let jobs: Vec<Job> = (0..50).map(|number| job(&needs(number), 0)).collect();
    run(
        &jobs,
        10,
        &(Arc::clone(&work) as Arc<dyn Work>),
        &Hands::default(),
        None,
    );
    assert_eq!(work.order.lock().unwrap().len(), 50);
}
