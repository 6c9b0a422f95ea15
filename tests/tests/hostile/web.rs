//! A hostile component that asks web servers on loopback. Only the granted origin hears of it, its credential comes back
//! in no form, and the receipt lists each request with its verdict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_tests::support::{self, ProgramOutput, SECRETS, Scene, assert_no_secret, hostile};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that gives every request the answer made of its head, and remembers the heads.
struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                // Remembered before the answer: whoever has read that may look at once.
                seen.lock().unwrap().push(head.clone());
                let _ = stream.write_all(answer(&head).as_bytes());
            }
        });
        Self { address, heads }
    }

    fn plain() -> Self {
        Self::answering(|_| whole("", "hello"))
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// An answer with these headers and this body.
fn whole(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// A run that may ask these origins, and has the secret X for the first of them, which may be two with a comma between.
fn attack(scene: &Scene, origins: &[&str], act: &str, words: &[String]) -> ProgramOutput {
    let each = origins.iter().flat_map(|origins| origins.split(','));
    let rights: Vec<String> = each.map(|origin| format!("get {origin}/")).collect();
    let (allow, connect) = (json!({"http": rights}), json!({"http": {"credentials": "credentials"}}));
    let run = scene.connected(&hostile("web"), &allow, &connect, "").args(["--act", act]);
    let run = words.iter().fold(run, |run, word| run.arg("--words").arg(word));
    let run = match origins.first() {
        Some(origin) => run.arg("--credentials").arg(format!("{origin}=X")),
        None => run,
    };
    run.end()
}

fn said(ended: &ProgramOutput) -> Vec<String> {
    let said = ended.expect(0, "done")["outputs"]["said"].clone();
    serde_json::from_value(said).unwrap()
}

/// The verdicts of the calls that the receipt lists.
fn verdicts(scene: &Scene) -> Vec<String> {
    support::calls(scene).into_iter().map(|(_, _, verdict)| verdict).collect()
}

#[test]
fn a_component_reaches_the_origin_that_its_policy_allows() {
    let (scene, server) = (Scene::new(), Server::plain());
    let ended = attack(&scene, &[&server.origin()], "each", &[format!("{}/health?a=b", server.origin())]);
    assert!(said(&ended)[0].ends_with("hello"), "{ended:?}");
    let heads = server.heads();
    assert!(heads[0].starts_with("GET /health?a=b HTTP/1.1\r\n"), "{heads:?}");
    let line = format!("authorization: {}", SECRETS[1]);
    assert!(heads[0].lines().any(|seen| seen.eq_ignore_ascii_case(&line)), "{heads:?}");
    assert_eq!(verdicts(&scene), ["allowed"]);
    assert_no_secret(&scene, &ended);
}

#[test]
fn attack_10_no_host_that_resembles_the_granted_one_is_allowed() {
    let (scene, server, other) = (Scene::new(), Server::plain(), Server::plain());
    let (port, elsewhere) = (server.address.port(), other.address.port());
    for url in [
        format!("http://127.0.0.1:{elsewhere}/"),
        format!("http://127.0.0.1:{port}@127.0.0.1:{elsewhere}/"),
        format!("http://x@127.0.0.1:{port}/"),
        format!("http://127.0.0.1.:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{port}.nip.example/"),
        format!("http://127.0.0.1:0{port}\\@127.0.0.1:{elsewhere}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("HTTP://127.0.0.1:{elsewhere}/"),
        "http://127.0.0.1/".to_owned(),
        "http://\u{ff11}27.0.0.1/".to_owned(),
        "http://169.254.169.254:1/latest/meta-data/".to_owned(),
    ] {
        let ended = attack(&scene, &[&server.origin()], "each", std::slice::from_ref(&url));
        let verdicts = verdicts(&scene);
        match verdicts[0].as_str() {
            "denied" => drop(ended.expect(3, "denied")),
            _ => assert_eq!(said(&ended), ["invalid"], "{url}"),
        }
        assert_eq!(verdicts.len(), 1, "{url}");
        assert_no_secret(&scene, &ended);
    }
    assert!(server.heads().is_empty() && other.heads().is_empty());
}

#[test]
fn attack_10_one_bad_url_stops_the_whole_call() {
    let (scene, server) = (Scene::new(), Server::plain());
    let urls = [format!("{}/", server.origin()), "http://192.0.2.1:1/".to_owned()];
    attack(&scene, &[&server.origin()], "together", &urls).expect(3, "denied");
    assert!(server.heads().is_empty());
}

#[test]
fn attack_11_no_grant_opens_a_metadata_service() {
    let scene = Scene::new();
    for host in
        ["169.254.169.254", "169.254.170.2", "100.100.100.200", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]"]
    {
        // A port on which nobody answers, should the guard be gone.
        let origin = format!("http://{host}:1");
        let rights = json!({"http": [format!("get,private {origin}/")]});
        let run = scene.allowed(&hostile("web"), &rights, "").args(["--act", "each", "--words"]);
        run.arg(format!("{origin}/latest/meta-data/")).end().expect(3, "denied");
        assert_eq!(verdicts(&scene), ["denied"], "{host}");
    }
}

#[test]
fn attack_12_the_host_follows_no_redirect() {
    let (scene, other) = (Scene::new(), Server::plain());
    let to = format!("{}/caught", other.origin());
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::answering(move |_| answer.clone());
    let url = format!("{}/", server.origin());
    let ended = attack(&scene, &[&server.origin()], "each", std::slice::from_ref(&url));
    assert!(said(&ended)[0].starts_with("302 "), "{ended:?}");
    // By hand it is a request like any other, and out of the grant.
    attack(&scene, &[&server.origin()], "follow", std::slice::from_ref(&url)).expect(3, "denied");
    assert_eq!(verdicts(&scene), ["allowed", "denied"]);
    assert!(other.heads().is_empty());
    // Where the other one is granted too, it does not get the credential of the first.
    let ended = attack(&scene, &[&server.origin(), &other.origin()], "follow", &[url]);
    assert!(said(&ended)[1].ends_with("hello"), "{ended:?}");
    assert!(!other.heads()[0].to_ascii_lowercase().contains("authorization"), "{:?}", other.heads());
}

#[test]
fn attack_13_no_header_is_smuggled() {
    let (scene, server) = (Scene::new(), Server::plain());
    let ended = attack(&scene, &[&server.origin()], "headers", &[format!("{}/", server.origin())]);
    assert!(said(&ended).iter().all(|said| said == "invalid"), "{ended:?}");
    assert!(verdicts(&scene).iter().all(|verdict| verdict == "invalid"));
    assert!(server.heads().is_empty(), "{:?}", server.heads());
}

/// What a header of a request holds.
fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
    line.map(|line| line[name.len() + 2..].to_owned()).unwrap_or_default()
}

#[test]
fn attack_14_an_echoed_credential_is_redacted() {
    let scene = Scene::new();
    let server = Server::answering(|head| {
        let held = header(head, "authorization");
        let hex: String = held.bytes().map(|byte| format!("{byte:02x}")).collect();
        match head.split(' ').nth(1).unwrap_or_default() {
            "/body" => whole("", &format!("<{held}>")),
            "/base64" => {
                whole("", &format!("<{} {}>", STANDARD.encode(&held), STANDARD.encode(format!("a{held}"))))
            }
            "/hex" => whole("", &format!("<{hex}{}>", hex.to_uppercase())),
            "/percent" => whole("", &held.replace(' ', "%20").replace('&', "%26").replace('=', "%3D")),
            "/json" => whole("", &format!("{{\"authorization\":\"{held}\"}}")),
            "/header" => whole(&format!("x-echo: {held}\r\nlocation: /?{hex}\r\n"), ""),
            "/gzip" => whole("content-encoding: gzip\r\n", &held),
            "/status" => format!("HTTP/1.1 200 {held}\r\n{held}\r\n\r\n"),
            "/pieces" => {
                let pieces: String = held.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
                format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{pieces}0\r\n\r\n")
            }
            _ => whole("", head),
        }
    });
    let paths = ["body", "base64", "hex", "percent", "json", "header", "gzip", "status", "pieces", "head"];
    let urls: Vec<String> = paths.iter().map(|path| format!("{}/{path}", server.origin())).collect();
    let ended = attack(&scene, &[&server.origin()], "each", &urls);
    let said = said(&ended);
    assert_eq!((said.len(), server.heads().len()), (paths.len(), paths.len()));
    for (path, said) in paths.iter().zip(&said) {
        let held = if ["gzip", "status"].contains(path) { "ProtocolError" } else { "***" };
        assert!(said.contains(held), "{path}: {said}");
    }
    assert_no_secret(&scene, &ended);
    // Kept byte by byte it comes in no part either.
    let ended = attack(&scene, &[&server.origin()], "bytes", &[urls[0].clone(), "40".to_owned()]);
    for said in self::said(&ended) {
        let body = said.split('\n').next_back().unwrap_or_default();
        assert!(body.chars().all(|c| "<>*".contains(c)), "{said}");
    }
}

/// A server that wants a token of this URL, and tells back whatever it is shown.
fn wanting(realm: &str) -> Server {
    let realm = realm.to_owned();
    Server::answering(move |head| match head.to_lowercase().contains("authorization: bearer ") {
        true => whole("", head),
        false => {
            let challenge = format!("www-authenticate: Bearer realm=\"{realm}\"\r\n");
            format!("HTTP/1.1 401 X\r\n{challenge}content-length: 0\r\n\r\n")
        }
    })
}

const GIVEN: &str = "t0ken-that-is-given-out";

fn giving() -> Server {
    Server::answering(|_| whole("", &format!("{{\"token\": \"{GIVEN}\"}}")))
}

#[test]
fn attack_14_only_its_server_gets_a_token() {
    let (scene, giver) = (Scene::new(), giving());
    let server = wanting(&format!("{}/token", giver.origin()));
    let own = format!("{}/v2", server.origin());
    // The secret of the job is for the giver, which here gives out the token of another origin.
    let ended = attack(&scene, &[&giver.origin(), &server.origin()], "authenticate", &[own]);
    let said = said(&ended);
    assert!(
        said[0].contains("|got|200") && said[0].to_lowercase().contains("authorization: ***"),
        "{said:?}"
    );
    assert!(!format!("{ended:?}").contains(GIVEN), "{ended:#?}");
    assert!(server.heads()[1].contains(&format!("Bearer {GIVEN}")));
    // It is asked by somebody who shows nothing: a server could name any other as its own.
    assert!(!giver.heads()[0].to_lowercase().contains("authorization"), "{:?}", giver.heads());
    assert_no_secret(&scene, &ended);
}

#[test]
fn attack_14_a_server_cannot_name_a_token_server_without_a_grant() {
    let (scene, giver) = (Scene::new(), giving());
    let server = wanting(&format!("{}/token", giver.origin()));
    let ended = attack(&scene, &[&server.origin()], "authenticate", &[format!("{}/v2", server.origin())]);
    ended.expect(3, "denied");
    assert!(giver.heads().is_empty());
    // Nor what tells a machine its credentials, nor a path of its own that was not named.
    for realm in ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/x", "file:///etc/passwd"]
    {
        let server = wanting(realm);
        let ended = attack(&scene, &[&server.origin()], "authenticate", &[format!("{}/v2", server.origin())]);
        assert_no_secret(&scene, &ended);
        assert_eq!(server.heads().iter().filter(|head| head.contains("Bearer")).count(), 0, "{realm}");
    }
    let plain = Server::plain();
    let ended = attack(&scene, &[&plain.origin()], "authenticate", &[format!("{}/v2", plain.origin())]);
    assert!(said(&ended)[0].contains("|invalid|"));
}

#[test]
fn attack_14_no_server_gets_a_token_for_the_credential_of_another() {
    let (scene, giver) = (Scene::new(), giving());
    let [own, foreign] = [(); 2].map(|()| wanting(&format!("{}/token", giver.origin())));
    let pair = format!("{},{}", own.origin(), giver.origin());
    let urls = [&foreign, &own].map(|server| format!("{}/v2", server.origin()));
    let ended = attack(&scene, &[&pair, &foreign.origin()], "authenticate", &urls);
    assert!(said(&ended).iter().all(|said| said.contains("|got|200")), "{ended:#?}");
    let shown = giver.heads().iter().map(|head| head.contains(SECRETS[1])).collect::<Vec<_>>();
    assert_eq!(shown, [false, true], "{:?}", giver.heads());
    let registries = [own.heads(), foreign.heads()].concat();
    assert!(!registries.iter().any(|head| head.contains(SECRETS[1])), "{registries:?}");
    assert_no_secret(&scene, &ended);
}

#[test]
fn attack_28_tokens_are_counted() {
    let (scene, giver) = (Scene::new(), giving());
    let server = wanting(&format!("{}/token", giver.origin()));
    let words = [format!("{}/v2/", server.origin()), "101".to_owned()];
    let ended = attack(&scene, &[&server.origin(), &giver.origin()], "tokens", &words);
    ended.expect(7, "limit-exceeded");
    assert_eq!(giver.heads().len(), 100);
}

#[test]
fn attack_15_sent_bytes_have_a_budget() {
    let (scene, server) = (Scene::new(), Server::plain());
    let ended =
        attack(&scene, &[&server.origin()], "grow", &[format!("{}/", server.origin()), "200".to_owned()]);
    assert_eq!(ended.exit, Some(7), "{ended:?}");
    let carried: usize =
        server.heads().iter().map(|head| head.split(' ').nth(1).unwrap_or_default().len()).sum();
    assert!((500_000..=1024 * 1024).contains(&carried), "{carried}");
    let verdicts = verdicts(&scene);
    let allowed = verdicts.iter().filter(|verdict| *verdict == "allowed").count();
    assert_eq!((verdicts.len(), allowed), (200, server.heads().len()));
}

#[test]
fn attack_28_requests_of_one_call_have_limits() {
    let (scene, server) = (Scene::new(), Server::plain());
    let url = [format!("{}/", server.origin())];
    assert_eq!(attack(&scene, &[&server.origin()], "many", &url).exit, Some(7));
    for act in ["greedy", "timeout"] {
        let ended = attack(&scene, &[&server.origin()], act, &url);
        assert!(said(&ended).iter().all(|said| said == "invalid"), "{act}: {ended:?}");
    }
    assert!(server.heads().is_empty());
}

#[test]
fn without_a_right_on_web_servers_a_component_does_not_start() {
    let scene = Scene::new();
    let rights = json!({"workspace": ["read deploy/**"]});
    let run =
        scene.allowed(&hostile("web"), &rights, "").args(["--act", "each", "--words", "http://127.0.0.1/"]);
    run.end().expect(3, "not-granted");
}
