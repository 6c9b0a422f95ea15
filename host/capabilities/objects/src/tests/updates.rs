//! Changes of options without the content.

use super::content::options;
use super::store::{Reply, Request, Server};
use super::{objects_at, on};
use crate::{ObjectInfo, Objects, PutOptions, UpdateRequest};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::gate::Permit;
use lockstep_workspace::hash::Algorithm;

const NAME: &str = "s3://releases/web/a b";

fn changed() -> PutOptions {
    PutOptions {
        headers: vec![("cache-control".into(), "no-cache".into())],
        acl: Some("bucket-owner-full-control".into()),
        storage_class: Some("STANDARD_IA".into()),
        website_redirect: Some("/new".into()),
        ..options(Algorithm::Crc32c)
    }
}

fn update(objects: &mut Objects, name: &str, options: PutOptions) -> Result<ObjectInfo, CallError> {
    let act = |permit: &Permit| -> Result<Answer<ObjectInfo>, CallError> {
        let request = UpdateRequest { etag: "tag".into(), options: 0 };
        objects
            .update_objects(std::slice::from_ref(permit), vec![request], &[options], &mut |_, _| {})
            .remove(0)
    };
    on("update", name, act)
}

/// A store with one object of this size and entity tag; after a copy its size is the second one.
fn store(etag: &'static str, size: u64, copied_size: u64) -> Server {
    let copied = std::sync::atomic::AtomicBool::new(false);
    Server::new(move |request: &Request, _| match request.method.as_str() {
        "HEAD" => {
            let is_copied = copied.load(std::sync::atomic::Ordering::SeqCst);
            let size = if is_copied { copied_size } else { size };
            Reply::of(200, "").with("content-length", &size.to_string()).with("etag", &format!("\"{etag}\""))
        }
        "PUT" => {
            copied.store(true, std::sync::atomic::Ordering::SeqCst);
            Reply::of(200, "<CopyObjectResult><ETag>\"tag\"</ETag></CopyObjectResult>")
                .with("x-amz-version-id", "v2")
        }
        _ => Reply::of(404, ""),
    })
}

#[test]
fn an_object_is_copied_onto_itself_with_other_options() {
    let server = store("tag", 7, 7);
    let mut objects = objects_at(&server.origin);
    let info = update(&mut objects, NAME, changed()).unwrap();
    assert_eq!((info.size, info.etag.as_str(), info.version_id.as_deref()), (7, "tag", Some("v2")));
    let requests = server.requests();
    let copy = requests.iter().find(|request| request.method == "PUT").unwrap();
    for (header, value) in [
        ("x-amz-copy-source", "releases/web/a%20b"),
        ("x-amz-copy-source-if-match", "\"tag\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("cache-control", "no-cache"),
        ("x-amz-acl", "bucket-owner-full-control"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-website-redirect-location", "/new"),
        // The object has no tags, and stores without tags reject this header.
        ("x-amz-tagging-directive", ""),
    ] {
        assert_eq!(copy.header(header), value, "{header}");
    }
    assert!(objects.notes().is_empty());
    let changes = objects.into_changes();
    assert_eq!(format!("{:?}", changes[0].verb), "Changed");
}

#[test]
fn an_object_that_is_another_one_or_too_large_is_not_copied() {
    const GIB: u64 = 1024 * 1024 * 1024;
    for (server, word) in [(store("other", 7, 7), "conflict"), (store("tag", 5 * GIB + 1, 0), "invalid")] {
        let error = update(&mut objects_at(&server.origin), NAME, changed()).unwrap_err();
        assert_eq!(error.word(), word, "{error:?}");
        assert_eq!(server.count("PUT", ""), 0);
    }
    let missing = Server::new(|_, _| Reply::of(404, ""));
    assert_eq!(update(&mut objects_at(&missing.origin), NAME, changed()).unwrap_err().word(), "not-found");
    let error = update(&mut objects_at(&store("tag", 7, 6).origin), NAME, changed()).unwrap_err();
    assert_eq!(error.word(), "integrity", "{error:?}");
}

#[test]
fn an_object_outside_the_grant_is_denied_and_asks_nobody() {
    let server = store("tag", 7, 7);
    let error = update(&mut objects_at(&server.origin), "s3://releases/other", changed()).unwrap_err();
    assert_eq!(error.word(), "denied");
    assert!(server.requests().is_empty());
}

#[test]
fn a_public_acl_is_noted_once() {
    let server = store("tag", 7, 7);
    let mut objects = objects_at(&server.origin);
    for _ in 0..2 {
        let options = PutOptions { acl: Some("public-read".into()), ..changed() };
        update(&mut objects, NAME, options).unwrap();
    }
    let notes = objects.notes();
    assert!(notes.len() == 1 && notes[0].message.contains("everybody can read them"), "{notes:?}");
}
