//! `artifact-upload` where a server or the way to it fails: it ends well, or says truly how it did not.

use lockstep_tests::s3::fault::{S3Fault, S3Matcher, S3Request};
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::upload::{noise, scene, upload};
use lockstep_tests::support::{ProgramOutput, Scene};
use std::fs;
use std::sync::Mutex;
use std::time::Instant;

const LARGE: usize = 40 * 1024 * 1024;

/// A server behind a proxy, and files to send: two small ones and one in parts.
struct Stage {
    server: Server,
    proxy: Proxy,
    scene: Scene,
}

impl Stage {
    fn new(server: Server) -> Self {
        let proxy = Proxy::new(&server.place().endpoint);
        let scene = scene(&[("a", "1"), ("b", "2")]);
        fs::write(scene.path("workspace/dist/large"), noise(LARGE)).unwrap();
        Self { server, proxy, scene }
    }

    fn run(&self, args: &[&str]) -> ProgramOutput {
        upload(&self.scene, &self.server.place().through(&self.proxy)).args(args.to_vec()).end()
    }

    /// Everything is there as it should be, and nothing is left open.
    #[track_caller]
    fn assert_complete(&self) {
        let client = self.server.client();
        assert_eq!(client.keys(""), ["web/a", "web/b", "web/large"]);
        assert_eq!(
            (client.get("web/a").unwrap(), client.get("web/b").unwrap()),
            (b"1".to_vec(), b"2".to_vec())
        );
        assert!(client.get("web/large").unwrap() == noise(LARGE), "the large file differs");
        assert!(client.uploads("").is_empty(), "{:?}", client.uploads(""));
    }
}

#[test]
fn a_temporary_failure_gets_a_retry() {
    for what in [
        S3Fault::slow_down(),
        S3Fault::internal_error(),
        S3Fault::unavailable(),
        S3Fault::request_timeout(),
        S3Fault::ResetBefore,
        S3Fault::ResetAfter,
        S3Fault::TruncateReply(10),
    ] {
        let stage = Stage::new(Server::versitygw());
        for method in ["PUT", "GET", "HEAD", "POST"] {
            stage.proxy.fault(S3Matcher::method(method).first(2), what.clone());
        }
        let ended = stage.run(&[]);
        ended.expect(0, "done");
        stage.assert_complete();
    }
}

#[test]
fn a_lost_reply_is_no_conflict() {
    let stage = Stage::new(Server::versitygw());
    // The object is made, its reply is lost, and the repeated request is told that it is there already.
    stage.proxy.fault(S3Matcher::method("PUT").with("web/a").first(1), S3Fault::ResetAfter);
    stage.proxy.fault(S3Matcher::method("POST").with("uploadId").first(1), S3Fault::ResetAfter);
    let ended = stage.run(&["--immutable"]);
    ended.expect(0, "done");
    stage.assert_complete();
    let refused = stage.proxy.log().iter().any(|exchange| exchange.status == Some(412));
    assert!(refused, "nothing was told to be there already");
}

#[test]
fn an_error_in_a_success_is_an_error() {
    let stage = Stage::new(Server::versitygw());
    let what = S3Fault::error_in_200("InternalError", "We encountered an internal error. Please try again.");
    stage.proxy.fault(S3Matcher::method("POST").with("uploadId").first(2), what);
    stage.run(&[]).expect(0, "done");
    stage.assert_complete();
}

#[test]
fn a_race_that_a_server_reports_gets_a_retry() {
    let stage = Stage::new(Server::versitygw());
    stage.proxy.fault(S3Matcher::method("POST").with("uploadId").first(1), S3Fault::conflict());
    stage.proxy.fault(S3Matcher::method("PUT").with("web/a").first(1), S3Fault::conflict());
    stage.run(&["--immutable"]).expect(0, "done");
    stage.assert_complete();
}

#[test]
fn a_flipped_bit_is_detected_and_the_part_sent_again() {
    for place in ["web/a", "partNumber=2"] {
        let stage = Stage::new(Server::versitygw());
        stage.proxy.fault(S3Matcher::method("PUT").with(place).first(1), S3Fault::FlipByte(0));
        stage.run(&[]).expect(0, "done");
        stage.assert_complete();
    }
}

#[test]
fn bits_that_flip_each_time_leave_no_object() {
    let stage = Stage::new(Server::versitygw());
    stage.proxy.fault(S3Matcher::method("PUT").with("web/a"), S3Fault::FlipByte(0));
    let ended = stage.run(&[]);
    ended.expect(4, "integrity");
    assert!(ended.stdout.contains("web/a"), "{ended:#?}");
    assert_eq!(stage.server.client().keys(""), ["web/b", "web/large"]);
    fs::remove_file(stage.scene.path("workspace/dist/b")).unwrap();
    fs::remove_file(stage.scene.path("workspace/dist/large")).unwrap();
    stage.run(&[]).expect(4, "integrity");
}

#[test]
fn a_server_without_checksums_gets_none_and_one_note_says_so() {
    for (status, code) in [(501, "NotImplemented"), (400, "InvalidArgument")] {
        let stage = Stage::new(Server::versitygw());
        let sums = |asked: &S3Request| {
            asked.headers.iter().any(|(name, _)| {
                let name = name.to_ascii_lowercase();
                name.starts_with("x-amz-checksum-") && name != "x-amz-checksum-mode"
            })
        };
        let what =
            S3Fault::error(status, code, "A header you provided implies functionality: x-amz-checksum");
        stage.proxy.fault(S3Matcher::any().that(sums), what);
        let ended = stage.run(&[]);
        let result = ended.expect(0, "done");
        let notes = result["notes"].to_string();
        assert_eq!(notes.matches("takes no checksums").count(), 1, "{notes}");
        stage.assert_complete();
        // It is proven all the same.
        fs::write(stage.scene.path("workspace/dist/a"), "3").unwrap();
        stage.proxy.fault(S3Matcher::method("PUT").with("web/a"), S3Fault::FlipByte(0));
        stage.run(&[]).expect(4, "integrity");
        assert_eq!(stage.server.client().get("web/a").unwrap(), b"1");
    }
}

#[test]
fn an_error_names_the_missing_server() {
    let stage = Stage::new(Server::versitygw());
    let gone = lockstep_tests::s3::S3Target {
        endpoint: "http://127.0.0.1:1".to_owned(),
        ..stage.server.place().clone()
    };
    let ended = upload(&stage.scene, &gone).end();
    ended.expect(6, "unavailable");
    assert!(ended.result()["message"].as_str().unwrap().contains("http://127.0.0.1:1"), "{ended:#?}");
}

#[test]
fn a_refusal_gets_no_retry() {
    let stage = Stage::new(Server::versitygw());
    stage.proxy.fault(S3Matcher::any(), S3Fault::access_denied());
    stage.run(&[]).expect(5, "forbidden");
    assert!(stage.proxy.log().len() < 12, "{} requests", stage.proxy.log().len());
}

/// Whether requests come faster than so many a second; a few at once may.
fn more_than(a_second: f64) -> impl Fn(&S3Request) -> bool + Send + Sync {
    const AT_ONCE: f64 = 5.0;
    let left = Mutex::new((AT_ONCE, Instant::now()));
    move |_| {
        let mut left = left.lock().unwrap();
        let now = Instant::now();
        let grown = left.0 + now.duration_since(left.1).as_secs_f64() * a_second;
        let (few, enough) = (grown.min(AT_ONCE), grown >= 1.0);
        *left = (if enough { few - 1.0 } else { few }, now);
        !enough
    }
}

#[test]
fn throttling_slows_the_upload_and_changes_no_result() {
    let stage = Stage::new(Server::versitygw());
    for number in 0..200 {
        stage.scene.put(&format!("workspace/dist/many/{number}"), &number.to_string());
    }
    stage.proxy.fault(S3Matcher::method("PUT").with("many").that(more_than(50.0)), S3Fault::slow_down());
    stage.run(&[]).expect(0, "done");
    assert_eq!(stage.server.client().keys("web/many/").len(), 200);
    let refused = stage.proxy.log().iter().filter(|exchange| exchange.status == Some(503)).count();
    assert!(refused > 0, "it was never too fast");
}
