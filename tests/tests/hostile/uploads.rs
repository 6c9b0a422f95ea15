//! A hostile component with handles of uploads in parts. The server behind it is one of the test's own, which says yes to
//! everything and writes down what it is asked.

use lockstep_tests::s3::fault::{S3Fault, S3Matcher};
use lockstep_tests::s3::proxy::{Proxy, S3Exchange};
use lockstep_tests::support::{ProgramOutput, Scene, assert_no_secret, hostile};

const NAME: &str = "s3://granted/web/new";

/// A server that says yes.
fn yes() -> Proxy {
    let proxy = Proxy::new("http://127.0.0.1:1");
    let xml = |name: &str, inner: &str| S3Fault::status(200, &format!("<{name}>{inner}</{name}>"));
    let begun = xml("InitiateMultipartUploadResult", "<UploadId>made</UploadId>");
    let made = xml("CompleteMultipartUploadResult", "<ETag>\"e\"</ETag>");
    proxy.fault(S3Matcher::method("POST").with("?uploads"), begun);
    proxy.fault(S3Matcher::method("POST").with("uploadId="), made);
    proxy.fault(S3Matcher::method("PUT"), S3Fault::status(200, "").header("ETag", "\"e\""));
    proxy.fault(S3Matcher::method("GET"), xml("ListPartsResult", ""));
    proxy.fault(S3Matcher::any(), S3Fault::status(204, ""));
    proxy
}

fn attack(scene: &Scene, server: &Proxy, act: &str, words: &[&str]) -> ProgramOutput {
    let rights =
        serde_json::json!({"workspace": ["read deploy/**"], "objects": ["multipart s3://granted/web/"]});
    let run = scene.allowed(&hostile("uploads"), &rights, "").args(["--act", act]);
    let words = [NAME, "deploy/web.yaml"].into_iter().chain(words.iter().copied());
    let run = words.fold(run, |run, word| run.arg("--words").arg(word));
    let run =
        run.env("AWS_ACCESS_KEY_ID", "canary-key").env("AWS_SECRET_ACCESS_KEY", "canary-Secret/Key+77aa");
    let ended = run.env("AWS_ENDPOINT_URL", server.endpoint()).env("AWS_EC2_METADATA_DISABLED", "true").end();
    assert_no_secret(scene, &ended);
    for exchange in server.log() {
        assert!(exchange.request.target.starts_with("/granted/web/new?"), "{exchange:#?}");
    }
    ended
}

#[test]
fn attack_19_a_part_outside_the_file_is_invalid() {
    let (scene, server) = (Scene::new(), yes());
    let said = attack(&scene, &server, "ranges", &[]).expect(0, "done")["outputs"]["said"].clone();
    assert_eq!(said, serde_json::json!(vec!["[\"invalid\"]"; 6]));
    assert!(server.requests("PUT", "").is_empty());
}

#[test]
fn attack_19_an_upload_id_names_no_other_object() {
    let (scene, server) = (Scene::new(), yes());
    let ids = [
        "x&partNumber=1",
        "../../other/key?uploadId=x",
        "x#",
        "%26",
        "x HTTP/1.1\r\nHost: evil",
        "",
        "\u{e9}",
    ];
    let said = attack(&scene, &server, "ids", &ids).expect(0, "done")["outputs"]["said"].clone();
    assert_eq!(said, serde_json::json!(["0", "0", "0", "0", "invalid", "invalid", "invalid"]));
    let raw = |exchange: &S3Exchange| exchange.request.target.matches(['&', '#']).count();
    // `x-id=…` is what the client adds by itself.
    assert!(
        server.log().iter().all(|exchange| raw(exchange) <= 1 && exchange.request.header("host") != "evil")
    );
    assert!(server.requests("DELETE", "uploadId=x%26partNumber%3D1").len() == 1, "{:#?}", server.log());
}

#[test]
fn attack_19_calls_on_a_finished_upload_do_no_harm() {
    let (scene, server) = (Scene::new(), yes());
    let ended = attack(&scene, &server, "over", &[]);
    let said = ended.expect(0, "done")["outputs"]["said"].clone();
    assert_eq!(said, serde_json::json!(["integrity", "()", "[\"1\"]"]));
    assert_eq!(server.log().len(), 4, "{:#?}", server.log());
    // What goes into a document is text there.
    assert!(!server.log().iter().any(|exchange| exchange.request.target.contains("Evil")));
}

#[test]
fn attack_28_parts_and_handles_have_limits() {
    let (scene, server) = (Scene::new(), yes());
    for act in ["many", "bytes", "around", "crowd", "handles"] {
        attack(&scene, &server, act, &[]).expect(7, "limit-exceeded");
    }
    assert!(server.requests("PUT", "").is_empty());
    assert!(server.requests("POST", "uploadId=").is_empty());
}

#[test]
fn attack_19_a_handle_needs_its_right() {
    let (scene, server) = (Scene::new(), yes());
    let rights = serde_json::json!({"workspace": ["read deploy/**"], "objects": ["list,head,put,delete s3://granted/web/"]});
    for act in ["ranges", "ids", "over"] {
        let run = scene.allowed(&hostile("uploads"), &rights, "").args(["--act", act]);
        let run = [NAME, "deploy/web.yaml", "id"].iter().fold(run, |run, word| run.args(["--words", word]));
        run.env("AWS_ENDPOINT_URL", server.endpoint()).end().expect(3, "denied");
    }
    assert!(server.log().is_empty());
}
