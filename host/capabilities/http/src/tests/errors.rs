//! Tests of every error code.

use super::server::{ScriptedServer, ServerStep, say};
use super::*;
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// A timeout in milliseconds that no test reaches.
const LONG: u32 = 20_000;
/// A timeout in milliseconds that silent and slow servers soon reach.
const SHORT: u32 = 600;

/// The error of a request to a server that does these steps.
fn error(timeout_ms: u32, steps: Vec<ServerStep>) -> ErrorCode {
    let server = ScriptedServer::doing(steps);
    let url = format!("http://web.test:{}/path?query=1", server.port());
    error_of(timeout_ms, &mut run(local(), &[]), &url)
}

fn error_of(timeout_ms: u32, web: &mut WebClient, url: &str) -> ErrorCode {
    let error = send_one(web, url, get(timeout_ms, 1000, &[])).unwrap().unwrap_err();
    let text = format!("{error:?}");
    assert!(!text.contains("query") && !text.contains("/path"), "{text}");
    error
}

#[test]
fn a_name_without_an_address_is_a_dns_error() {
    let error = error_of(LONG, &mut run(FakeLookup::of(&[]), &[]), "http://nowhere.test/path?query=1");
    assert!(matches!(&error, ErrorCode::DnsError(text) if text.contains("nowhere.test")), "{error:?}");
    let error = error_of(LONG, &mut run(FakeLookup::of(&[("empty.test", &[])]), &[]), "http://empty.test/");
    assert!(matches!(error, ErrorCode::DnsError(_)), "{error:?}");
}

#[test]
fn the_host_does_not_wait_for_a_silent_name_server() {
    let names = Arc::new(FakeLookup { wait: Duration::from_secs(3), ..FakeLookup::default() });
    let started = Instant::now();
    let mut web = run(names, &[]);
    let error = error_of(SHORT, &mut web, "http://slow.test/");
    assert!(matches!(error, ErrorCode::DnsError(_)), "{error:?}");
    drop(web);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn a_closed_port_refuses_connections() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for url in [format!("http://web.test:{free}/path?query=1"), format!("https://127.0.0.1:{free}/")] {
        let error = error_of(LONG, &mut run(local(), &[]), &url);
        assert!(matches!(error, ErrorCode::ConnectionRefused(_)), "{error:?}");
    }
}

#[test]
fn a_server_that_accepts_no_connection_refuses_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _runtime = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // A full queue leaves further connections without a reply.
    let queue = |_| TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let waiting: Vec<_> = (0..10).map_while(queue).collect();
    assert!(waiting.len() < 10);
    for scheme in ["http", "https"] {
        for host in ["web.test", "127.0.0.1"] {
            let url = format!("{scheme}://{host}:{}/path?query=1", address.port());
            let error = error_of(SHORT, &mut run(local(), &[]), &url);
            assert!(
                matches!(&error, ErrorCode::ConnectionRefused(text) if text.contains("in time")),
                "{url}: {error:?}"
            );
        }
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_a_tls_error() {
    let server = ScriptedServer::secure(|_| server::answer(b"yes"));
    let error =
        error_of(LONG, &mut run(local(), &[]), &format!("https://web.test:{}/path?query=1", server.port()));
    assert!(matches!(&error, ErrorCode::TlsError(text) if text.contains("SSL_CERT_FILE")), "{error:?}");
    assert!(server.heads().iter().all(String::is_empty));
}

#[test]
fn a_server_without_tls_is_a_tls_error() {
    for steps in [vec![say("HTTP/1.1 400 Bad Request\r\n\r\n")], vec![]] {
        let server = ScriptedServer::doing(steps.clone());
        // The server reads a TLS hello, which does not end as a head of HTTP does.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = io::Read::read(&mut stream, &mut [0; 4096]);
            if let Some(ServerStep::Say(bytes)) = steps.first() {
                io::Write::write_all(&mut stream, bytes).unwrap();
            }
        });
        let error = error_of(LONG, &mut run(local(), &[]), &format!("https://web.test:{port}/path?query=1"));
        assert!(matches!(error, ErrorCode::TlsError(_)), "{error:?}");
        drop(server);
    }
}

#[test]
fn a_server_that_sends_nothing_is_a_response_timeout() {
    let error = error(SHORT, vec![ServerStep::Wait(2000)]);
    assert!(matches!(&error, ErrorCode::ResponseTimeout(text) if text.contains("600ms")), "{error:?}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://web.test:{}/path?query=1", listener.local_addr().unwrap().port());
    let error = error_of(SHORT, &mut run(local(), &[]), &url);
    assert!(matches!(&error, ErrorCode::ResponseTimeout(text) if text.contains("TLS")), "{error:?}");
}

#[test]
fn a_slow_body_is_a_body_timeout() {
    let mut steps = vec![say("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")];
    steps.extend((0..40).flat_map(|_| [say("x"), ServerStep::Wait(50)]));
    let started = Instant::now();
    let error = error(SHORT, steps);
    assert!(matches!(error, ErrorCode::BodyTimeout(_)), "{error:?}");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[test]
fn a_slow_head_is_a_response_timeout() {
    let mut steps = vec![say("HTTP/1.1 200 OK\r\n")];
    steps.extend((0..40).flat_map(|_| [say("x: y\r\n"), ServerStep::Wait(50)]));
    assert!(matches!(error(SHORT, steps), ErrorCode::ResponseTimeout(_)));
}

#[test]
fn a_connection_that_ends_early_is_closed() {
    for steps in [
        vec![],
        vec![ServerStep::Reset],
        vec![say("HTTP/1.1 200 OK\r\n")],
        vec![say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")],
        vec![say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")],
        vec![say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")],
    ] {
        let error = error(LONG, steps);
        assert!(matches!(error, ErrorCode::ConnectionClosed(_)), "{error:?}");
    }
}

#[test]
fn a_response_that_is_not_http_is_a_protocol_error() {
    let many: String = (0..90).map(|n| format!("x-{n}: {}\r\n", "y".repeat(800))).collect();
    for text in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned(),
        "HTTP/1.1 abc OK\r\n\r\n".to_owned(),
        "HTTP/1.1 700 Odd\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(1_000_000)),
    ] {
        let error = error(LONG, vec![say(&text)]);
        assert!(matches!(error, ErrorCode::ProtocolError(_)), "{}: {error:?}", &text[..text.len().min(40)]);
    }
}
