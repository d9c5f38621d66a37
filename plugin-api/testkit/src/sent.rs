use crate::{message::Ask, run::Run, stage::lock, stream::Received};
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

/// A request under way. Dropping it cancels the request, as a caller that goes away does, and ends a
/// body that still comes.
pub struct Sent {
    run: Arc<Run>,
    task: Option<u64>,
    place: Place,
    received: Received,
}

impl Sent {
    pub(crate) fn new(run: &Arc<Run>, object: Arc<PluginObject>, ask: Ask) -> Self {
        let (place, received) = (Place::default(), Received::default());
        let (own, own_received) = (Arc::clone(&place), received.clone());
        let line = ask.line();
        let future = Box::pin(async move {
            let mut answer = handle(&object, &ask).await.map_err(__testkit::error);
            let stream = answer.as_mut().ok().and_then(__testkit::take_stream);
            *lock(&own) = Some(answer);
            match stream {
                Some(stream) => own_received.read(stream).await,
                None => own_received.end(Ok(())),
            }
        });
        let task = match run.tasks.spawn_call(&line, future) {
            Ok(task) => Some(task),
            Err(failure) => {
                *lock(&place) = Some(Err(__testkit::error(failure)));
                received.end(Ok(()));
                None
            }
        };
        Self {
            run: Arc::clone(run),
            task,
            place,
            received,
        }
    }

    /// One that was not taken.
    pub(crate) fn refused(run: &Arc<Run>, failure: Failure) -> Self {
        let received = Received::default();
        received.end(Ok(()));
        Self {
            run: Arc::clone(run),
            task: None,
            place: Arc::new(Mutex::new(Some(Err(__testkit::error(failure))))),
            received,
        }
    }

    /// The answer, taken out; `None` until it is there. An answer of any status is no error. Of a body
    /// that comes in parts it has nothing.
    pub fn answer(&self) -> Option<Result<Response>> {
        lock(&self.place).take()
    }

    /// The parts of the answer's body that have come since they were last taken.
    pub fn parts(&self) -> Vec<Vec<u8>> {
        self.received.take()
    }

    /// How the answer's body ended; `None` until it has.
    ///
    /// # Errors
    ///
    /// Inside: that of the stream, or its panic.
    pub fn ended(&self) -> Option<Result<()>> {
        self.received.ended()
    }

    /// The answer with all of its body, where that is there.
    pub(crate) fn whole(&self) -> Option<Result<Response>> {
        if let Err(error) = self.ended()? {
            return Some(Err(error));
        }
        let answer = self.answer()?;
        Some(answer.map(|answer| {
            let parts = self.parts();
            if parts.is_empty() {
                return answer;
            }
            let body = [answer.body().to_vec(), parts.concat()].concat();
            answer.with_body(body)
        }))
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
