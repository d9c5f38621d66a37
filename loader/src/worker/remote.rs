//! A plugin in a worker, as the host's own process calls it.

use super::{
    process::Process,
    speech::{self, Answered, Condition, PluginCall, PluginNote, Said, long, read},
    upload::Upload,
    wire::{Asked, Gone, Wire},
};
use crate::{context::answer, ffi::begin_answer};
use jackfield_abi::{
    Answer, BorrowingFfiFuture, ByteStream, ByteStreamObject, CallMut, Event, Failure, FailureCode,
    FfiContext, Health, Level, Plugin, RBox, ROption, RResult, RStr, RString, RVec, Reply, Request,
    Response, abi_stable::type_level::downcasting::TD_Opaque,
};
use serde::de::DeserializeOwned;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The plugin's object: with its drop the worker ends.
pub(super) struct Remote {
    pub(super) process: Arc<Process>,
}

/// The worker is gone, or what was to be said is too long.
pub(super) fn gone(gone: &Gone) -> Failure {
    let text = format!("its worker {}", gone.0);
    Failure::new(FailureCode::ENDED, text)
}

/// Asks a worker, and waits for what comes of it.
fn ask<T: DeserializeOwned>(wire: &Arc<Wire>, call: &PluginCall<'_>) -> Result<T, Failure> {
    let asked = wire.call(call).map_err(long)?;
    read(&asked.wait().map_err(|why| gone(&why))?)
}

impl Remote {
    fn ask<T: DeserializeOwned>(&self, call: &PluginCall<'_>) -> RResult<T, Failure> {
        answer(|| ask(&self.process.wire, call))
    }

    fn handle<'a>(&self, request: &'a Request<'a>) -> Result<Coming<'a>, Failure> {
        let wire = &self.process.wire;
        let call = PluginCall::Handle(speech::Asked::new(request));
        let stream = request.stream.into_option();
        // Before the worker can ask for the first part of it.
        let asked = wire.prepare();
        let body = stream.map(|stream| Upload::new(&self.process, asked.number(), stream));
        wire.send_call(&asked, &call).map_err(long)?;
        Ok(Coming {
            number: asked.number(),
            wire: Arc::clone(wire),
            asked,
            body,
        })
    }
}

impl Plugin for Remote {
    fn start(&self) -> RResult<(), Failure> {
        let process = &self.process;
        answer(|| process.ask(&PluginCall::Start, process.deadlines.start))
    }

    fn stop(&self) -> RResult<(), Failure> {
        let process = &self.process;
        process.is_to_end();
        answer(|| process.ask(&PluginCall::Stop, process.deadlines.stop))
    }

    fn health(&self) -> RResult<Health, Failure> {
        answer(|| {
            let condition: Condition = ask(&self.process.wire, &PluginCall::Health)?;
            Ok(condition.health())
        })
    }

    fn handle<'a>(
        &'a self,
        request: &'a Request<'a>,
        call: CallMut<'_, 'a>,
        context: &mut FfiContext<'_>,
    ) -> bool {
        begin_answer(call, context, || Self::handle(self, request))
    }

    fn event(&self, event: &Event<'_>) -> RResult<(), Failure> {
        self.ask(&PluginCall::Event(Said::new(event)))
    }

    fn reconfigure(&self, config: RStr<'_>) -> RResult<(), Failure> {
        self.ask(&PluginCall::Reconfigure(config.as_str()))
    }

    fn set_log_level(&self, level: Level) {
        self.process.wire.note(&PluginNote::Level(level.0));
    }

    fn describe(&self, what: RStr<'_>) -> RResult<RString, Failure> {
        answer(|| {
            let text: String = ask(&self.process.wire, &PluginCall::Describe(what.as_str()))?;
            Ok(text.into())
        })
    }
}

/// An answer that is waited for.
struct Coming<'a> {
    asked: Asked,
    number: u64,
    wire: Arc<Wire>,
    /// What comes of the request meanwhile.
    body: Option<Box<Upload<'a>>>,
}

impl Coming<'_> {
    fn response(&self, said: &[u8]) -> Result<RBox<Response>, Failure> {
        let answered: Answered<'_> = read(said)?;
        let stream = answered.is_streamed.then(|| Rest {
            wire: Arc::clone(&self.wire),
            number: self.number,
        });
        Ok(RBox::new(Response {
            status: answered.status,
            headers: answered.headers.to_vec().into(),
            body: answered.body.to_vec().into(),
            stream: stream
                .map(|rest| ByteStreamObject::from_value(rest, TD_Opaque))
                .into(),
        }))
    }
}

impl Answer for Coming<'_> {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, reply: &mut Reply) -> Poll<()> {
        if let Some(body) = &mut self.body {
            body.poll(cx);
        }
        let said = ready!(Pin::new(&mut self.asked).poll(cx));
        let response = said
            .map_err(|why| gone(&why))
            .and_then(|said| self.response(&said));
        *reply = ROption::RSome(response.into());
        Poll::Ready(())
    }
}

/// What comes of a body after its beginning.
struct Rest {
    wire: Arc<Wire>,
    number: u64,
}

impl ByteStream for Rest {
    fn next(&self) -> BorrowingFfiFuture<'_, RResult<ROption<RVec<u8>>, Failure>> {
        let asked = self.wire.call(&PluginCall::Next(self.number));
        BorrowingFfiFuture::new(async move {
            let next = async {
                let said = asked.map_err(long)?.await.map_err(|why| gone(&why))?;
                let part: Option<serde_bytes::ByteBuf> = read(&said)?;
                Ok(part.map(|part| RVec::from(part.into_vec())).into())
            };
            next.await.into()
        })
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.wire.note(&PluginNote::Drop(self.number));
    }
}
