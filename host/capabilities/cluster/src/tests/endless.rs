//! Tests: the client stops reading answers and lists that have no end.

use super::*;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1024 * 1024;
/// The size of the buffers at both ends of a connection on loopback.
const BUFFERS: u64 = 16 * MIB;

/// An answer of the server.
enum ServerAnswer {
    Json(Value),
    /// A status, the beginning of a body, and a text that it repeats without an end.
    Endless(u16, &'static str, &'static str),
}

/// The counts of the server.
#[derive(Clone, Default)]
struct Counts {
    requests: Arc<AtomicU64>,
    /// The sent bytes of bodies.
    sent: Arc<AtomicU64>,
}

impl Counts {
    /// Checks the sent bytes: a client that hangs up has taken at most the content of the buffers.
    #[track_caller]
    fn assert_sent_at_most(&self, max: u64) {
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(sent <= max, "the client took {} MiB", sent / MIB);
    }
}

/// A cluster whose server answers by the first line of each request and its number, counted from 0.
fn endless(answer: impl Fn(&str, u64) -> ServerAnswer + Send + Sync + 'static) -> (Cluster, Counts) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (counts, answer) = (Counts::default(), Arc::new(answer));
    let seen = counts.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (counts, answer) = (seen.clone(), Arc::clone(&answer));
            thread::spawn(move || serve(&stream, &counts, &*answer));
        }
    });
    (reaching(&address, Limits::default()), counts)
}

fn serve(mut stream: &TcpStream, counts: &Counts, answer: &dyn Fn(&str, u64) -> ServerAnswer) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let _head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        match answer(&first, counts.requests.fetch_add(1, Ordering::Relaxed)) {
            ServerAnswer::Json(json) => {
                let body = json.to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).ok()?;
            }
            ServerAnswer::Endless(status, begin, again) => {
                let head = format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n");
                write!(stream, "{head}{:x}\r\n{begin}\r\n", begin.len()).ok()?;
                let again = again.repeat(64 * 1024 / again.len());
                let chunk = format!("{:x}\r\n{again}\r\n", again.len());
                loop {
                    stream.write_all(chunk.as_bytes()).ok()?;
                    counts.sent.fetch_add(again.len() as u64, Ordering::Relaxed);
                }
            }
        }
    }
    None
}

fn get(cluster: &mut Cluster, name: &str) -> CallError {
    permitted(RawTarget::Resource(name), |permit| cluster.get(permit)).unwrap_err()
}

/// The error that ends a watch.
fn watch_error(cluster: &mut Cluster) -> CallError {
    let mut watch = start_watch(cluster, 1).unwrap();
    loop {
        for event in cluster.next(&mut watch, TIMEOUT_MS).unwrap() {
            match event.event {
                Event::Failed(error) => return error,
                Event::Interrupted(text) => panic!("the client retries: {text}"),
                _ => {}
            }
        }
    }
}

fn list(items: &[Value], next: &str) -> Value {
    let metadata = json!({"resourceVersion": "1", "continue": next});
    json!({"apiVersion": "v1", "kind": "PodList", "metadata": metadata, "items": items})
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "uid": name, "resourceVersion": "1"}})
}

#[test]
fn an_object_or_a_list_of_kinds_without_an_end_is_an_error() {
    for name in ["shop/Pod/web", "shop/Widget.example.com/web"] {
        let (mut cluster, counts) = endless(|_, _| ServerAnswer::Endless(200, "{\"kind\":\"", "x"));
        let error = get(&mut cluster, name);
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("more than 16777216 bytes"),
            "{error:?}"
        );
        counts.assert_sent_at_most(16 * MIB + BUFFERS);
    }
}

#[test]
fn an_error_without_an_end_is_an_error() {
    for status in [403, 404, 503] {
        let (mut cluster, counts) =
            endless(move |_, _| ServerAnswer::Endless(status, "{\"message\":\"", "x"));
        let error = get(&mut cluster, "shop/Pod/web");
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("more than 1048576 bytes"),
            "{error:?}"
        );
        counts.assert_sent_at_most(MIB + BUFFERS);
    }
}

#[test]
fn a_log_without_an_end_is_an_error() {
    let (mut cluster, counts) = endless(|_, _| ServerAnswer::Endless(200, "a line\n", "another line\n"));
    let logs =
        permitted(RawTarget::Resource("shop/Pod/web"), |permit| cluster.logs(permit, "main", false, 10));
    assert_eq!(logs.unwrap_err().word(), "limit-exceeded");
    counts.assert_sent_at_most(MIB + BUFFERS);
}

#[test]
fn a_page_without_an_end_is_an_error_and_gets_no_retry() {
    let (mut cluster, counts) = endless(|_, _| ServerAnswer::Endless(200, "{\"items\":[", "{},"));
    assert_eq!(watch_error(&mut cluster).word(), "limit-exceeded");
    assert_eq!(counts.requests.load(Ordering::Relaxed), 1);
    counts.assert_sent_at_most(64 * MIB + BUFFERS);
}

#[test]
fn an_event_without_an_end_is_an_error() {
    const EVENT: &str = "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\
        \"metadata\":{\"resourceVersion\":\"2\"}}}\n{\"type\":\"";
    let (mut cluster, counts) = endless(|first, _| match first.contains("watch=") {
        true => ServerAnswer::Endless(200, EVENT, "x"),
        false => ServerAnswer::Json(list(&[pod("web")], "")),
    });
    let error = watch_error(&mut cluster);
    assert!(
        error.word() == "limit-exceeded" && error.message().contains("more than 16777216 bytes"),
        "{error:?}"
    );
    counts.assert_sent_at_most(16 * MIB + BUFFERS);
}

#[test]
fn a_list_that_returns_to_a_page_is_an_error() {
    for round in [1, 2, 5] {
        let (mut cluster, counts) = endless(move |_, number| {
            ServerAnswer::Json(list(&[pod("web")], &format!("page-{}", number % round)))
        });
        let error = watch_error(&mut cluster);
        assert!(error.word() == "limit-exceeded" && error.message().contains("comes back"), "{error:?}");
        assert_eq!(counts.requests.load(Ordering::Relaxed), round + 1);
    }
}

#[test]
fn a_list_of_endless_empty_pages_is_an_error() {
    let (mut cluster, counts) = endless(|_, number| ServerAnswer::Json(list(&[], &format!("page-{number}"))));
    let error = watch_error(&mut cluster);
    assert!(
        error.word() == "limit-exceeded" && error.message().contains("more than 1000 pages"),
        "{error:?}"
    );
    assert_eq!(counts.requests.load(Ordering::Relaxed), 1001);
}
