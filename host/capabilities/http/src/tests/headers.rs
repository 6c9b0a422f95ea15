//! Tests of the headers that a component may not set.

use super::server::{ScriptedServer, answer};
use super::*;

#[test]
fn the_host_rejects_a_forbidden_header_before_it_sends_anything() {
    let server = ScriptedServer::doing(answer(b""));
    let url = format!("http://127.0.0.1:{}/", server.port());
    let mut web = run(local(), &[]);
    for (name, value) in [
        ("Authorization", "Bearer x"),
        ("authorization", ""),
        ("Proxy-Authorization", "x"),
        ("proxy-connection", "x"),
        ("Host", "evil.test"),
        ("HOST", "x"),
        ("Cookie", "a=b"),
        ("cookie2", "x"),
        ("Connection", "close"),
        ("keep-alive", "1"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Transfer-Encoding", "chunked"),
        ("transfer_encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "x"),
        ("Content-Length", "5"),
        ("content_length", "5"),
        ("Expect", "100-continue"),
        ("Via", "x"),
        ("Accept-Encoding", "gzip"),
        ("Range", "bytes=0-1"),
        ("if-range", "x"),
        ("A-IM", "gzip"),
        ("Forwarded", "for=x"),
        ("X-Forwarded-For", "x"),
        ("X_Forwarded_For", "x"),
        ("X-Forwarded-Host", "x"),
        ("X-Real-IP", "x"),
        ("x-http-method-override", "DELETE"),
        ("X-HTTP-Method", "PUT"),
        ("x-original-url", "/admin"),
        ("X-Rewrite-URL", "/"),
        ("Sec-WebSocket-Key", "x"),
        ("", "x"),
        ("a b", "x"),
        ("a:b", "x"),
        ("a\r\nb", "x"),
        ("a\0", "x"),
        ("ä", "x"),
        ("a\r\nx: y\r\nb", "x"),
        ("a", "b\r\nc: d"),
        ("a", "b\nc"),
        ("a", "b\rc"),
        ("a", "b\0"),
        ("a", "\u{7f}"),
        ("a", "\t"),
        ("a", "ä"),
    ] {
        let ended = send_one(&mut web, &url, get(2000, 10, &[("accept", "*/*"), (name, value)]));
        assert!(matches!(ended, Err(CallError::Invalid(_))), "{name:?}: {value:?}: {ended:?}");
    }
    let many: Vec<(&str, &str)> = (0..65).map(|_| ("accept", "x")).collect();
    assert!(matches!(send_one(&mut web, &url, get(2000, 10, &many)), Err(CallError::Invalid(_))));
    let long = "x".repeat(5000);
    assert!(matches!(send_one(&mut web, &url, get(2000, 10, &[("a", &long)])), Err(CallError::Invalid(_))));
    assert!(server.heads().is_empty(), "{:?}", server.heads());
}

#[test]
fn other_headers_arrive_and_the_host_adds_its_own() {
    let server = ScriptedServer::doing(answer(b""));
    let url = format!("http://127.0.0.1:{}/a?b=c", server.port());
    let mut web = run(local(), &[]);
    let headers = [
        ("Accept", "text/plain"),
        ("accept", "text/html"),
        ("X-Forwarded-Proto", "https"),
        ("x-own", "a, b"),
    ];
    answered(&mut web, &url, get(2000, 10, &headers));
    let head = server.heads().remove(0);
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    let lines: Vec<_> = head.trim_end().lines().skip(1).map(str::to_ascii_lowercase).collect();
    for line in [
        "accept: text/plain".to_owned(),
        "accept: text/html".to_owned(),
        "x-forwarded-proto: https".to_owned(),
        "x-own: a, b".to_owned(),
        "accept-encoding: identity".to_owned(),
        format!("user-agent: lockstep/{}", env!("CARGO_PKG_VERSION")),
        format!("host: {}", server.address),
    ] {
        assert_eq!(lines.iter().filter(|seen| **seen == line).count(), 1, "{line}: {head}");
    }
    assert_eq!(lines.len(), 7, "{head}");
}

#[test]
fn a_head_request_has_its_method() {
    let server =
        ScriptedServer::doing(vec![server::say("HTTP/1.1 204 No Content\r\nX-A: 1\r\nx-a: 2\r\n\r\n")]);
    let mut web = run(local(), &[]);
    let request = Request { method: Method::Head, ..get(2000, 10, &[]) };
    let response = answered(&mut web, &format!("http://127.0.0.1:{}/", server.port()), request);
    assert!(server.heads()[0].starts_with("HEAD / "));
    let headers: Vec<_> = response.headers.iter().map(|header| (&*header.name, &*header.value)).collect();
    assert_eq!((response.status, headers), (204, vec![("x-a", "1"), ("x-a", "2")]));
    assert!(response.body.is_empty() && !response.truncated);
}
