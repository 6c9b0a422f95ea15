//! Tests of the proxy before a tiny server that returns the received bytes. They need no S3.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::Proxy;
use crate::s3::fault::{Moment, S3Fault, S3Matcher};
use crate::s3::http::{Head, Piece, content_of, copy};
use std::io::{BufReader, ErrorKind, Read as _, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// The requests of the server: head and content.
type Got = Arc<Mutex<Vec<(Head, Vec<u8>)>>>;

/// A server that returns the received content, in chunks if the path contains `chunked`.
fn server() -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let got = Got::default();
    let all = Arc::clone(&got);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let all = Arc::clone(&all);
            thread::spawn(move || one(&stream.unwrap(), &all));
        }
    });
    (endpoint, got)
}

fn one(mut stream: &TcpStream, got: &Got) -> Result<()> {
    let mut from = BufReader::new(stream);
    while let Some(head) = Head::read(&mut from)? {
        let target = head.word(1).to_owned();
        if target.contains("early") {
            return stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        }
        if head.header("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let content = content_of(&mut from, head.body())?;
        got.lock().unwrap().push((head, content.clone()));
        if target.contains("chunked") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let length = content.len();
            stream.write_all(format!("{length:x}\r\n").as_bytes())?;
            stream.write_all(&content)?;
            stream.write_all(b"\r\n0\r\n\r\n")?;
        } else {
            let length = content.len();
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes())?;
            stream.write_all(&content)?;
        }
    }
    Ok(())
}

/// A connection to the proxy.
struct Line(BufReader<TcpStream>);

impl Line {
    fn new(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    fn reply(&mut self) -> Result<(u16, Vec<u8>)> {
        let head = Head::read(&mut self.0)?.ok_or(ErrorKind::UnexpectedEof)?;
        let body = content_of(&mut self.0, head.reply_body("PUT"))?;
        Ok((head.status(), body))
    }

    fn put(&mut self, target: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let length = body.len();
        let head = format!("PUT {target} HTTP/1.1\r\nHost: the.bucket\r\nContent-Length: {length}\r\n\r\n");
        self.send(head.as_bytes());
        self.send(body);
        self.reply()
    }

    fn closed(&mut self) -> bool {
        !matches!(self.0.read(&mut [0]), Ok(1..))
    }
}

#[test]
fn heads_and_bodies_pass_byte_for_byte_on_a_connection_that_is_kept() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    let mut line = Line::new(&proxy);
    assert_eq!(line.put("/a?x=1", b"hello").unwrap(), (200, b"hello".to_vec()));
    let head = b"PUT /chunked HTTP/1.1\r\nhOST:  odd.host\r\nTransfer-Encoding: chunked\r\nX-Y: z\r\n\r\n";
    line.send(head);
    line.send(b"3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nx-amz-trailer: 1\r\n\r\n");
    assert_eq!(line.reply().unwrap(), (200, b"abcde".to_vec()));
    assert_eq!(line.put("/b", b"").unwrap(), (200, Vec::new()));
    assert_eq!(got.lock().unwrap()[1].0.raw, head);
    let log = proxy.log();
    let told = |i: usize| (&*log[i].request.method, &*log[i].request.target, log[i].sent, log[i].received);
    assert_eq!(told(0), ("PUT", "/a?x=1", 5, 5));
    assert_eq!(told(1), ("PUT", "/chunked", 5, 5));
    assert!(log.iter().all(|e| (e.status, e.server, e.connection) == (Some(200), Some(200), 1)), "{log:?}");
    assert_eq!((log[1].request.header("x-y"), log.len(), proxy.busiest()), ("z", 3, 1));
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    let mut line = Line::new(&proxy);
    let head = b"PUT /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    line.send(head);
    assert_eq!(Head::read(&mut line.0).unwrap().unwrap().status(), 100);
    line.send(b"ok");
    assert_eq!(line.reply().unwrap(), (200, b"ok".to_vec()));
    proxy.fault(S3Matcher::any(), S3Fault::slow_down());
    let mut line = Line::new(&proxy);
    line.send(head);
    assert_eq!(Head::read(&mut line.0).unwrap().unwrap().status(), 100);
    line.send(b"ok");
    assert_eq!(line.reply().unwrap().0, 503);
}

#[test]
fn an_answer_that_comes_before_the_body_has_been_read_reaches_the_client() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    let mut line = Line::new(&proxy);
    line.send(b"PUT /early HTTP/1.1\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(line.reply().unwrap(), (403, b"no".to_vec()));
    assert!(line.closed());
}

#[test]
fn a_fault_hits_the_requests_that_it_names() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.fault(S3Matcher::method("PUT").with("part=2").first(2), S3Fault::slow_down());
    proxy.fault(S3Matcher::method("PUT").with("part=2").nth(3), S3Fault::conflict());
    proxy
        .fault(S3Matcher::any().that(|request| request.header("host") == "nobody"), S3Fault::access_denied());
    proxy.fault(S3Matcher::method("GET"), S3Fault::internal_error());
    let mut line = Line::new(&proxy);
    let mut status = |target| line.put(target, b"x").unwrap().0;
    let told = ["/?part=1", "/?part=2", "/?part=2", "/?part=2", "/?part=2"].map(&mut status);
    assert_eq!(told, [200, 503, 503, 409, 200]);
    proxy.fault(S3Matcher::any(), S3Fault::not_implemented());
    assert_eq!(status("/"), 501);
    proxy.clear();
    assert_eq!(status("/"), 200);
    assert_eq!(got.lock().unwrap().len(), 3, "what the proxy answers does not reach the server");
    let faults: Vec<_> = proxy.log().iter().map(|e| (e.server, e.faults.concat())).collect();
    assert_eq!(faults[1], (None, "answer".to_owned()));
}

#[test]
fn an_error_has_the_form_of_s3_even_with_status_200() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.fault(S3Matcher::any().with("/200"), S3Fault::error_in_200("InternalError", "a < b"));
    proxy.fault(S3Matcher::any().with("/region"), S3Fault::other_region("eu-west-1"));
    let mut line = Line::new(&proxy);
    let (status, body) = line.put("/200", b"x").unwrap();
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200);
    assert!(text.contains("<Error><Code>InternalError</Code><Message>a &lt; b</Message>"), "{text}");
    line.send(b"HEAD /region HTTP/1.1\r\n\r\n");
    let head = Head::read(&mut line.0).unwrap().unwrap();
    assert_eq!((head.status(), head.header("x-amz-bucket-region")), (301, Some("eu-west-1")));
    assert_eq!(line.put("/x", b"y").unwrap().1, b"y", "no body came after the head");
}

#[test]
fn a_reset_before_reaches_no_server_and_a_reset_after_does() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.fault(S3Matcher::any().nth(1), S3Fault::ResetBefore);
    proxy.fault(S3Matcher::any().nth(2), S3Fault::ResetAfter);
    assert!(Line::new(&proxy).put("/a", b"one").is_err());
    assert_eq!(got.lock().unwrap().len(), 0);
    assert!(Line::new(&proxy).put("/a", b"two").is_err());
    assert_eq!(got.lock().unwrap()[0].1, b"two");
    let log = proxy.log();
    assert_eq!([log[0].server, log[1].server, log[0].status, log[1].status], [None, Some(200), None, None]);
}

#[test]
fn a_reply_is_cut_at_the_given_byte() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    for (target, count) in [("/plain", 3), ("/chunked", 3), ("/plain", 0)] {
        proxy.clear();
        proxy.fault(S3Matcher::any(), S3Fault::TruncateReply(count));
        let mut line = Line::new(&proxy);
        line.send(format!("PUT {target} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").as_bytes());
        let head = Head::read(&mut line.0).unwrap().unwrap();
        let mut content = Vec::new();
        let read = copy(&mut line.0, head.reply_body("PUT"), |piece, bytes| {
            content.extend_from_slice(if piece == Piece::Content { bytes } else { b"" });
            Ok(())
        });
        assert!(read.is_err());
        assert_eq!(content, &b"hello"[..usize::try_from(count).unwrap()], "{target}");
    }
}

#[test]
fn a_bit_is_flipped_in_the_content_only() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.fault(S3Matcher::any(), S3Fault::FlipByte(3));
    let mut line = Line::new(&proxy);
    assert_eq!(line.put("/a", b"abcdef").unwrap().1, b"abceef");
    line.send(b"PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n");
    assert_eq!(line.reply().unwrap().1, b"abceef");
    assert_eq!(line.put("/c", b"abc").unwrap().1, b"abc", "it has no such byte");
    assert_eq!(got.lock().unwrap().len(), 3);
}

#[test]
fn delays_drips_and_throttles_take_their_time() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    let mut line = Line::new(&proxy);
    let mut took = |target: &str, size: usize| {
        let start = Instant::now();
        assert_eq!(line.put(target, &vec![7; size]).unwrap().1.len(), size);
        start.elapsed().as_millis()
    };
    proxy.fault(S3Matcher::any().with("/delay"), S3Fault::Delay(Duration::from_millis(200)));
    proxy.fault(S3Matcher::any().with("/drip"), S3Fault::Drip(10_000));
    assert!((200..2000).contains(&took("/delay", 10)));
    assert!((200..3000).contains(&took("/drip", 3000)));
    proxy.latency(Duration::from_millis(150));
    assert!((150..2000).contains(&took("/a", 10)));
    proxy.latency(Duration::ZERO);
    proxy.throttle(Some(100_000));
    assert!((350..3000).contains(&took("/a", 40_000)));
    proxy.throttle(None);
    proxy.throttle_replies(Some(100_000));
    assert!((350..3000).contains(&took("/a", 40_000)));
}

#[test]
fn a_throttle_is_for_all_connections_together() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.throttle(Some(200_000));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Line::new(&proxy).put("/a", &[0; 20_000]).unwrap());
        }
    });
    assert!((350..4000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert!((2..=4).contains(&proxy.busiest()));
}

#[test]
fn a_stalled_request_is_never_answered_and_ends_with_the_proxy() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    proxy.fault(S3Matcher::any(), S3Fault::Stall);
    let mut line = Line::new(&proxy);
    line.0.get_ref().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let error = line.put("/a", b"x").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error:?}");
    let log = proxy.log();
    assert_eq!((log[0].status, log[0].ended, got.lock().unwrap().len()), (None, None, 0));
    let start = Instant::now();
    drop(proxy);
    assert!(line.closed());
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_function_is_called_once_at_its_moment() {
    let (endpoint, got) = server();
    let proxy = Proxy::new(&endpoint);
    let (tell, told) = mpsc::channel();
    for moment in [Moment::HeadReceived, Moment::Sent(3), Moment::Answered] {
        let (tell, got) = (tell.clone(), Arc::clone(&got));
        proxy.fault(
            S3Matcher::any(),
            S3Fault::call(moment, move || tell.send((moment, got.lock().unwrap().len())).unwrap()),
        );
    }
    let mut line = Line::new(&proxy);
    line.put("/a", b"hello").unwrap();
    line.put("/a", b"hello").unwrap();
    drop((proxy, tell));
    let told: Vec<_> = told.iter().collect();
    assert_eq!((told[0], told[2]), ((Moment::HeadReceived, 0), (Moment::Answered, 1)));
    assert_eq!((told[1].0, told.len()), (Moment::Sent(3), 3));
}

#[test]
fn a_client_that_goes_away_ends_its_request_at_the_server_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::new(&listener.local_addr().unwrap().to_string());
    let mut line = Line::new(&proxy);
    line.send(b"PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    let (server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    drop(line);
    let mut from = BufReader::new(server);
    let head = Head::read(&mut from).unwrap().unwrap();
    assert_eq!(content_of(&mut from, head.body()).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_missing_server_closes_the_connection() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::new(&gone.to_string());
    assert!(Line::new(&proxy).put("/a", b"x").is_err());
    assert_eq!((proxy.log()[0].server, proxy.log()[0].status), (None, None));
}

#[test]
fn many_connections_are_served_at_once() {
    let (endpoint, _) = server();
    let proxy = Proxy::new(&endpoint);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..16_u8 {
            let (proxy, done) = (&proxy, &done);
            scope.spawn(move || {
                let mut line = Line::new(proxy);
                for round in 0..20 {
                    let body = vec![number; 1000 * (round + 1)];
                    assert_eq!(line.put("/a", &body).unwrap(), (200, body));
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!((done.into_inner(), proxy.log().len()), (320, 320));
}
