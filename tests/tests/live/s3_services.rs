//! The servers, the proxy and the client of `tests/src/s3` with one another, before anything is tested with them. No
//! step runs here.

use lockstep_tests::s3::client::Client;
use lockstep_tests::s3::fault::{Moment, S3Fault, S3Matcher};
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::sts::{Rules, Sts};
use lockstep_tests::s3::support::{self, PART};
use lockstep_tests::s3::token::Claims;
use lockstep_tests::s3::{S3Target, checksum};
use lockstep_tests::services;
use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// A proxy before the server, and a client that goes through it.
fn through(server: &Server) -> (Proxy, Client) {
    let proxy = Proxy::new(&server.place().endpoint);
    let client = Client::new(&server.place().through(&proxy));
    (proxy, client)
}

#[test]
fn the_servers_behave_as_their_description_says() {
    let servers = [
        ("versitygw", Server::versitygw()),
        ("versitygw, versions", Server::versitygw_versioned()),
        ("s3s-fs", Server::s3s()),
        ("moto", Server::moto()),
    ];
    let answers = servers.map(|(name, server)| (name, support::ask(&server.client())));
    let found = support::table(&answers);
    assert_eq!(found, include_str!("../../src/s3/support.md"), "support.md is to be\n{found}");
}

/// Everything that the client can do, directly and through the proxy.
fn works(server: &Server) {
    let (proxy, other) = through(server);
    for (name, client) in [("direct", server.client()), ("proxy", other)] {
        let key = format!("{name}/a b+c.txt");
        let _ = client.put(&key, b"hello", &[("x-amz-meta-run", "1")]).well();
        assert_eq!(client.get(&key).as_deref(), Some(&b"hello"[..]));
        assert_eq!(client.get("none"), None);
        let head = client.head(&key);
        assert_eq!(
            (head.status, head.header("content-length"), head.header("x-amz-meta-run")),
            (200, "5", "1")
        );

        let parts = format!("{name}/parts.bin");
        let upload = client.begin(&parts, &[]);
        let bytes = [vec![b'a'; PART], b"end".to_vec()];
        let mut tags = Vec::new();
        for (number, bytes) in (1..).zip(&bytes) {
            let tag = client.part(&parts, &upload, number, bytes, &[]).well().header("etag").to_owned();
            tags.push(format!("<PartNumber>{number}</PartNumber><ETag>{tag}</ETag>"));
        }
        let mut sizes: Vec<_> =
            client.parts(&parts, &upload).iter().map(|part| (part.number, part.size)).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [(1, PART as u64), (2, 3)]);
        let _ = client.complete(&parts, &upload, &tags, &[]).well();
        assert_eq!(client.get(&parts), Some(bytes.concat()));

        assert_eq!(client.keys(&format!("{name}/")), [key.clone(), parts]);
        client.delete(&key);
        assert_eq!(client.get(&key), None);
    }
    let log = proxy.log();
    assert!(log.iter().all(|exchange| exchange.server == exchange.status && exchange.faults.is_empty()));
    assert_eq!(proxy.requests("PUT", "partNumber=1")[0].sent, PART as u64);
}

#[test]
fn versitygw_works_directly_and_through_the_proxy() {
    let server = Server::versitygw();
    works(&server);
    let client = server.client();
    let open = client.begin("open/1", &[]);
    assert_eq!(client.uploads("open/"), [("open/1".to_owned(), open.clone())]);
    client.abort("open/1", &open);
    assert_eq!(client.uploads(""), []);
}

#[test]
fn s3s_works_directly_and_through_the_proxy() {
    works(&Server::s3s());
}

#[test]
fn moto_works_directly_and_through_the_proxy() {
    works(&Server::moto());
}

#[test]
fn a_store_with_versioning_keeps_versions() {
    let client = Server::versitygw_versioned();
    let client = client.client();
    let _ = client.put("a", b"1", &[]).well();
    let _ = client.put("a", b"2", &[]).well();
    client.delete("a");
    let versions = client.versions("a");
    assert_eq!(versions.iter().filter(|version| !version.deleted).count(), 2, "{versions:?}");
    assert_eq!(versions.iter().filter(|version| version.deleted).count(), 1, "{versions:?}");
}

#[test]
fn servers_that_check_signatures_refuse_another_key() {
    for (server, looks) in [(Server::versitygw(), true), (Server::s3s(), true), (Server::moto(), false)] {
        let wrong = S3Target { secret_key: "other".to_owned(), ..server.place().clone() };
        let reply = Client::new(&wrong).put("a", b"x", &[]);
        assert_eq!(reply.first("Code") == "SignatureDoesNotMatch", looks, "{}", reply.text());
    }
}

#[test]
fn each_fault_does_what_it_says_before_a_real_server() {
    for server in [Server::versitygw(), Server::s3s()] {
        let (proxy, client) = through(&server);
        let direct = server.client();
        let fault = |what| {
            proxy.clear();
            proxy.fault(S3Matcher::method("PUT"), what);
        };
        let put = |key: &str| client.send("PUT", key, &[], &[], b"hello");

        let errors = [
            (S3Fault::slow_down(), 503, "SlowDown"),
            (S3Fault::internal_error(), 500, "InternalError"),
            (S3Fault::conflict(), 409, "ConditionalRequestConflict"),
            (S3Fault::not_implemented(), 501, "NotImplemented"),
            (S3Fault::expired_token(), 400, "ExpiredToken"),
            (S3Fault::error_in_200("InternalError", "no"), 200, "InternalError"),
        ];
        for (what, status, code) in errors {
            fault(what);
            let reply = put("refused").unwrap();
            assert_eq!((reply.status, reply.first("Code"), reply.done()), (status, code.to_owned(), false));
        }
        fault(S3Fault::ResetBefore);
        assert!(put("refused").is_err());
        assert_eq!(direct.get("refused"), None);

        fault(S3Fault::ResetAfter);
        assert!(put("lost").is_err());
        assert_eq!(direct.get("lost").as_deref(), Some(&b"hello"[..]));

        fault(S3Fault::FlipByte(1));
        assert!(!put("flipped").unwrap().done(), "the digest of the body is part of what is signed");
        assert_eq!(direct.get("flipped"), None);

        fault(S3Fault::Delay(Duration::from_millis(300)));
        let start = Instant::now();
        assert!(put("late").unwrap().done());
        assert!(start.elapsed() >= Duration::from_millis(300));

        let (tell, told) = mpsc::channel();
        let seen = direct.clone();
        fault(S3Fault::call(Moment::Answered, move || tell.send(seen.get("called").is_some()).unwrap()));
        assert!(put("called").unwrap().done());
        assert_eq!(told.recv(), Ok(true), "the server has done it, and the client does not know");

        proxy.clear();
        proxy.fault(S3Matcher::method("GET").with("/lost"), S3Fault::TruncateReply(2));
        assert!(client.send("GET", "lost", &[], &[], b"").is_err());
        proxy.clear();
        proxy.fault(S3Matcher::method("GET").with("/lost"), S3Fault::Drip(2_000));
        let start = Instant::now();
        assert_eq!(client.get("lost").as_deref(), Some(&b"hello"[..]));
        assert!(start.elapsed() >= Duration::from_millis(50));
    }
}

#[test]
fn a_flip_in_a_body_that_is_not_signed_is_found_by_the_checksum_alone() {
    let server = Server::versitygw();
    let (proxy, client) = through(&server);
    proxy.fault(S3Matcher::method("PUT"), S3Fault::FlipByte(1));
    let sum = checksum::crc64nvme(b"hello");
    let put = |headers: &[(&str, &str)]| {
        client.send_as("PUT", "a", &[], headers, b"hello", "UNSIGNED-PAYLOAD").unwrap()
    };
    assert_eq!(put(&[("x-amz-checksum-crc64nvme", &sum)]).first("Code"), "BadDigest");
    assert_eq!(server.client().get("a"), None);
    assert!(put(&[]).done());
    assert_eq!(server.client().get("a").as_deref(), Some(&b"hdllo"[..]));
}

#[test]
fn sessions_end_before_a_server_that_does_not_know_them() {
    let server = Server::s3s();
    let keys = server.place().clone();
    let sts = Sts::new(Rules {
        lifetime: Duration::from_secs(3),
        access_key: keys.access_key,
        secret_key: keys.secret_key,
        ..Rules::default()
    });
    let proxy = Proxy::new(&server.place().endpoint);
    for (when, what) in [sts.unknown(), sts.expired()] {
        proxy.fault(when, what);
    }
    let place = server.place().through(&proxy);
    let code = |session: &str| {
        let place = S3Target { session_token: Some(session.to_owned()), ..place.clone() };
        let reply = Client::new(&place).put("a", b"x", &[]);
        (reply.status, reply.first("Code"))
    };
    assert_eq!(code("guess"), (400, "InvalidToken".to_owned()));
    // The real client of AWS takes what the stub hands out.
    let folder = folder_with(&sts.token(&Claims::default()));
    let script = "import boto3; print(boto3.Session().get_credentials().get_frozen_credentials().token)";
    let session = services::output(
        Command::new(services::moto_python().unwrap().join("python3"))
            .args(["-c", script])
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", folder.path().join("file"))
            .env("AWS_ROLE_ARN", Rules::default().role)
            .env("AWS_ENDPOINT_URL_STS", sts.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("HOME", folder.path()),
    )
    .unwrap();
    let session = session.trim();
    let handed = sts.issued().into_iter().find(|handed| handed.session_token == session).unwrap();
    assert_eq!(code(session), (200, String::new()));
    std::thread::sleep(handed.expires.duration_since(SystemTime::now()).unwrap());
    assert_eq!(code(session), (400, "ExpiredToken".to_owned()));
}

fn folder_with(content: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), content).unwrap();
    folder
}

#[test]
fn other_peoples_clients_pass_through_the_proxy() {
    let server = Server::versitygw();
    let (proxy, _) = through(&server);
    let place = server.place().through(&proxy);
    let folder = folder_with("hello");
    let file = folder.path().join("file");
    let aws = services::moto_python().unwrap().join("aws");
    let keys = [("AWS_ACCESS_KEY_ID", &place.access_key), ("AWS_SECRET_ACCESS_KEY", &place.secret_key)];
    services::output(
        Command::new(aws)
            .args(["s3", "cp", "--endpoint-url", &place.endpoint])
            .arg(&file)
            .arg(format!("s3://{}/from/aws", place.bucket))
            .envs(keys)
            .env("AWS_REGION", &place.region)
            .env("HOME", folder.path()),
    )
    .unwrap();
    let remote =
        format!(":s3,provider=Other,env_auth,endpoint='{}':{}/from/rclone", place.endpoint, place.bucket);
    services::output(
        Command::new(services::rclone().unwrap())
            .args(["copyto", "--s3-no-check-bucket"])
            // It cannot have one, on plain HTTP or not.
            .env_remove("AWS_CA_BUNDLE")
            .arg(&file)
            .arg(&remote)
            .envs(keys)
            .env("AWS_REGION", &place.region)
            .env("HOME", folder.path()),
    )
    .unwrap();
    assert_eq!(server.client().keys("from/"), ["from/aws", "from/rclone"]);
    assert_eq!(proxy.requests("PUT", "/from/").len(), 2);
}
