//! What the tests share: jobs whose changes are heard.

use crate::{
    fault::Fault,
    job::{Job, Listener, State, Status},
    spec::{Spec, Work},
};
use crossbeam_channel::{Receiver, bounded};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Far more than anything takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    number: AtomicU64,
    pub(crate) listener: Listener,
    heard: Receiver<Status>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let (tell, heard) = bounded(1000);
        let listener: Listener = Arc::new(move |_, status| {
            tell.send(status.clone()).expect("the scene lives");
        });
        Self {
            number: AtomicU64::new(0),
            listener,
            heard,
        }
    }

    pub(crate) fn job(&self, session: &str, spec: Spec) -> Arc<Job> {
        let id = format!("job-{}", self.number.fetch_add(1, Relaxed));
        Arc::new(Job::new(
            id,
            session.to_owned(),
            spec,
            Arc::clone(&self.listener),
        ))
    }

    /// The next change.
    pub(crate) fn heard(&self) -> Status {
        self.heard.recv_timeout(DEADLINE).expect("a change comes")
    }

    /// The next change, which has to be this.
    pub(crate) fn hears(&self, job: &Job, state: State) -> Status {
        let heard = self.heard();
        assert_eq!(
            (&*heard.job_id, heard.state),
            (&*job.id, state),
            "{heard:?}"
        );
        heard
    }

    pub(crate) fn try_heard(&self) -> Option<Status> {
        self.heard.try_recv().ok()
    }

    pub(crate) fn hears_nothing(&self) {
        assert_eq!(self.try_heard(), None);
    }
}

pub(crate) fn spec(work: Work) -> Spec {
    Spec {
        work,
        name: "test".to_owned(),
        directory: "/".into(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        wall: Duration::from_secs(3600),
    }
}

pub(crate) fn script(text: &str) -> Spec {
    spec(Work::Script(text.to_owned()))
}

pub(crate) fn command(words: &[&str]) -> Spec {
    spec(Work::Command(
        words.iter().map(|&word| word.to_owned()).collect(),
    ))
}

pub(crate) fn refused<T>(result: Result<T, Fault>) -> (u16, String) {
    let fault = result.err().expect("it is refused");
    (fault.status(), fault.to_string())
}
