//! Answers without an end: how much of one is taken, and how often a list is asked for.

use super::*;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1024 * 1024;
/// What fits into the buffers of both ends of a connection on loopback, besides what was read.
const BUFFERS: u64 = 16 * MIB;

/// What a server answers.
enum Said {
    Json(Value),
    /// A status, the beginning of a body, and what then comes again and again.
    Endless(u16, &'static str, &'static str),
}

/// What a server counts.
#[derive(Clone, Default)]
struct Counts {
    requests: Arc<AtomicU64>,
    /// Bytes of bodies that it could send.
    sent: Arc<AtomicU64>,
}

impl Counts {
    /// Once the client has hung up, a server cannot send more than fits into buffers.
    #[track_caller]
    fn assert_sent_at_most(&self, most: u64) {
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(sent <= most, "{} MiB were taken", sent / MIB);
    }
}

/// A cluster whose server answers the first line of each request, and its number from 0.
fn endless(answer: impl Fn(&str, u64) -> Said + Send + Sync + 'static) -> (Cluster, Counts) {
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

fn serve(mut stream: &TcpStream, counts: &Counts, answer: &dyn Fn(&str, u64) -> Said) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let _head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        match answer(&first, counts.requests.fetch_add(1, Ordering::Relaxed)) {
            Said::Json(json) => {
                let body = json.to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).ok()?;
            }
            Said::Endless(status, begin, again) => {
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

/// The error that ends what is followed.
fn followed(cluster: &mut Cluster) -> CallError {
    let mut following = watch(cluster, 1).unwrap();
    loop {
        for change in cluster.next(&mut following, PATIENT).unwrap() {
            match change.event {
                Event::Failed(error) => return error,
                Event::Interrupted(text) => panic!("it is tried again: {text}"),
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
fn an_object_or_what_there_is_in_a_group_is_not_read_without_an_end() {
    for name in ["shop/Pod/web", "shop/Widget.example.com/web"] {
        let (mut cluster, counts) = endless(|_, _| Said::Endless(200, "{\"kind\":\"", "x"));
        let error = get(&mut cluster, name);
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("more than 16777216 bytes"),
            "{error:?}"
        );
        counts.assert_sent_at_most(16 * MIB + BUFFERS);
    }
}

#[test]
fn a_refusal_is_not_read_without_an_end() {
    for status in [403, 404, 503] {
        let (mut cluster, counts) = endless(move |_, _| Said::Endless(status, "{\"message\":\"", "x"));
        let error = get(&mut cluster, "shop/Pod/web");
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("more than 1048576 bytes"),
            "{error:?}"
        );
        counts.assert_sent_at_most(MIB + BUFFERS);
    }
}

#[test]
fn a_log_is_not_read_without_an_end() {
    let (mut cluster, counts) = endless(|_, _| Said::Endless(200, "a line\n", "another line\n"));
    let logs =
        permitted(RawTarget::Resource("shop/Pod/web"), |permit| cluster.logs(permit, "main", false, 10));
    assert_eq!(logs.unwrap_err().word(), "limit-exceeded");
    counts.assert_sent_at_most(MIB + BUFFERS);
}

#[test]
fn a_page_of_a_list_is_not_read_without_an_end_and_not_asked_for_again() {
    let (mut cluster, counts) = endless(|_, _| Said::Endless(200, "{\"items\":[", "{},"));
    assert_eq!(followed(&mut cluster).word(), "limit-exceeded");
    assert_eq!(counts.requests.load(Ordering::Relaxed), 1);
    counts.assert_sent_at_most(64 * MIB + BUFFERS);
}

#[test]
fn an_event_of_a_watch_is_not_read_without_an_end() {
    const EVENT: &str = "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\
        \"metadata\":{\"resourceVersion\":\"2\"}}}\n{\"type\":\"";
    let (mut cluster, counts) = endless(|first, _| match first.contains("watch=") {
        true => Said::Endless(200, EVENT, "x"),
        false => Said::Json(list(&[pod("web")], "")),
    });
    let error = followed(&mut cluster);
    assert!(
        error.word() == "limit-exceeded" && error.message().contains("more than 16777216 bytes"),
        "{error:?}"
    );
    counts.assert_sent_at_most(16 * MIB + BUFFERS);
}

#[test]
fn a_list_that_comes_back_to_a_page_ends() {
    for round in [1, 2, 5] {
        let (mut cluster, counts) =
            endless(move |_, number| Said::Json(list(&[pod("web")], &format!("page-{}", number % round))));
        let error = followed(&mut cluster);
        assert!(error.word() == "limit-exceeded" && error.message().contains("comes back"), "{error:?}");
        assert_eq!(counts.requests.load(Ordering::Relaxed), round + 1);
    }
}

#[test]
fn a_list_of_empty_pages_ends_however_many_more_it_says_there_are() {
    let (mut cluster, counts) = endless(|_, number| Said::Json(list(&[], &format!("page-{number}"))));
    let error = followed(&mut cluster);
    assert!(
        error.word() == "limit-exceeded" && error.message().contains("more than 1000 pages"),
        "{error:?}"
    );
    assert_eq!(counts.requests.load(Ordering::Relaxed), 1001);
}
