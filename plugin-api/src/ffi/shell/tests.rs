//! Is what this SDK cannot take refused, with the reason?

use super::*;
use crate::{NoConfig, OutgoingRequest, Response, quick};
use jackfield_abi::{
    BorrowingFfiFuture, ByteStream, ByteStreamObject, Call, ContextExt, FfiFuture, LogRecord,
    PanicReport, RBox, ROption, RSlice, RStr, RString, RVec, Reply, RetainedEvent,
    ServiceLeaseObject, ServiceOfferObject, StorageObject, SubscribeOptions,
    abi_stable::type_layout::TypeLayout,
};
use std::{
    future::ready,
    pin::pin,
    task::{Poll, Waker},
};

struct Empty;

impl ByteStream for Empty {
    fn next(&self) -> FfiFuture<RResult<ROption<RVec<u8>>, Failure>> {
        FfiFuture::new(ready(RResult::ROk(ROption::RNone)))
    }
}

fn stream() -> ByteStreamObject {
    ByteStreamObject::from_value(Empty, TD_Opaque)
}

/// Answers every request with a streamed body.
struct Streaming;

impl jackfield_abi::Host for Streaming {
    fn id(&self) -> RStr<'_> {
        "test".into()
    }
    fn config(&self) -> RString {
        "{}".into()
    }
    fn data_dir(&self) -> RResult<RString, Failure> {
        RResult::ROk(RString::new())
    }
    fn storage(&self) -> RResult<StorageObject, Failure> {
        RResult::RErr(Failure::new(FailureCode::UNSUPPORTED, "not in this test"))
    }
    fn settings(&self) -> RString {
        "{}".into()
    }
    fn log_level(&self) -> Level {
        Level(0)
    }
    fn log(&self, _: &LogRecord<'_>) {}
    fn panicked(&self, _: &PanicReport<'_>) {}
    fn publish(&self, _: RStr<'_>, _: RSlice<'_, u8>, _: u32) -> RResult<(), Failure> {
        RResult::ROk(())
    }
    fn subscribe(&self, _: RStr<'_>, _: &SubscribeOptions) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn unsubscribe(&self, _: u64) -> bool {
        false
    }
    fn dropped(&self, _: u64) -> ROption<u64> {
        ROption::RNone
    }
    fn last(&self, _: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        RResult::ROk(ROption::RNone)
    }
    fn clear_retained(&self, _: RStr<'_>) -> RResult<bool, Failure> {
        RResult::ROk(false)
    }
    fn request<'a>(
        &'a self,
        _: RStr<'a>,
        _: &'a jackfield_abi::Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()> {
        *reply = ROption::RSome(RResult::ROk(RBox::new(jackfield_abi::Response {
            status: 200,
            headers: RVec::new(),
            body: RVec::new(),
            stream: ROption::RSome(stream()),
        })));
        BorrowingFfiFuture::new(ready(()))
    }
    fn provide(&self, _: RStr<'_>, _: RStr<'_>, _: ServiceOfferObject) -> RResult<(), Failure> {
        RResult::ROk(())
    }
    fn require(
        &self,
        _: RStr<'_>,
        _: RStr<'_>,
        _: &'static TypeLayout,
        _: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure> {
        RResult::ROk(RVec::new())
    }
    fn spawn(&self, _: RStr<'_>, _: FfiFuture<()>) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn spawn_blocking(&self, _: RStr<'_>, _: FfiFuture<()>) -> RResult<u64, Failure> {
        RResult::ROk(1)
    }
    fn cancel(&self, _: u64) -> bool {
        false
    }
    fn schedule(&self, _: RStr<'_>, _: i64) -> RResult<FfiFuture<i64>, Failure> {
        RResult::ROk(FfiFuture::new(ready(i64::MAX)))
    }
    fn steady_ns(&self) -> u64 {
        0
    }
    fn sleep(&self, _: u64) -> FfiFuture<()> {
        FfiFuture::new(ready(()))
    }
}

struct Asks {
    context: Context,
}

impl Plugin for Asks {
    type Config = NoConfig;

    fn initialize(context: Context, _config: NoConfig) -> Result<Self> {
        Ok(Self { context })
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/ask", Self::ask);
        routes.get("/{name}", quick(|_: &Self| "own"));
        routes.get(
            "/status/{code}",
            quick(|_: &Self, request: Request<'_>| -> Result<Response> {
                Ok(Response::new(request.param("code")?.parse()?))
            }),
        );
    }
}

impl Asks {
    async fn ask(&self, _request: Request<'_>) -> Result<Response> {
        let asked = OutgoingRequest::get("/");
        self.context.request("other", asked).await
    }
}

/// What the plugin answers at once: status and body.
fn ask(request: &jackfield_abi::Request<'_>) -> Result<(u16, String), Failure> {
    let host = HostObject::from_value(Streaming, TD_Opaque);
    let plugin = create::<Asks>(host).into_result()?;
    let mut call = pin!(Call::new());
    let lent = CallMut::new(call.as_mut());
    let begun = std::task::Context::from_waker(Waker::noop())
        .with_ffi_context(|context| plugin.handle(request, lent, context));
    assert!(begun);
    let mut noop = std::task::Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(&mut noop), Poll::Ready(()));
    match call.as_mut().take_reply() {
        ROption::RSome(RResult::ROk(response)) => {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            Ok((response.status, body))
        }
        ROption::RSome(RResult::RErr(failure)) => Err(failure),
        ROption::RNone => panic!("the reply is empty"),
    }
}

#[test]
fn a_request_with_a_streamed_body() {
    let stream = stream();
    let mut request = jackfield_abi::Request::new("GET", "/status/200");
    assert_eq!(ask(&request), Ok((200, String::new())));
    request.stream = ROption::RSome(&stream);
    let text = "a request with a streamed body, which this route does not take: it has to be whole";
    let refused = Failure::new(FailureCode::UNSUPPORTED, text);
    assert_eq!(ask(&request), Err(refused));
}

#[test]
fn a_response_with_a_streamed_body() {
    let text =
        r#"{"detail":"`other` answered with a streamed body, which this plugin does not take"}"#;
    let request = jackfield_abi::Request::new("GET", "/ask");
    assert_eq!(ask(&request), Ok((501, text.to_owned())));
}

#[test]
fn a_status_that_is_none() {
    for status in [0, 7, 99, 600, u16::MAX] {
        let path = format!("/status/{status}");
        let text = format!("the handler answered with status {status}: a status is 100 to 599");
        let refused = Failure::new(FailureCode::ERROR, text);
        let request = jackfield_abi::Request::new("GET", &path);
        assert_eq!(ask(&request), Err(refused));
    }
    for status in [100, 599] {
        let path = format!("/status/{status}");
        let request = jackfield_abi::Request::new("GET", &path);
        assert_eq!(ask(&request), Ok((status, String::new())));
    }
}

#[test]
fn a_configuration_is_one_value_and_nothing_after_it() {
    assert!(configuration::<Asks>("{} \n").is_ok());
    let text = "configuration: expected one JSON value, found more after it";
    let refused = Failure::new(FailureCode::INVALID, text);
    assert_eq!(configuration::<Asks>("{} {}").err(), Some(refused));
}

#[test]
fn what_is_allowed_beside_a_pattern_of_the_plugins_own_is_told() {
    for (path, allowed) in [
        ("/register_session", "GET, POST, HEAD, OPTIONS"),
        ("/list_sessions", "GET, HEAD, OPTIONS"),
        ("/other", "GET, HEAD, OPTIONS"),
        ("/unregister_session/x", "POST, OPTIONS"),
    ] {
        let request = jackfield_abi::Request::new("PUT", path);
        let text = format!(r#"{{"detail":"PUT is not allowed here, only {allowed}"}}"#);
        assert_eq!(ask(&request), Ok((405, text)), "{path}");
        let request = jackfield_abi::Request::new("OPTIONS", path);
        assert_eq!(ask(&request), Ok((204, String::new())), "{path}");
    }
}
