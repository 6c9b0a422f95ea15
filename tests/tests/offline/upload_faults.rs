//! `artifact-upload` through the program, where the store, the way to it or this machine fails: what passes is waited out,
//! one cause has one exit code, and nothing stays behind.

use lockstep_tests::s3::S3Target;
use lockstep_tests::s3::upload::{scene, upload};
use lockstep_tests::support::{Run, Scene};
use lockstep_tests::web::{Web, WebReply, WebRequest};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// A store that takes everything and has nothing; what it answers otherwise comes from `spoil`, by the request's number.
fn store(spoil: impl Fn(&WebRequest, usize) -> Option<WebReply> + Send + Sync + 'static) -> (Web, S3Target) {
    let web = Web::new(move |asked, number| {
        let sum = format!("x-amz-checksum-crc32c: {}", asked.header("x-amz-checksum-crc32c"));
        let usual = || match &*asked.method {
            "PUT" => WebReply::of(200, &["etag: \"0\"", &sum], ""),
            _ => WebReply::of(404, &[], ""),
        };
        spoil(asked, number).unwrap_or_else(usual)
    });
    let text = str::to_owned;
    let place = S3Target {
        endpoint: web.url(""),
        region: text("us-east-1"),
        access_key: text("AKIAIOSFODNN7EXAMPLE"),
        secret_key: text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        bucket: text("releases"),
    };
    (web, place)
}

fn files() -> Scene {
    scene(&[("a", "1"), ("b", "2")])
}

/// A run that sends `dist` to a folder.
fn to_folder<'s>(scene: &'s Scene, folder: &Path) -> Run<'s> {
    let to = format!("file://{}/", folder.display());
    scene.run("artifact-upload").args(["--source", "dist", "--to", &to])
}

#[test]
fn one_answer_without_http_ends_no_upload() {
    let clean = store(|_, _| None);
    upload(&files(), &clean.1).end().expect(0, "done");
    let requests = clean.0.log().len();
    assert!(requests >= 4, "{requests}");
    for spoiled in 1..=requests {
        let (_web, place) = store(move |_, number| {
            (number == spoiled).then(|| WebReply::raw("220 this is another protocol\r\n\r\n"))
        });
        upload(&files(), &place).end().expect(0, "done");
    }
}

#[test]
fn a_server_that_fails_for_long_is_unavailable() {
    let (_web, place) = store(|asked, _| {
        let is_it = asked.method == "PUT" && asked.target.contains("/web/b");
        is_it.then(|| WebReply::of(503, &[], "<Error><Code>SlowDown</Code></Error>"))
    });
    let ended = upload(&files(), &place).end();
    let result = ended.expect(6, "unavailable");
    assert_eq!(result["outputs"]["uploaded"], 1, "{ended:#?}");
}

#[test]
fn a_local_fault_ends_an_upload_with_exit_code_2() {
    // A file that cannot be read, one of two.
    let scene = files();
    fs::set_permissions(scene.path("workspace/dist/b"), fs::Permissions::from_mode(0o000)).unwrap();
    let (_web, place) = store(|_, _| None);
    let ended = upload(&scene, &place).nobody().end();
    let result = ended.expect(2, "workspace");
    assert!(!result.to_string().contains("bucket"), "{ended:#?}");
    // A store that cannot be written, and one that is a file.
    let scene = files();
    let closed = scene.path("outside/closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let ended = to_folder(&scene, &closed).nobody().end();
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
    let ended = to_folder(&scene, &scene.path("outside/secret.txt")).end();
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
}

#[test]
fn a_file_that_vanishes_is_a_conflict() {
    let scene = files();
    let (_web, place) = {
        // It goes when the store is first asked.
        let path = scene.path("workspace/dist/b");
        store(move |_, _| {
            let _ = fs::remove_file(&path);
            None
        })
    };
    let ended = upload(&scene, &place).end();
    let result = ended.expect(1, "changed");
    assert!(!result.to_string().contains("bucket,"), "{ended:#?}");
}

#[test]
fn only_files_of_a_killed_run_are_removed_from_a_folder() {
    let scene = files();
    let store = scene.path("outside/store");
    fs::create_dir_all(store.join("old")).unwrap();
    let left = [".lockstep-00000000000000aa", "old/.lockstep-00000000000000bb"];
    let others = [".lockstep-journal", "old/.lockstep-00bb"];
    for name in left.iter().chain(&others) {
        fs::write(store.join(name), "x").unwrap();
    }
    symlink(store.join(".lockstep-journal"), store.join(".lockstep-00000000000000cc")).unwrap();
    fs::set_permissions(scene.path("workspace/dist/a"), fs::Permissions::from_mode(0o600)).unwrap();
    to_folder(&scene, &store).env("LOCKSTEP_DRY_RUN", "true").end().expect(0, "done");
    assert!(store.join(left[0]).exists(), "a dry run changes nothing");
    to_folder(&scene, &store).end().expect(0, "done");
    assert!(!store.join(left[0]).exists() && store.join(left[1]).exists(), "it wrote nothing there");
    assert_eq!(fs::metadata(store.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
    to_folder(&scene, &store).arg("--delete").end().expect(0, "done");
    assert!(!store.join(left[1]).exists());
    for name in others {
        assert!(store.join(name).exists(), "{name}");
    }
    assert!(store.join(".lockstep-00000000000000cc").symlink_metadata().is_ok());
}
