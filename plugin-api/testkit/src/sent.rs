use crate::{message::Ask, run::Run, stage::lock};
use jackfield_abi::{
    Call, CallMut, ContextExt, Failure, FailureCode, PluginObject, ROption, RResult, Reply,
};
use plugin_api::{__testkit, Response, Result};
use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

type Place = Arc<Mutex<Option<Result<Response>>>>;

/// A request under way. Dropping it cancels the request, as a caller that goes away does.
pub struct Sent {
    run: Arc<Run>,
    task: Option<u64>,
    place: Place,
}

impl Sent {
    pub(crate) fn new(run: &Arc<Run>, object: Arc<PluginObject>, ask: Ask) -> Self {
        let place = Place::default();
        let own = Arc::clone(&place);
        let line = ask.line();
        let future = Box::pin(async move {
            let answer = handle(&object, &ask).await.map_err(__testkit::error);
            *lock(&own) = Some(answer);
        });
        let task = match run.tasks.spawn_call(&line, future) {
            Ok(task) => Some(task),
            Err(failure) => {
                *lock(&place) = Some(Err(__testkit::error(failure)));
                None
            }
        };
        Self {
            run: Arc::clone(run),
            task,
            place,
        }
    }

    /// One that was not taken.
    pub(crate) fn refused(run: &Arc<Run>, failure: Failure) -> Self {
        Self {
            run: Arc::clone(run),
            task: None,
            place: Arc::new(Mutex::new(Some(Err(__testkit::error(failure))))),
        }
    }

    /// The answer, taken out; `None` until it is there. An answer of any status is no error.
    pub fn answer(&self) -> Option<Result<Response>> {
        lock(&self.place).take()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(task) = self.task {
            self.run.tasks.cancel(task);
        }
    }
}

async fn handle(object: &PluginObject, ask: &Ask) -> Result<Response, Failure> {
    let parts = ask.parts();
    let request = parts.raw();
    let mut call = pin!(Call::new());
    let mut has_begun = false;
    poll_fn(|cx| {
        if has_begun {
            return call.as_mut().poll(cx);
        }
        has_begun = true;
        let call = CallMut::new(call.as_mut());
        match cx.with_ffi_context(|cx| object.handle(&request, call, cx)) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    accept(call.take_reply())
}

/// As a host takes it.
fn accept(reply: Reply) -> Result<Response, Failure> {
    match reply {
        ROption::RSome(RResult::ROk(response)) => Ok(__testkit::response(response)),
        ROption::RSome(RResult::RErr(failure)) => Err(failure),
        ROption::RNone => Err(Failure::new(FailureCode::PANIC, "it gave no answer")),
    }
}
