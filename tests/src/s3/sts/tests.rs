//! Tests of the endpoint through sockets.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::s3::proxy::Proxy;
use crate::s3::reply::{Reply, elements};
use crate::s3::sign::encode;
use std::io::Write as _;

fn ask(endpoint: &str, request: &str) -> Reply {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut from = BufReader::new(&stream);
    let head = Head::read(&mut from).unwrap().unwrap();
    let body = content_of(&mut from, head.reply_body("GET")).unwrap();
    Reply { status: head.status(), headers: head.headers, body }
}

fn assume(sts: &Sts, token: &str, changes: &[(&str, &str)]) -> Reply {
    let role = sts.shared.rules.lock().unwrap().role.clone();
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", &role),
        ("RoleSessionName", "lockstep"),
        ("WebIdentityToken", token),
        ("DurationSeconds", "900"),
    ];
    let value =
        |name: &str, value| changes.iter().find(|(other, _)| *other == name).map_or(value, |(_, v)| *v);
    let form: Vec<_> = fields.iter().map(|(n, v)| format!("{n}={}", encode(value(n, v), ""))).collect();
    let form = form.join("&");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    ask(&sts.endpoint(), &format!("POST / HTTP/1.1\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}"))
}

fn identity(sts: &Sts, bearer: &str, audience: &str) -> Reply {
    let url = sts.token_url();
    let path = url.strip_prefix(&sts.endpoint()).unwrap();
    let audience = encode(audience, "");
    let request =
        format!("GET {path}&audience={audience} HTTP/1.1\r\nAuthorization: Bearer {bearer}\r\n\r\n");
    ask(&sts.endpoint(), &request)
}

fn value(reply: &Reply) -> String {
    let value: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    value["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_good_token_gets_credentials_that_end_when_they_say() {
    let sts = Sts::new(Rules { lifetime: Duration::from_millis(1), ..Rules::default() });
    let token = value(&identity(&sts, REQUEST_TOKEN, "sts.amazonaws.com"));
    let reply = assume(&sts, &token, &[]);
    assert_eq!((reply.status, reply.first("AccessKeyId")), (200, Rules::default().access_key));
    assert_eq!(reply.first("SecretAccessKey"), Rules::default().secret_key);
    let again = assume(&sts, &token, &[]);
    assert_ne!(reply.first("SessionToken"), again.first("SessionToken"));
    let handed = sts.issued();
    assert_eq!(handed.len(), 2);
    assert_eq!(handed[0].session_token, reply.first("SessionToken"));
    assert_eq!(rfc3339(handed[1].expires), again.first("Expiration"));
    let says = [("token", "200"), ("credentials", "200"), ("credentials", "200")];
    assert_eq!(sts.log(), says.map(|(what, code)| (what.to_owned(), code.to_owned())));
}

#[test]
fn each_kind_of_wrong_token_gets_its_own_error() {
    let sts = Sts::new(Rules::default());
    let good = Claims::default();
    let says = |claims: Claims| {
        let reply = assume(&sts, &sts.token(&claims), &[]);
        (reply.status, reply.first("Code"))
    };
    let is = |status, code: &str| (status, code.to_owned());
    assert_eq!(says(good.clone()).0, 200);
    let other = || "other".to_owned();
    assert_eq!(says(Claims { issuer: other(), ..good.clone() }), is(400, "InvalidIdentityToken"));
    assert_eq!(says(Claims { audience: other(), ..good.clone() }), is(400, "InvalidIdentityToken"));
    assert_eq!(says(Claims { subject: other(), ..good.clone() }), is(403, "AccessDenied"));
    assert_eq!(says(Claims { ends: -1, ..good.clone() }), is(400, "ExpiredTokenException"));
    assert_eq!(says(Claims { begins: 90, ..good.clone() }), is(400, "InvalidIdentityToken"));
    let token = sts.token(&good);
    let code = |token: &str, changes: &[(&str, &str)]| assume(&sts, token, changes).first("Code");
    assert_eq!(code("", &[]), "InvalidIdentityToken");
    assert_eq!(code(&token[..token.len() - 8], &[]), "InvalidIdentityToken");
    assert_eq!(code(&token, &[("RoleArn", "arn:aws:iam::123456789012:role/admin")]), "AccessDenied");
    assert_eq!(code(&token, &[("RoleSessionName", "a b")]), "ValidationError");
    assert_eq!(code(&token, &[("DurationSeconds", "899")]), "ValidationError");
    assert_eq!(code(&token, &[("Action", "AssumeRole")]), "InvalidAction");
    assert_eq!(sts.issued().len(), 1);
}

#[test]
fn identity_tokens_are_for_the_bearer_and_for_the_audience() {
    let sts = Sts::new(Rules::default());
    assert_eq!(identity(&sts, "guess", "sts.amazonaws.com").status, 401);
    let token = value(&identity(&sts, REQUEST_TOKEN, "api://other"));
    assert_eq!(assume(&sts, &token, &[]).first("Message"), "Incorrect token audience");
    let token = value(&identity(&sts, REQUEST_TOKEN, ""));
    assert_eq!(assume(&sts, &token, &[]).first("Code"), "InvalidIdentityToken");
    sts.change(|rules| rules.token_lifetime = 0);
    let token = value(&identity(&sts, REQUEST_TOKEN, "sts.amazonaws.com"));
    assert_eq!(assume(&sts, &token, &[]).first("Code"), "ExpiredTokenException");
}

#[test]
fn a_proxy_can_end_sessions_that_a_server_does_not_know() {
    let sts = Sts::new(Rules { lifetime: Duration::ZERO, ..Rules::default() });
    // The server behind the proxy does not matter.
    let proxy = Proxy::new(&sts.endpoint());
    let (when, what) = sts.unknown();
    proxy.fault(when, what);
    let (when, what) = sts.expired();
    proxy.fault(when, what);
    let code = |token: &str| {
        let reply =
            ask(&proxy.endpoint(), &format!("GET /x HTTP/1.1\r\nx-amz-security-token: {token}\r\n\r\n"));
        elements(&reply.text(), "Code").concat()
    };
    assert_eq!(code("guess"), "InvalidToken");
    assert_eq!(assume(&sts, &sts.token(&Claims::default()), &[]).status, 200);
    let ended = sts.issued()[0].session_token.clone();
    assert_eq!(code(&ended), "ExpiredToken");
    sts.change(|rules| rules.lifetime = Duration::from_secs(60));
    assert_eq!(assume(&sts, &sts.token(&Claims::default()), &[]).status, 200);
    let lasting = sts.issued()[1].session_token.clone();
    assert_eq!(code(&lasting), "NotFound", "it reaches the server");
}
