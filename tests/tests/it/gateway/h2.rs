//! Does a client that speaks HTTP/2 get what one of HTTP/1.1 gets, with TLS and without?

use super::{Got, PATIENCE, Served, site, until};
use bytes::{Buf, Bytes};
use h2::{
    RecvStream,
    client::{self, ResponseFuture, SendRequest},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};
use std::{collections::VecDeque, fs, net::SocketAddr, os::unix::fs::PermissionsExt, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    runtime::{self, Runtime},
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use ureq::http::{Request, request, response::Parts};

/// A connection, and the runtime on which it is spoken.
struct Connection {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
    /// Is ready when it ends.
    ended: JoinHandle<Result<(), h2::Error>>,
    /// What is put before paths.
    url: String,
}

/// An answer whose body may still come.
struct Coming {
    head: Parts,
    body: RecvStream,
}

fn new_runtime() -> Runtime {
    let mut builder = runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// Gives it up when it does not come.
fn wait<F: Future>(runtime: &Runtime, future: F) -> F::Output {
    let within = async { tokio::time::timeout(PATIENCE, future).await };
    runtime.block_on(within).expect("it comes in time")
}

impl Connection {
    /// Of a client that knows that the host speaks it.
    fn new(served: &Served) -> Self {
        let runtime = new_runtime();
        let stream = wait(&runtime, TcpStream::connect(served.address)).unwrap();
        Self::over(runtime, stream, format!("http://{}", served.address))
    }

    fn over(
        runtime: Runtime,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        url: String,
    ) -> Self {
        let (requests, connection) = wait(&runtime, client::handshake(stream)).unwrap();
        let ended = runtime.spawn(connection);
        Self {
            runtime,
            requests,
            ended,
            url,
        }
    }

    /// Sends a request whose body is whole, and waits for the head of the answer.
    fn begin(&mut self, request: request::Builder, body: &[u8]) -> Coming {
        let body = Bytes::copy_from_slice(body);
        let uri = request.uri_ref().unwrap().to_string();
        let url = if uri.starts_with('/') {
            self.url.clone() + &uri
        } else {
            uri
        };
        let request = request.uri(url).body(()).unwrap();
        let requests = self.requests.clone();
        let answer = wait(&self.runtime, async move {
            let mut requests = requests.ready().await.unwrap();
            let (answer, mut sending) = requests.send_request(request, body.is_empty()).unwrap();
            if body.has_remaining() {
                sending.send_data(body, true).unwrap();
            }
            answer.await
        });
        let (head, body) = answer.unwrap().into_parts();
        Coming { head, body }
    }

    fn ask(&mut self, request: request::Builder, body: &[u8]) -> Got {
        let Coming { head, body } = self.begin(request, body);
        let body = self.rest(body).unwrap();
        Got {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    fn get(&mut self, path: &str) -> Got {
        self.ask(Request::get(path), b"")
    }

    /// The next part of a body, nothing at its end.
    fn next(&self, body: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
        wait(&self.runtime, async {
            let part = body.data().await?;
            if let Ok(part) = &part {
                body.flow_control().release_capacity(part.len()).unwrap();
            }
            Some(part)
        })
    }

    /// All of a body, or why it broke off.
    fn rest(&self, mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
        let mut all = Vec::new();
        while let Some(part) = self.next(&mut body) {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }
}

#[test]
fn a_request_reaches_its_plugin_as_it_was_sent() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    let mut connection = Connection::new(&served);
    let request = Request::put("/echo/a%2Fb/c%3Fd?x=1&x=2&=&y=%26").header("x-own", "mine");
    let body = vec![0xff; 200_000];
    let got = connection.ask(request, &body);
    assert_eq!(got.status, 200);
    assert!(got.body == body, "{} bytes", got.body.len());
    for (name, value) in [
        ("x-method", "PUT"),
        ("x-path", "/a%2Fb/c%3Fd"),
        ("x-query", "x=1&x=2&=&y=%26"),
        ("x-echo-x-own", "mine"),
        // Where HTTP/1.1 has a header, HTTP/2 has the authority.
        ("x-echo-host", &served.address.to_string()),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let head = connection.ask(Request::head("/greeter/greet/World"), b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), "13");
    let wrong = connection.ask(Request::post("/greeter/greet/World"), b"");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, "GET, HEAD, OPTIONS")
    );
    assert_eq!(
        connection.get("/nobody/x").detail(),
        "Plugin 'nobody' not found"
    );
    assert_eq!(connection.get("/api/plugins").json()["count"], 2);
}

#[test]
fn a_name_that_is_not_the_hosts_is_refused() {
    let served = Served::start(site(&["echo"], ""));
    let mut connection = Connection::new(&served);
    let got = connection.get("http://evil.example/api/plugins");
    assert_eq!(got.status, 421);
    let port = served.address.port();
    let got = connection.get(&format!("http://localhost:{port}/echo/x"));
    assert_eq!(got.header("x-echo-host"), format!("localhost:{port}"));
    // A plugin sees the name that was looked at, and no other.
    let url = format!("http://localhost:{port}/echo/x");
    let request = Request::get(url).header("host", "evil.example");
    let got = connection.ask(request, b"");
    assert_eq!(got.header("x-echo-host"), format!("localhost:{port}"));
    // A second name beside the first does not hide it.
    let request = Request::get("http://evil.example/api/plugins").header("host", "localhost");
    let got = connection.ask(request, b"");
    assert!([400, 421].contains(&got.status), "{got:?}");
}

#[test]
fn what_is_too_long_is_refused_and_the_connection_goes_on() {
    let more = "max_body = 1000\n[http]\nmax_header = 8192\n";
    let served = Served::start(site(&["echo"], more));
    let mut connection = Connection::new(&served);
    let long = connection.ask(Request::post("/echo/x"), &[7; 1001]);
    assert_eq!(long.status, 413);
    let long = Request::get("/echo/x").header("x-long", "x".repeat(20_000));
    assert_eq!(connection.ask(long, b"").status, 431);
    assert_eq!(
        connection.ask(Request::post("/echo/x"), &[7; 1000]).body,
        [7; 1000]
    );
}

#[test]
fn bodies_come_in_parts_and_what_breaks_off_is_seen_to() {
    let served = Served::start(site(&["shelf"], "on_panic = \"continue\"\n"));
    let mut connection = Connection::new(&served);
    let many = connection.get("/shelf/lines/100000");
    assert_eq!(many.text().lines().count(), 100_000);
    let head = connection.ask(Request::head("/shelf/lines/3"), b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let weighed = connection.ask(Request::post("/shelf/weigh"), &vec![7; 1_000_000]);
    assert_eq!(weighed.json()[0], 1_000_000);
    for with in ["error", "panic"] {
        let path = format!("/shelf/lines/100000?with={with}");
        let coming = connection.begin(Request::get(path), b"");
        let error = connection.rest(coming.body).unwrap_err();
        assert!(error.is_reset(), "{with}: {error}");
    }
    assert_eq!(connection.get("/shelf/lines/1").text(), "line 1\n");
}

#[test]
fn requests_of_one_connection_do_not_wait_for_each_other() {
    let served = Served::start(site(&["echo"], ""));
    let mut connection = Connection::new(&served);
    let mut answers = Vec::new();
    for key in ["one", "two"] {
        let url = format!("{}/echo/pending/{key}", connection.url);
        let request = Request::get(url).header("x-request-id", "the-same");
        let request = request.body(()).unwrap();
        let (answer, _) = connection.requests.send_request(request, true).unwrap();
        answers.push(answer);
    }
    until("they do not arrive", || {
        served.get("/echo/waiting").text() == "one\ntwo"
    });
    let text = |connection: &Connection, answer: ResponseFuture| {
        let answer = wait(&connection.runtime, answer).unwrap();
        String::from_utf8(connection.rest(answer.into_body()).unwrap()).unwrap()
    };
    for (key, answer) in ["two", "one"].iter().zip(answers.into_iter().rev()) {
        let done = connection.ask(
            Request::post(format!("/echo/complete/{key}")),
            key.as_bytes(),
        );
        assert_eq!(done.text(), "1");
        assert_eq!(text(&connection, answer), *key);
    }
}

/// The events of a stream, of which a part may hold several, or not all of one.
struct Events {
    body: RecvStream,
    text: String,
    ready: VecDeque<Value>,
}

impl Events {
    fn next(&mut self, connection: &Connection) -> Value {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            let part = connection
                .next(&mut self.body)
                .expect("it goes on")
                .unwrap();
            self.text += std::str::from_utf8(&part).unwrap();
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().filter_map(|line| line.strip_prefix("data: "));
                self.ready
                    .extend(data.map(|json| serde_json::from_str(json).unwrap()));
                self.text = rest.to_owned();
            }
        }
    }
}

#[test]
fn events_come_beside_other_answers_and_end_with_the_host() {
    let served = Served::start(site(&["echo"], "[host]\nedge = \"here\"\n"));
    let mut connection = Connection::new(&served);
    let Coming { head, body } = connection.begin(Request::get("/events?topic=t"), b"");
    assert_eq!(head.status, 200);
    assert_eq!(head.headers["content-type"], "text/event-stream");
    let mut events = Events {
        body,
        text: String::new(),
        ready: VecDeque::new(),
    };
    assert_eq!(events.next(&connection)["topic"], "topology");
    for number in 0..3 {
        let told = json!({"topic": "t", "data": number}).to_string();
        let told = connection.ask(
            Request::post("/echo/publish/notifications"),
            told.as_bytes(),
        );
        assert_eq!(told.status, 204);
        assert_eq!(
            events.next(&connection)["data"],
            json!({"edge": "here", "plugin": "echo", "topic": "t", "data": number})
        );
    }
    assert_eq!(served.end().0, Some(0));
    let Events { mut body, .. } = events;
    while let Some(Ok(_)) = connection.next(&mut body) {}
}

#[test]
fn one_that_says_nothing_any_more_is_cut_off() {
    let more = "[http]\nheader_deadline = \"300ms\"\nwrite_deadline = \"300ms\"\n";
    let served = Served::start(site(&["echo"], more));
    let mut connection = Connection::new(&served);
    assert_eq!(connection.get("/echo/x").status, 200);
    // Its library answers the host's pings all the same. How it ends makes no difference.
    let _ = wait(&connection.runtime, &mut connection.ended).unwrap();
    assert_eq!(served.get("/echo/x").status, 200);
}

/// A host with a certificate, and what a client trusts.
fn with_tls() -> (Served, RootCertStore) {
    let site = site(
        &["greeter"],
        "[http]\ntls_certificate = \"cert.pem\"\ntls_key = \"key.pem\"\n",
    );
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(site.root().join("cert.pem"), made.cert.pem()).unwrap();
    let key = site.root().join("key.pem");
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    (Served::start(site), roots)
}

fn shake_hands(
    runtime: &Runtime,
    address: SocketAddr,
    roots: &RootCertStore,
    protocols: &[&str],
) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec());
    config.alpn_protocols = protocols.collect();
    let name = address.ip().into();
    wait(runtime, async {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    })
}

#[test]
fn over_tls_the_client_says_which_it_speaks() {
    let (served, roots) = with_tls();
    let runtime = new_runtime();
    let stream = shake_hands(&runtime, served.address, &roots, &["http/1.1", "h2"]);
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut connection = Connection::over(runtime, stream, format!("https://{}", served.address));
    assert_eq!(
        connection.get("/greeter/greet/World").text(),
        "Hello, World!"
    );

    let runtime = new_runtime();
    for protocols in [&["http/1.1"][..], &[]] {
        let mut stream = shake_hands(&runtime, served.address, &roots, protocols);
        let spoken = stream.get_ref().1.alpn_protocol();
        assert_eq!(
            spoken,
            protocols.first().map(|protocol| protocol.as_bytes())
        );
        let request =
            "GET /greeter/greet/World HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let said = wait(&runtime, async {
            let mut said = String::new();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_to_string(&mut said).await.map(|_| said)
        });
        let said = said.unwrap();
        assert!(
            said.starts_with("HTTP/1.1 200 ") && said.ends_with("Hello, World!"),
            "{said}"
        );
    }
}
