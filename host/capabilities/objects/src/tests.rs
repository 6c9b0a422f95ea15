//! Endless responses of servers on loopback: how many bytes of them the host reads, and how many requests it sends.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod answers;
mod content;
mod store;
mod updates;

use super::*;
use aws_sdk_s3::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use lockstep_model::call::{CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use lockstep_workspace::hash::Algorithm;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The bytes that fit into the buffers of both ends of a connection on loopback.
const BUFFERS: u64 = 16 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// A server that runs until the process ends.
struct LoopbackServer {
    origin: String,
    requests: Arc<AtomicU64>,
    /// The bytes of bodies that it could send.
    sent: Arc<AtomicU64>,
}

/// The body of a response.
enum Body {
    Whole(String),
    /// The beginning, and then the second text for ever.
    Endless(String, String),
}

impl LoopbackServer {
    /// Answers a request by its first line and its number from 0.
    fn new(answer: impl Fn(&str, u64) -> (u16, Body) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (requests, sent, answer) = (Arc::default(), Arc::default(), Arc::new(answer));
        let server = Self { origin, requests: Arc::clone(&requests), sent: Arc::clone(&sent) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, sent, answer) =
                    (Arc::clone(&requests), Arc::clone(&sent), Arc::clone(&answer));
                thread::spawn(move || while serve(&stream, &requests, &sent, &*answer).is_some() {});
            }
        });
        server
    }

    fn objects(&self) -> Objects {
        objects_at(&self.origin)
    }

    fn requested(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// After the client closes the connection, a server can send only as much as the buffers hold.
    #[track_caller]
    fn assert_sent_at_most(&self, max: u64) {
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(sent <= max, "the server sent {} MiB", sent / MIB);
    }
}

fn serve(
    mut stream: &TcpStream,
    requests: &AtomicU64,
    sent: &AtomicU64,
    answer: &dyn Fn(&str, u64) -> (u16, Body),
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = given.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let (status, body) = answer(first.trim(), requests.fetch_add(1, Ordering::Relaxed));
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/xml\r\n");
    match body {
        Body::Whole(text) => {
            write!(stream, "{head}content-length: {}\r\n\r\n{text}", text.len()).ok()?;
        }
        Body::Endless(begin, again) => {
            write!(stream, "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{begin}\r\n", begin.len())
                .ok()?;
            let again = again.repeat(64 * 1024 / again.len());
            let chunk = format!("{:x}\r\n{again}\r\n", again.len());
            loop {
                stream.write_all(chunk.as_bytes()).ok()?;
                sent.fetch_add(again.len() as u64, Ordering::Relaxed);
            }
        }
    }
    Some(())
}

/// A run with the store at this address.
fn objects_at(origin: &str) -> Objects {
    let keys = AccessKey { id: "AKIA".into(), secret: "secret-of-the-key".into(), token: None };
    let config =
        ObjectsConfig { endpoint: Some(origin.to_owned()), keys: Some(keys), ..ObjectsConfig::default() };
    Objects::new(config, &Limits::default(), false)
}

fn gate() -> Gate {
    let right = Permission::parse(Capability::Objects, "list,head,multipart,put s3://releases/web/").unwrap();
    Gate::new(Grant { requested: vec![right], ceilings: vec![], policy: None }, Limits::default())
}

fn on<T>(
    right: &'static str,
    name: &str,
    act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
) -> Result<T, CallError> {
    let function = match right {
        "list" => "list-objects",
        "head" => "head-objects",
        "put" => "put-objects",
        "update" => "update-objects",
        _ => "create-multipart-upload",
    };
    gate().call(CallRequest::new(Capability::Objects, function, RawTarget::Object(name)), act)
}

fn list(objects: &mut Objects, start: Option<&str>) -> Result<ObjectPage, CallError> {
    on("list", "s3://releases/web/", |permit| objects.list_objects(permit, start))
}

const OBJECT: &str = "<Contents><Key>web/a</Key><Size>1</Size></Contents>";

fn page(keys: &[String], truncated: bool) -> (u16, Body) {
    let objects: String =
        keys.iter().map(|key| format!("<Contents><Key>web/{key}</Key><Size>1</Size></Contents>")).collect();
    let body =
        format!("<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{objects}</ListBucketResult>");
    (200, Body::Whole(body))
}

#[test]
fn the_host_reads_a_bounded_part_of_an_endless_page_once() {
    let server = LoopbackServer::new(|_, _| (200, Body::Endless("<ListBucketResult>".into(), OBJECT.into())));
    let error = list(&mut server.objects(), None).unwrap_err();
    assert!(
        error.word() == "limit-exceeded" && error.message().contains("more than 16777216 bytes"),
        "{error:?}"
    );
    assert_eq!(server.requested(), 1);
    server.assert_sent_at_most(16 * MIB + BUFFERS);
}

#[test]
fn the_host_reads_a_bounded_part_of_an_endless_error() {
    for status in [403, 404, 500] {
        let server = LoopbackServer::new(move |_, _| {
            (status, Body::Endless("<Error><Code>x</Code>".into(), "x".into()))
        });
        let error = list(&mut server.objects(), None).unwrap_err();
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("more than 1048576 bytes"),
            "{error:?}"
        );
        server.assert_sent_at_most(MIB + BUFFERS);
    }
}

#[test]
fn a_page_with_the_longest_keys_is_read() {
    // Each byte of a key as an entity.
    let key = |part_number: usize| format!("{part_number:04}{}", "&quot;".repeat(1020));
    let keys: Vec<_> = (0..1000).map(key).collect();
    let server = LoopbackServer::new(move |_, _| page(&keys, false));
    let page = list(&mut server.objects(), None).unwrap();
    assert_eq!((page.objects.len(), page.next), (1000, None));
}

/// Lists page by page, as a component does, until an error.
fn walk(server: &LoopbackServer) -> (u64, CallError) {
    let (mut objects, mut start) = (server.objects(), None);
    loop {
        match list(&mut objects, start.as_deref()) {
            Ok(page) => start = Some(page.next.expect("another page")),
            Err(error) => return (server.requested(), error),
        }
    }
}

#[test]
fn a_list_that_returns_to_an_earlier_page_ends() {
    for round in [1, 2, 5] {
        let server = LoopbackServer::new(move |_, number| page(&[(number % round).to_string()], true));
        let (requested, error) = walk(&server);
        assert_eq!((requested, error.word()), (round + 1, "limit-exceeded"), "{error:?}");
    }
}

#[test]
fn a_list_that_claims_more_and_lists_nothing_ends() {
    let server = LoopbackServer::new(|_, _| page(&[], true));
    let (requested, error) = walk(&server);
    assert_eq!((requested, error.word()), (1, "limit-exceeded"), "{error:?}");
}

#[test]
fn an_endless_list_of_parts_ends() {
    let parts = |next: u64, part: &str| {
        let body = format!(
            "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>{next}</NextPartNumberMarker>{part}\
             </ListPartsResult>"
        );
        (200, Body::Whole(body))
    };
    const PART: &str = "<Part><PartNumber>1</PartNumber><ETag>x</ETag><Size>1</Size></Part>";
    let requested = |server: &LoopbackServer| {
        let mut objects = server.objects();
        let upload = on("multipart", "s3://releases/web/a", |permit| {
            objects.resume_multipart_upload(permit, "id", Algorithm::Sha256)
        });
        let error = objects.list_parts(&upload.unwrap()).unwrap_err();
        assert_eq!(error.word(), "limit-exceeded", "{error:?}");
        server.requested()
    };
    assert_eq!(requested(&LoopbackServer::new(move |_, _| parts(7, PART))), 2);
    assert_eq!(requested(&LoopbackServer::new(move |_, number| parts(number % 2, PART))), 3);
    // Each response has another marker: without parts, and with more parts than an upload can have.
    assert_eq!(requested(&LoopbackServer::new(move |_, number| parts(number, ""))), 1);
    assert_eq!(requested(&LoopbackServer::new(move |_, number| parts(number, &PART.repeat(1000)))), 11);
}

#[test]
fn an_endless_list_of_uploads_ends_and_a_long_one_gives_a_warning() {
    let uploads = |marker: u64| {
        let body = format!(
            "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>{marker}</NextKeyMarker>\
             </ListMultipartUploadsResult>"
        );
        (200, Body::Whole(body))
    };
    let ask = |server: &LoopbackServer| {
        let mut objects = server.objects();
        let found = on("multipart", "s3://releases/web/", |permit| objects.list_multipart_uploads(permit));
        (found, objects.notes(), server.requested())
    };
    let (found, _, requested) = ask(&LoopbackServer::new(move |_, number| uploads(number % 2)));
    assert_eq!((found.unwrap_err().word(), requested), ("limit-exceeded", 3));
    let (found, notes, requested) = ask(&LoopbackServer::new(move |_, number| uploads(number)));
    assert_eq!((found.unwrap().len(), requested), (0, 100));
    assert!(notes.iter().any(|note| note.message.contains("skipped the later pages")), "{notes:?}");
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn the_host_reads_a_bounded_part_of_an_endless_token() {
    let server = LoopbackServer::new(|_, _| (200, Body::Endless("{\"value\":\"".into(), "x".into())));
    let url = format!("{}/token", server.origin);
    let error = runtime().block_on(oidc::request(&url, "token-of-the-job", "x")).unwrap_err();
    assert!(error.contains("more than 65536 bytes"), "{error}");
    assert_eq!(server.requested(), 1);
    server.assert_sent_at_most(MIB + BUFFERS);
}

#[test]
fn the_host_reads_a_bounded_part_of_endless_credentials() {
    for status in [200, 403] {
        let server = LoopbackServer::new(move |_, _| {
            (status, Body::Endless("<AssumeRoleResponse>".into(), "<a></a>".into()))
        });
        let keys = aws_sdk_s3::config::Credentials::new("AKIA", "secret-of-the-key", None, None, "test");
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(&server.origin)
            .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled())
            .http_client(route::for_credentials())
            .build();
        let sts = aws_sdk_sts::Client::from_conf(config);
        let requested = sts.assume_role().role_arn("arn").role_session_name("x").send();
        let error = runtime().block_on(requested).unwrap_err();
        assert!(answer_limits::ResponseTooLong::of(&error).is_some(), "{error:?}");
        server.assert_sent_at_most(MIB + BUFFERS);
    }
}

#[test]
fn the_host_reads_back_only_as_many_bytes_as_it_sent() {
    let server = LoopbackServer::new(|_, _| (200, Body::Endless("x".into(), "x".into())));
    let mut objects = server.objects();
    let (runtime, s3) = objects.server().unwrap();
    let location = location::ObjectLocation {
        bucket: "releases".into(),
        key: "web/a".into(),
        name: "s3://releases/web/a".into(),
    };
    let sent = [evidence::Segment { size: 1, algorithm: Algorithm::Sha256, digest: vec![0; 32] }];
    let read = runtime.block_on(s3.read_back(&location, &sent, evidence::WrittenObject::default()));
    assert_eq!(read.unwrap_err().word(), "integrity");
    server.assert_sent_at_most(MIB + BUFFERS);
}
