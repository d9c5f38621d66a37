//! What the host is compared with: the same routes, written by hand in axum.

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{
        HeaderName, HeaderValue,
        header::{CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::sse::{Event, Sse},
    routing::{get, post},
};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::{runtime, sync::broadcast};

/// `--axum`: the same routes without a host.
pub fn serve_axum() {
    let greeting = |name: String| format!("Hello, {name}!");
    let hello = move |Path(name): Path<String>| async move { greeting(name) };
    // What the gateway says in every answer, said by the handler itself.
    let alike = move |Path(name): Path<String>| async move { (said(), greeting(name)) };
    let blocking = move |Path(name): Path<String>| async move {
        let done = tokio::task::spawn_blocking(move || greeting(name)).await;
        done.expect("it does not panic")
    };
    let echo = |body: Bytes| async move { ([(CONTENT_TYPE, "application/octet-stream")], body) };
    let (news, _) = broadcast::channel::<Arc<str>>(1024);
    let teller = news.clone();
    let tell = move |Path(count): Path<u64>| async move {
        for number in 0..count {
            // Nobody may listen.
            let _ = teller.send(document(number).into());
        }
    };
    let events = move || async move {
        let stream = futures_util::stream::unfold(news.subscribe(), |mut news| async move {
            let document = news.recv().await.ok()?;
            Some((Ok::<_, Infallible>(Event::default().data(document)), news))
        });
        Sse::new(stream)
    };
    let router = Router::new()
        .route("/web-0000/hello/{name}", get(hello))
        .route("/web-0000/alike/{name}", get(alike))
        .route("/web-0000/blocking/{name}", get(blocking))
        .route("/web-0000/echo", post(echo))
        .route("/web-0000/tell/{count}", post(tell))
        .route("/events", get(events));
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("it can be made").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await.expect("it serves");
    });
}

/// The headers that the gateway adds to each answer.
fn said() -> [(HeaderName, HeaderValue); 3] {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let id = format!("0badcafe-{:x}", NUMBER.fetch_add(1, Relaxed));
    [
        (
            HeaderName::from_static("x-request-id"),
            HeaderValue::try_from(id).expect("it is plain"),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}

/// The event that the host makes of what the fixture tells, less its id.
fn document(number: u64) -> String {
    format!(
        "{{\"topic\":\"notification\",\"data\":{{\"edge\":\"localhost\",\"plugin\":\"web-0000\",\
         \"topic\":\"job_status\",\"data\":{{\"job_id\":{number},\"state\":\"RUNNING\"}}}}}}"
    )
}
