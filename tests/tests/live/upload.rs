//! `artifact-upload` against real servers of S3: what arrives, what a second run does, and what it refuses.

use lockstep_tests::s3::fault::{S3Fault, S3Matcher};
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::upload::{keyless, noise, scene, upload};
use lockstep_tests::support::{assert_absent, receipt};
use std::fs;

/// The requests of a proxy that change something.
fn writes(proxy: &Proxy) -> Vec<String> {
    let exchanges = proxy.log();
    let changing =
        exchanges.iter().filter(|exchange| !matches!(exchange.request.method.as_str(), "GET" | "HEAD"));
    changing.map(|exchange| format!("{} {}", exchange.request.method, exchange.request.target)).collect()
}

fn each_server(test: impl Fn(&Server)) {
    for server in [Server::versitygw(), Server::s3s(), Server::moto()] {
        test(&server);
    }
}

/// The uploads that are open, of a server that can tell.
fn open_uploads(server: &Server) -> Vec<String> {
    let reply = server.client().send("GET", "", &[("uploads", "")], &[], b"").unwrap();
    if reply.status == 501 { Vec::new() } else { reply.well().all("UploadId") }
}

#[test]
fn files_arrive_unchanged_and_a_second_run_writes_nothing() {
    each_server(|server| {
        let scene = scene(&[
            ("index.html", "<p>hello"),
            ("js/app.js", "x()"),
            ("empty", ""),
            ("a b/ü+&=#%41.txt", "odd"),
        ]);
        let large = noise(20 * 1024 * 1024 + 7);
        fs::write(scene.path("workspace/dist/large.bin"), &large).unwrap();
        let proxy = Proxy::new(&server.place().endpoint);
        let place = server.place().through(&proxy);
        let run = || {
            let run = upload(&scene, &place).args(["--headers", "*.html=cache-control: no-cache"]);
            run.args(["--metadata", "commit=abc"]).end()
        };
        let result = run();
        let outputs = &result.expect(0, "done")["outputs"];
        assert_eq!((&outputs["uploaded"], &outputs["changed"]), (&5.into(), &true.into()));
        assert_absent(&scene, &result, &[&place.secret_key], &[]);

        let client = server.client();
        assert_eq!(
            client.keys("web/"),
            ["web/a b/ü+&=#%41.txt", "web/empty", "web/index.html", "web/js/app.js", "web/large.bin"]
        );
        assert_eq!(client.get("web/a b/ü+&=#%41.txt").unwrap(), b"odd");
        assert_eq!(client.get("web/large.bin").unwrap(), large);
        let head = client.head("web/index.html");
        assert_eq!(head.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(head.header("cache-control"), "no-cache");
        assert_eq!(head.header("x-amz-meta-commit"), "abc");
        assert!(open_uploads(server).is_empty());

        let before = writes(&proxy).len();
        let again = run();
        assert_eq!(again.expect(0, "done")["outputs"]["changed"], false, "{again:#?}");
        assert_eq!(writes(&proxy).len(), before, "{:?}", writes(&proxy));

        // Of the same size, and with times that say nothing.
        scene.put("workspace/dist/js/app.js", "y()");
        let changed = run();
        assert_eq!(changed.expect(0, "done")["outputs"]["uploaded"], 1);
        assert_eq!(writes(&proxy).len(), before + 1, "{:?}", writes(&proxy));
        assert_eq!(client.get("web/js/app.js").unwrap(), b"y()");
    });
}

#[test]
fn the_store_keeps_each_kind_of_checksum() {
    let server = Server::versitygw();
    for (checksum, header) in [
        ("crc64nvme", "x-amz-checksum-crc64nvme"),
        ("crc32c", "x-amz-checksum-crc32c"),
        ("sha256", "x-amz-checksum-sha256"),
    ] {
        let scene = scene(&[(&format!("{checksum}.txt"), checksum)]);
        let large = scene.path(&format!("workspace/dist/{checksum}.bin"));
        fs::write(large, noise(20 * 1024 * 1024)).unwrap();
        let run = || upload(&scene, server.place()).args(["--checksum", checksum]).end();
        run().expect(0, "done");
        let head = server.client().head(&format!("web/{checksum}.txt"));
        assert!(!head.header(header).is_empty(), "{checksum}: {head:?}");
        assert_eq!(run().expect(0, "done")["outputs"]["changed"], false);
    }
}

#[test]
fn a_dry_run_changes_nothing_and_lists_the_changes() {
    let server = Server::versitygw();
    let scene = scene(&[("a", "1"), ("b", "2")]);
    let result = upload(&scene, server.place()).arg("--dry-run").end();
    let result = result.expect(0, "done");
    assert_eq!(result["changed"], serde_json::json!(["s3://artifacts/web/a", "s3://artifacts/web/b"]));
    assert!(server.client().keys("").is_empty());
}

#[test]
fn only_objects_without_a_source_are_deleted_up_to_the_limit() {
    let server = Server::versitygw();
    let client = server.client();
    let scene = scene(&[("a", "1"), ("b", "2")]);
    for key in ["web/old-1", "web/old-2", "website/kept", "other"] {
        let _ = client.put(key, b"x", &[]).well();
    }
    let run = |most: &str| upload(&scene, server.place()).args(["--delete", "--max-delete", most]).end();
    run("1").expect(1, "too-many-deletes");
    assert_eq!(client.keys(""), ["other", "web/old-1", "web/old-2", "website/kept"]);
    let outputs = run("2").expect(0, "done")["outputs"].clone();
    assert_eq!((&outputs["uploaded"], &outputs["deleted"]), (&2.into(), &2.into()));
    assert_eq!(client.keys(""), ["other", "web/a", "web/b", "website/kept"]);
    // Without `delete` the run has no right to delete, whatever the step does.
    let ended = upload(&scene, server.place()).end();
    ended.expect(0, "done");
    let grant = receipt(&scene)["predicate"]["record"]["grant"]["requested"].to_string();
    assert!(!grant.contains("delete"), "{grant}");
}

#[test]
fn a_folder_that_cannot_be_read_never_turns_into_deletes() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::versitygw();
    let scene = scene(&[("a", "1"), ("secret/b", "2")]);
    upload(&scene, server.place()).end().expect(0, "done");
    let secret = scene.path("workspace/dist/secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let ended = upload(&scene, server.place()).arg("--delete").nobody().end();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o755)).unwrap();
    assert_ne!(ended.exit, Some(0));
    assert!(ended.result()["message"].as_str().unwrap().contains("dist/secret"), "{ended:#?}");
    assert_eq!(server.client().keys("web/"), ["web/a", "web/secret/b"]);
}

#[test]
fn existing_objects_stay_with_immutable() {
    each_server(|server| {
        let scene = scene(&[("a", "1"), ("b", "2")]);
        let run = || upload(&scene, server.place()).arg("--immutable").end();
        assert_eq!(run().expect(0, "done")["outputs"]["uploaded"], 2);
        assert_eq!(run().expect(0, "done")["outputs"]["changed"], false);
        scene.put("workspace/dist/a", "other");
        let ended = run();
        ended.expect(1, "conflict");
        assert!(ended.stdout.contains("s3://artifacts/web/a"), "{ended:#?}");
        assert_eq!(server.client().get("web/a").unwrap(), b"1");
    });
}

#[test]
fn locks_and_versions_are_reported_and_kept() {
    let server = Server::versitygw_versioned();
    let scene = scene(&[("a", "1")]);
    fs::write(scene.path("workspace/dist/large"), noise(20 * 1024 * 1024)).unwrap();
    let run = upload(&scene, server.place());
    let ended = run.args(["--lock", "governance:1d", "--tags", "team=web/shop"]).end();
    let outputs = ended.expect(0, "done")["outputs"].clone();
    for object in outputs["objects"].as_array().unwrap() {
        assert!(object["version"].as_str().is_some_and(|version| !version.is_empty()), "{object}");
    }
    for key in ["web/a", "web/large"] {
        let head = server.client().head(key);
        assert_eq!(head.header("x-amz-object-lock-mode"), "GOVERNANCE", "{key}");
        assert!(!head.header("x-amz-object-lock-retain-until-date").is_empty(), "{key}");
    }
}

#[test]
fn the_store_encrypts_as_requested() {
    let server = Server::moto();
    for (name, encryption, algorithm, key) in [
        ("own", "aes256", "AES256", ""),
        ("managed", "kms", "aws:kms", ""),
        (
            "key",
            "kms:arn:aws:kms:us-east-1:123456789012:key/web",
            "aws:kms",
            "arn:aws:kms:us-east-1:123456789012:key/web",
        ),
    ] {
        let scene = scene(&[(name, "1")]);
        fs::write(scene.path(&format!("workspace/dist/{name}.bin")), noise(20 * 1024 * 1024)).unwrap();
        let run = || upload(&scene, server.place()).args(["--encryption", encryption]).end();
        run().expect(0, "done");
        for key_of in [format!("web/{name}"), format!("web/{name}.bin")] {
            let head = server.client().head(&key_of);
            assert_eq!(head.header("x-amz-server-side-encryption"), algorithm, "{key_of}");
            if !key.is_empty() {
                assert_eq!(head.header("x-amz-server-side-encryption-aws-kms-key-id"), key, "{key_of}");
            }
        }
        assert_eq!(run().expect(0, "done")["outputs"]["changed"], false, "{name}");
    }
}

#[test]
fn a_manifest_lists_the_uploaded_files() {
    let server = Server::versitygw();
    let scene = scene(&[("bin/tool", "#!/bin/sh\n"), ("a", "1")]);
    let tool = scene.path("workspace/dist/bin/tool");
    fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("tool", scene.path("workspace/dist/bin/alias")).unwrap();
    let run = || upload(&scene, server.place()).args(["--manifest", "manifest.json"]).end();
    assert_eq!(run().expect(0, "done")["outputs"]["manifest-key"], "manifest.json");
    let manifest = server.client().get("web/manifest.json").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let text = manifest.to_string();
    assert!(text.contains("0755") && text.contains("\"alias\"") || text.contains("bin/alias"), "{text}");
    assert!(text.contains("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"), "{text}");
    assert_eq!(run().expect(0, "done")["outputs"]["changed"], false);
}

#[test]
fn missing_or_wrong_keys_have_their_own_failure() {
    let server = Server::versitygw();
    let scene = scene(&[("a", "1")]);
    let ended = keyless(&scene, server.place()).end();
    ended.expect(5, "credentials");
    let mut wrong = server.place().clone();
    wrong.secret_key = "canary-wrong-key".to_owned();
    let ended = upload(&scene, &wrong).end();
    ended.expect(5, "credentials");
    assert_absent(&scene, &ended, &["canary-wrong-key"], &[]);
    let nowhere = server.place().bucket("no-such-bucket");
    upload(&scene, &nowhere).end().expect(2, "no-bucket");
}

#[test]
fn a_store_without_roles_gives_no_warning_about_permanent_keys() {
    let server = Server::versitygw();
    let scene = scene(&[("a", "1")]);
    let ended = upload(&scene, server.place()).end();
    ended.expect(0, "done");
    assert!(!ended.result()["notes"].to_string().contains("AWS_ACCESS_KEY_ID"), "{ended:#?}");
}

#[test]
fn an_echoed_credential_is_redacted() {
    let server = Server::versitygw();
    let scene = scene(&[("a", "1")]);
    let proxy = Proxy::new(&server.place().endpoint);
    let secret = server.place().secret_key.clone();
    proxy.fault(S3Matcher::any(), S3Fault::error(400, "InvalidArgument", &format!("your key is {secret}")));
    let ended = upload(&scene, &server.place().through(&proxy)).end();
    assert_ne!(ended.exit, Some(0));
    assert_absent(&scene, &ended, &[&secret], &[]);
}
