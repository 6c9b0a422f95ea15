//! Tests of tokens: where the host requests one, with which credential, and for which URL it uses one.

use super::server::{ScriptedServer, ServerStep, answer, say};
use super::*;

/// The token of the token server.
const GIVEN: &str = "t0ken-8Hq2-vJ4s9-for-one-url";

/// Authenticates through a gate that grants these scopes.
fn authenticate(web: &mut WebClient, scopes: &[&str], url: &str) -> Result<Result<(), ErrorCode>, CallError> {
    let token_server = web.token_url(url).map(str::to_owned);
    authenticate_at(web, scopes, url, token_server)
}

/// The same with this token server.
fn authenticate_at(
    web: &mut WebClient,
    scopes: &[&str],
    url: &str,
    token_server: Option<String>,
) -> Result<Result<(), ErrorCode>, CallError> {
    let right = |scope: &&str| Permission::parse(Capability::Http, &format!("get {scope}")).unwrap();
    let grant = Grant { requested: scopes.iter().map(right).collect(), ceilings: vec![], policy: None };
    let gate = Gate::new(grant, Limits::default());
    let urls: Vec<_> = std::iter::once(url.to_owned()).chain(token_server).collect();
    let call =
        |url| lockstep_model::call::CallRequest::new(Capability::Http, "authenticate", RawTarget::Url(url));
    let calls: Vec<_> = urls.iter().map(|url| call(url)).collect();
    let answers = gate.call_each(&calls, |permits| {
        let got = web.authenticate(permits, 5000);
        permits.iter().map(|_| got.clone()).collect()
    });
    answers?.pop().unwrap()
}

fn refusal(realm: &str) -> Vec<ServerStep> {
    let challenge =
        format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:shop/web:pull\"");
    vec![say(&format!("HTTP/1.1 401 X\r\nwww-authenticate: {challenge}\r\ncontent-length: 0\r\n\r\n"))]
}

/// A registry that needs the token, and repeats the head of a request with it.
fn registry(realm: impl Fn(u16) -> String + Send + Sync + 'static) -> ScriptedServer {
    let realm_of = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&realm_of);
    let server = ScriptedServer::answering(move |head| match head {
        _ if head.contains(&format!("authorization: Bearer {GIVEN}\r\n")) => answer(head.as_bytes()),
        _ if head.starts_with("GET /token") => answer(format!("{{\"token\": \"{GIVEN}\"}}").as_bytes()),
        _ => refusal(&own.lock().unwrap()),
    });
    *realm_of.lock().unwrap() = realm(server.port());
    server
}

fn origin(server: &ScriptedServer) -> String {
    format!("http://{}", server.address)
}

#[test]
fn the_host_gets_a_token_once_and_uses_it_for_its_url_only() {
    let server = registry(|port| format!("http://127.0.0.1:{port}/token?a=b"));
    let (origin, own) = (origin(&server), origin(&server) + "/v2/shop/web/manifests/1");
    let mut web = run(local(), &[(&origin, "Basic dTpw")]);
    assert_eq!(answered(&mut web, &own, get(5000, 9000, &[])).status, 401);
    assert_eq!(authenticate(&mut web, &[&origin], &own), Ok(Ok(())));
    let head = server.heads()[1].clone();
    assert!(
        head.starts_with("GET /token?a=b&service=registry&scope=repository%3Ashop%2Fweb%3Apull HTTP/1.1\r\n")
            && head.contains("authorization: Basic dTpw\r\n"),
        "the credential of its own origin: {head}"
    );
    let response = answered(&mut web, &own, get(5000, 9000, &[]));
    let body = String::from_utf8(response.body).unwrap();
    assert_eq!(response.status, 200);
    assert!(!body.contains(GIVEN) && body.contains("authorization: ***"), "{body}");
    // Another URL of the same server gets the credential as before.
    assert_eq!(answered(&mut web, &(origin.clone() + "/v2/other"), get(5000, 9000, &[])).status, 401);
    assert!(server.heads().last().unwrap().contains("authorization: Basic dTpw\r\n"));
}

#[test]
fn the_host_sends_no_credential_to_a_token_server_at_another_origin() {
    let token_server =
        ScriptedServer::answering(|_| answer(format!("{{\"access_token\": \"{GIVEN}\"}}").as_bytes()));
    let realm = origin(&token_server) + "/token";
    let server = registry(move |_| realm.clone());
    let own = origin(&server) + "/v2/shop/web/manifests/1";
    let mut web = run(
        local(),
        &[(&origin(&server), "Basic dTpw"), (&origin(&token_server), "Bearer canary-of-the-giver")],
    );
    answered(&mut web, &own, get(5000, 9000, &[]));
    // The grant does not cover the token server, so the host sends it nothing.
    let denied = authenticate(&mut web, &[&origin(&server)], &own);
    assert!(matches!(denied, Err(CallError::Denied(_))), "{denied:?}");
    assert!(token_server.heads().is_empty());
    assert_eq!(authenticate(&mut web, &[&origin(&server), &origin(&token_server)], &own), Ok(Ok(())));
    let head = token_server.heads()[0].clone();
    assert!(!head.contains("authorization") && !head.contains("canary"), "{head}");
    assert_eq!(answered(&mut web, &own, get(5000, 9000, &[])).status, 200);
}

#[test]
fn a_credential_for_two_origins_goes_to_the_token_server_of_the_first() {
    let token_server = ScriptedServer::answering(|head| match head {
        _ if head.contains("authorization: Basic dTpw\r\n") => {
            answer(format!("{{\"token\": \"{GIVEN}\"}}").as_bytes())
        }
        _ => answer(b"{}"),
    });
    let other = ScriptedServer::answering(|_| answer(b"{}"));
    let registry_of = |server: &ScriptedServer| {
        let realm = origin(server) + "/token";
        registry(move |_| realm.clone())
    };
    // The credential is for the first; the second names the same token server, and the third another one.
    let [own, foreign, moved] = [registry_of(&token_server), registry_of(&token_server), registry_of(&other)];
    let pair = |server: &ScriptedServer| format!("{},{}", origin(server), origin(&token_server));
    let mut web = run(local(), &[(&pair(&own), "Basic dTpw"), (&pair(&moved), "Basic dTpw")]);
    for (server, got) in [(&foreign, false), (&moved, false), (&own, true)] {
        let url = origin(server) + "/v2/shop/web/manifests/1";
        assert_eq!(answered(&mut web, &url, get(5000, 9000, &[])).status, 401);
        let scopes = [server, &token_server, &other].map(origin);
        let ended = authenticate(&mut web, &scopes.each_ref().map(String::as_str), &url);
        assert_eq!(ended.is_ok(), got, "{ended:?}");
        assert!(!server.heads()[0].contains("authorization"), "not to the registry: {:?}", server.heads());
    }
    assert!(!other.heads()[0].contains("authorization"), "{:?}", other.heads());
    assert_eq!(token_server.heads().iter().filter(|head| head.contains("authorization")).count(), 1);
    // For other requests, the token server is a server like any other.
    answered(&mut web, &(origin(&token_server) + "/"), get(5000, 9000, &[]));
    assert!(!token_server.heads().last().unwrap().contains("authorization"), "{:?}", token_server.heads());
}

#[test]
fn the_host_asks_only_the_token_server_of_the_last_response() {
    let server = registry(|port| format!("http://127.0.0.1:{port}/token"));
    let (origin, own) = (origin(&server), origin(&server) + "/v2/shop/web/manifests/1");
    let mut web = run(local(), &[]);
    let never = authenticate(&mut web, &[&origin], &own);
    assert!(matches!(never, Err(CallError::Invalid(_))), "{never:?}");
    answered(&mut web, &own, get(5000, 9000, &[]));
    let other = authenticate(&mut web, &[&origin], &(origin.clone() + "/v2/shop/web/manifests/2"));
    assert!(matches!(other, Err(CallError::Invalid(_))), "{other:?}");
    let forged = authenticate_at(&mut web, &[&origin], &own, Some(format!("{origin}/token/of/another")));
    assert!(matches!(forged, Err(CallError::Invalid(_))), "{forged:?}");
    assert_eq!(authenticate(&mut web, &[&origin], &own), Ok(Ok(())));
    // The last response was a success, so there is no token server. The host removes the token from a response without
    // a credential, too.
    let response = answered(&mut web, &own, get(5000, 9000, &[]));
    assert!(!String::from_utf8(response.body).unwrap().contains(GIVEN));
    assert!(matches!(authenticate(&mut web, &[&origin], &own), Err(CallError::Invalid(_))));
    assert_eq!(server.heads().iter().filter(|head| head.starts_with("GET /token")).count(), 1);
}

#[test]
fn only_a_401_response_names_a_token_server() {
    for status in [200, 403, 407] {
        let server = ScriptedServer::doing(vec![say(&format!(
            "HTTP/1.1 {status} X\r\nwww-authenticate: Bearer realm=\"http://127.0.0.1/token\"\r\ncontent-length: 0\r\n\r\n"
        ))]);
        let (mut web, own) = (run(local(), &[]), origin(&server) + "/v2");
        answered(&mut web, &own, get(5000, 9000, &[]));
        assert_eq!(web.token_url(&own), None, "{status}");
    }
}

#[test]
fn a_token_server_without_a_token_is_an_error() {
    let refused = |steps: Vec<ServerStep>| {
        let token_server = ScriptedServer::doing(steps);
        let realm = origin(&token_server) + "/token";
        let server = registry(move |_| realm.clone());
        let own = origin(&server) + "/v2/shop/web/manifests/1";
        let mut web = run(local(), &[]);
        answered(&mut web, &own, get(5000, 9000, &[]));
        authenticate(&mut web, &[&origin(&server), &origin(&token_server)], &own)
    };
    let status =
        |status: u16| refused(vec![say(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))]);
    assert!(matches!(status(403), Err(CallError::Unauthorized(_))));
    assert!(matches!(status(500), Err(CallError::Upstream { status: 500, .. })));
    for body in [
        "",
        "{}",
        "[]",
        "{\"token\": 1}",
        "{\"token\": \"\"}",
        "{\"token\": \"a\\r\\nb: c\"}",
        "{\"token\": \"ü\"}",
    ] {
        assert!(matches!(refused(answer(body.as_bytes())), Err(CallError::Unavailable(_))), "{body}");
    }
    assert!(matches!(refused(vec![ServerStep::Reset]), Ok(Err(ErrorCode::ConnectionClosed(_)))));
}

#[test]
fn a_run_has_at_most_100_tokens() {
    let server = registry(|port| format!("http://127.0.0.1:{port}/token"));
    let mut web = run(local(), &[]);
    for number in 0..101 {
        let own = format!("{}/v2/{number}", origin(&server));
        answered(&mut web, &own, get(5000, 9000, &[]));
        let got = authenticate(&mut web, &[&origin(&server)], &own);
        assert_eq!(got.is_ok(), number < 100, "{number}: {got:?}");
        assert!(got.is_ok() || matches!(got, Err(CallError::LimitExceeded(_))));
    }
}
