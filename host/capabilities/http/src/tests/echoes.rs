//! Tests of credentials: the host sends one to its origin only, and removes it from responses that repeat it.

use super::server::{ScriptedServer, ServerStep, answer, say};
use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Sends a request with [`TOKEN`] to a server that does these steps.
fn bearing(max_body_bytes: u32, steps: Vec<ServerStep>) -> RequestResult {
    with(&format!("Bearer {TOKEN}"), max_body_bytes, steps)
}

fn with(authorization: &str, max_body_bytes: u32, steps: Vec<ServerStep>) -> RequestResult {
    let server = ScriptedServer::doing(steps);
    let origin = format!("http://{}", server.address);
    let mut web = run(local(), &[(&origin, authorization)]);
    let ended = send_one(&mut web, &format!("{origin}/"), get(5000, max_body_bytes, &[]));
    let line = format!("authorization: {authorization}\r\n").to_ascii_lowercase();
    let heads = server.heads();
    assert!(heads.len() == 1 && heads[0].to_ascii_lowercase().contains(&line), "{heads:?}");
    ended
}

fn body(ended: RequestResult) -> String {
    String::from_utf8_lossy(&ended.unwrap().unwrap().body).into_owned()
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The text in the percent-encoding of URLs, with these digits.
fn percent(text: &str, digits: fn(u8) -> String) -> String {
    let one = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "-._~".contains(c) => c.to_string(),
        c => digits(c as u8),
    };
    text.chars().map(one).collect()
}

/// The text in every common encoding.
fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![
        text.to_owned(),
        format!("{text}\n{text}"),
        hexadecimal(text),
        hexadecimal(text).to_uppercase(),
        percent(text, |byte| format!("%{byte:02X}")),
        percent(text, |byte| format!("%{byte:02x}")),
        json(text),
    ];
    for before in ["", "a", "ab", "abc: "] {
        forms.push(STANDARD.encode(format!("{before}{text} after")));
        forms.push(URL_SAFE_NO_PAD.encode(format!("{before}{text} after")));
    }
    forms
}

/// The text in a JSON document.
fn json(text: &str) -> String {
    format!("{{\"authorization\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[test]
fn the_host_removes_credentials_from_bodies() {
    for secret in [TOKEN.to_owned(), format!("Bearer {TOKEN}")] {
        for form in forms(&secret) {
            let shown = body(bearing(10_000, answer(format!("<before>{form}<after>").as_bytes())));
            assert!(shown.contains("***"), "{form}: {shown}");
            // In base64 the first and the last character also depend on the neighbours and stay. They do not reveal the
            // credential.
            assert!(!shown.contains(&form[form.len() / 3..form.len() * 2 / 3]), "{form}: {shown}");
            assert!(shown.starts_with("<before>") && shown.ends_with("<after>"), "{shown}");
        }
    }
}

#[test]
fn the_host_removes_the_user_and_the_password() {
    let (user, password) = ("deployer", "hunter2-canary\"quoted");
    let pair = format!("{user}:{password}");
    for authorization in
        [format!("Basic {}", STANDARD.encode(&pair)), format!("basic {}", STANDARD.encode(&pair))]
    {
        for echoed in [
            authorization.clone(),
            pair.clone(),
            password.to_owned(),
            STANDARD.encode(&pair),
            hexadecimal(password),
        ] {
            let shown = body(with(&authorization, 10_000, answer(format!("<{echoed}>").as_bytes())));
            assert!(shown == "<***>" || shown == "<basic ***>", "{echoed}: {shown}");
        }
    }
}

#[test]
fn the_host_finds_a_credential_across_chunks() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut steps = vec![say(head)];
    for c in format!("<{TOKEN}>").chars() {
        steps.extend([say(&format!("1\r\n{c}\r\n")), ServerStep::Wait(2)]);
    }
    steps.push(say("0\r\n\r\n"));
    assert_eq!(body(bearing(10_000, steps)), "<***>");
}

#[test]
fn the_host_finds_a_credential_between_bytes_that_are_not_text() {
    let all = [&b"\xff\xe2\x82"[..], TOKEN.as_bytes(), b"\x80\xff"].concat();
    let response = bearing(10_000, answer(&all)).unwrap().unwrap();
    assert_eq!(response.body, b"\xff\xe2\x82***\x80\xff");
    let wide: Vec<u8> = TOKEN.bytes().flat_map(|byte| [byte, 0]).collect();
    assert!(matches!(bearing(10_000, answer(&wide)), Err(CallError::Denied(_))));
    let plain = b"a\0b\0\xff".to_vec();
    assert_eq!(bearing(10_000, answer(&plain)).unwrap().unwrap().body, plain);
}

#[test]
fn the_host_removes_credentials_from_headers() {
    let name: String = TOKEN.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let authorization = format!("Bearer {name}");
    let head = format!(
        "HTTP/1.1 302 Found\r\nlocation: https://evil.test/?t={name}\r\nx-{name}: 1\r\nx-b: {}\r\nx-c: {authorization}\r\n\
         content-length: 0\r\n\r\n",
        STANDARD.encode(&name)
    );
    let response = with(&authorization, 100, vec![say(&head)]).unwrap().unwrap();
    let shown: Vec<_> =
        response.headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect();
    assert_eq!(shown[0], "location: https://evil.test/?t=***");
    assert_eq!((shown[1].as_str(), shown[3].as_str()), ("x-***: 1", "x-c: ***"));
    assert!(shown[2].starts_with("x-b: ***"), "{}", shown[2]);
}

#[test]
fn the_host_removes_credentials_from_errors() {
    for steps in [
        vec![say(&format!("{TOKEN} {TOKEN}\r\n\r\n"))],
        vec![say(&format!("HTTP/1.1 200 {TOKEN}\r\n{TOKEN}\r\n\r\n"))],
        vec![say(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{TOKEN}\r\n"))],
        vec![say(&format!("HTTP/1.1 200 OK\r\ncontent-encoding: {TOKEN}\r\ncontent-length: 0\r\n\r\n"))],
    ] {
        let trouble = bearing(100, steps).unwrap().unwrap_err();
        assert!(
            matches!(&trouble, ErrorCode::ProtocolError(text) if !text.contains("canary")),
            "{trouble:?}"
        );
    }
}

#[test]
fn the_host_rejects_a_compressed_response_to_a_credential() {
    for header in [
        "content-encoding: gzip",
        "Content-Encoding: br",
        "content-encoding: identity, gzip",
        "content-encoding: identity\r\ncontent-encoding: zstd",
    ] {
        let steps = vec![say(&format!("HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: 3\r\n\r\nabc"))];
        let trouble = bearing(100, steps).unwrap().unwrap_err();
        assert!(matches!(trouble, ErrorCode::ProtocolError(_)), "{header}: {trouble:?}");
    }
    let steps = vec![say("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")];
    assert!(matches!(bearing(100, steps).unwrap(), Err(ErrorCode::ProtocolError(_))));
    let steps = vec![say("HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 3\r\n\r\nabc")];
    assert_eq!(body(bearing(100, steps)), "abc");
    // A server that gets no credential can repeat none, so the host passes on the bytes.
    let server = ScriptedServer::doing(vec![say(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
    )]);
    let url = format!("http://{}/", server.address);
    assert_eq!(answered(&mut run(local(), &[]), &url, get(5000, 100, &[])).body, b"abc");
}

#[test]
fn a_cut_body_ends_with_no_part_of_a_credential() {
    // No letter of the credential is in the text around it.
    let token = "ZYXWVU-ZYXWVU";
    let authorization = format!("QQ {token}");
    let text = format!(
        "....{token}....{}....{authorization}.........................................",
        hexadecimal(token)
    );
    let is_clean = |kept: &str| kept.chars().all(|c| c == '.' || c == '*');
    for length in [text.len(), text.len() - 30, text.len() - 40] {
        for max_body_bytes in 0..=length {
            let shown = body(with(&authorization, max_body_bytes as u32, answer(&text.as_bytes()[..length])));
            assert!(
                is_clean(&shown) && shown.len() <= max_body_bytes,
                "{max_body_bytes} of {length}: {shown}"
            );
        }
    }
}

#[test]
fn a_long_body_is_cut_at_the_maximum() {
    let response = bearing(1000, answer(&[b'.'; 100_000])).unwrap().unwrap();
    assert_eq!((response.body.len(), response.truncated), (1000, true));
    let response = bearing(1000, answer(&[b'.'; 1001])).unwrap().unwrap();
    assert_eq!((response.body.len(), response.truncated), (1000, true));
    let response = bearing(1000, answer(&[b'.'; 1000])).unwrap().unwrap();
    assert_eq!((response.body.len(), response.truncated), (1000, false));
}

#[test]
fn the_host_follows_no_redirect_and_sends_the_credential_to_nobody() {
    let other = ScriptedServer::doing(answer(b"caught"));
    let elsewhere = format!("http://{}/caught", other.address);
    for status in [301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        let response = bearing(100, vec![say(&head)]).unwrap().unwrap();
        assert_eq!((response.status, response.headers[0].value.as_str()), (status, elsewhere.as_str()));
    }
    assert!(other.heads().is_empty());
}

#[test]
fn a_credential_goes_to_its_own_origin_only() {
    let (own, other) = (ScriptedServer::doing(answer(b"")), ScriptedServer::doing(answer(TOKEN.as_bytes())));
    let origin = format!("http://{}", own.address);
    let names = FakeLookup::of(&[("web.test", &["127.0.0.1"]), ("localhost", &["127.0.0.1"])]);
    let mut web = run(names, &[(&origin, &format!("Bearer {TOKEN}"))]);
    for host in
        [format!("web.test:{}", own.port()), format!("localhost:{}", own.port()), other.address.to_string()]
    {
        let response = answered(&mut web, &format!("http://{host}/"), get(5000, 100, &[]));
        // One server can pass a credential on to another.
        assert!(!String::from_utf8_lossy(&response.body).contains(TOKEN));
    }
    let heads = [own.heads(), other.heads()].concat();
    assert!(
        heads.len() == 3 && heads.iter().all(|head| !head.to_ascii_lowercase().contains("authorization")),
        "{heads:?}"
    );
}

#[test]
fn the_host_sends_no_credential_where_others_could_read_it() {
    let server = ScriptedServer::doing(answer(b""));
    let names = FakeLookup::of(&[("web.test", &["127.0.0.1"]), ("localhost", &["127.0.0.1"])]);
    for host in ["web.test", "localhost"] {
        let origin = format!("http://{host}:{}", server.port());
        let mut web = run(Arc::clone(&names), &[(&origin, &format!("Bearer {TOKEN}"))]);
        let ended = send_one(&mut web, &format!("{origin}/"), get(5000, 100, &[]));
        assert!(
            matches!(&ended, Err(CallError::Unauthorized(text)) if !text.contains("canary")),
            "{ended:?}"
        );
    }
    let origin = format!("http://{}", server.address);
    let ended = send_one(
        &mut run(local(), &[(&origin, "Bearer a\r\nx: y")]),
        &format!("{origin}/"),
        get(5000, 100, &[]),
    );
    assert!(matches!(ended, Err(CallError::Unauthorized(_))), "{ended:?}");
    assert!(server.heads().is_empty() && names.requested().is_empty());
}

#[test]
fn the_debug_text_shows_no_credential() {
    let (origin, authorization) = ("https://web.test".into(), format!("Bearer {TOKEN}"));
    let credential =
        Credential { origin, token_server: None, header: "authorization".into(), value: authorization };
    let shown = format!("{:?}", HttpConfig { credentials: vec![credential] });
    assert!(shown.contains("web.test") && !shown.contains("canary"), "{shown}");
}
