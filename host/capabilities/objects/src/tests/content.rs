//! Content that a store receives damaged: the host proves each byte, or says what it could not prove.

use super::store::{MemoryStore, Request, Server, Tags};
use super::{Objects, objects_at, on};
use crate::{
    Content, MultipartUpload, ObjectInfo, PartInfo, PartRange, Precondition, PutOptions, PutRequest,
};
use lockstep_model::call::{Answer, CallError, CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::{Gate, Permit};
use lockstep_model::grant::{Grant, Permission};
use lockstep_model::limits::Limits;
use lockstep_workspace::hash::Algorithm;
use lockstep_workspace::{Purpose, Workspace};
use std::sync::Arc;

const NAME: &str = "s3://releases/web/a";
const PATH: &str = "/releases/web/a";
const PART: u64 = 1000;
const PARTS: u32 = 8;

pub(super) fn options(checksum: Algorithm) -> PutOptions {
    PutOptions {
        headers: Vec::new(),
        metadata: Vec::new(),
        tags: Vec::new(),
        checksum,
        encryption: None,
        retention: None,
        acl: None,
        storage_class: None,
        website_redirect: None,
    }
}

/// Uploads the file `large` in parts, and returns how the parts and the completion ended.
fn upload(
    server: &Server,
    checksum: Algorithm,
) -> (Vec<Result<PartInfo, CallError>>, Result<ObjectInfo, CallError>) {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..PART * u64::from(PARTS)).map(|byte| (byte % 251) as u8).collect();
    std::fs::write(folder.path().join("large"), content).unwrap();
    let workspace = Workspace::open(folder.path(), &Limits::default(), &[], Purpose::Change).unwrap();
    let right = Permission::parse(Capability::Workspace, "read **").unwrap();
    let gate = Gate::new(Grant { requested: vec![right], ceilings: vec![], policy: None }, Limits::default());
    let open = CallRequest::new(Capability::Workspace, "open", RawTarget::Path("large"));
    let file = gate.call(open, |permit| workspace.open_file(permit)).unwrap();

    let mut objects = objects_at(&server.origin);
    let begin = |permit: &Permit| objects.create_multipart_upload(permit, &options(checksum));
    let mut upload: MultipartUpload = on("multipart", NAME, begin).unwrap();
    let range =
        |part_number: u32| PartRange { part_number, offset: u64::from(part_number - 1) * PART, length: PART };
    let ranges: Vec<PartRange> = (1..=PARTS).map(range).collect();
    let parts = objects.upload_parts(&mut upload, &file, &ranges, &mut |_, _| {}).unwrap().value;
    let sent: Vec<PartInfo> = parts.iter().flatten().cloned().collect();
    let stored = objects.complete(&mut upload, &sent, &Precondition::None).map(|answer| answer.value);
    (parts, stored)
}

fn part_4(request: &Request) -> bool {
    request.value("partNumber") == Some("4")
}

#[test]
fn a_damaged_part_is_sent_again_if_entity_tags_are_md5s() {
    for checksum in [Algorithm::Crc64Nvme, Algorithm::Sha256] {
        let store = MemoryStore::new(Tags::Md5, |request, damaged| part_4(request) && damaged == 0);
        let server = Server::keeping(&store);
        let (parts, stored) = upload(&server, checksum);
        assert!(parts.iter().all(Result::is_ok), "{parts:?}");
        assert_eq!(stored.unwrap().size, PART * u64::from(PARTS));
        assert_eq!(store.object(PATH).unwrap()[3 * PART as usize], (3 * PART % 251) as u8);
        assert_eq!((server.count("PUT", "partNumber=4"), server.count("PUT", "partNumber=3")), (2, 1));
        // The entity tag of the object proves the rest.
        assert_eq!(server.count("GET", ""), 0);
    }
}

#[test]
fn a_part_that_is_damaged_each_time_is_an_error() {
    let store = MemoryStore::new(Tags::Md5, |request, _| part_4(request));
    let server = Server::keeping(&store);
    let (parts, _) = upload(&server, Algorithm::Crc32c);
    let error = parts[3].as_ref().unwrap_err();
    assert!(error.word() == "integrity" && error.message().contains("part 4"), "{error:?}");
    assert_eq!(parts.iter().filter(|part| part.is_ok()).count(), PARTS as usize - 1);
}

#[test]
fn an_object_whose_parts_nobody_proves_is_read_back() {
    for checksum in [Algorithm::Crc64Nvme, Algorithm::Sha256] {
        let store = MemoryStore::new(Tags::Opaque, |_, _| false);
        let server = Server::keeping(&store);
        let (_, stored) = upload(&server, checksum);
        assert_eq!((stored.unwrap().etag.as_str(), server.count("GET", "")), ("tag-8", 1));

        let store = MemoryStore::new(Tags::Opaque, |request, _| part_4(request));
        let (_, stored) = upload(&Server::keeping(&store), checksum);
        let error = stored.unwrap_err();
        assert_eq!(error.word(), "integrity", "{error:?}");
        for part in ["part 4 of 8", NAME, "keeps them under this name"] {
            assert!(error.message().contains(part), "{error:?}");
        }
    }
}

/// The tags of all parts are MD5s of other bytes, so none shows that tags are MD5s.
#[test]
fn an_object_whose_parts_are_all_damaged_is_read_back() {
    let store = MemoryStore::new(Tags::Md5, |request, _| request.has("partNumber"));
    let (_, stored) = upload(&Server::keeping(&store), Algorithm::Crc64Nvme);
    assert_eq!(stored.unwrap_err().word(), "integrity");
}

fn put(objects: &mut Objects, content: &[u8]) -> Result<ObjectInfo, CallError> {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(folder.path(), &Limits::default(), &[], Purpose::Change).unwrap();
    let request = PutRequest {
        content: Content::Bytes(content.to_vec()),
        options: 0,
        precondition: Precondition::None,
    };
    let act = |permit: &Permit| -> Result<Answer<ObjectInfo>, CallError> {
        let permits = std::slice::from_ref(permit);
        let options = [options(Algorithm::Crc32c)];
        objects.put_objects(permits, vec![request], &options, &workspace, &mut |_, _| {}).remove(0)
    };
    on("put", NAME, act)
}

#[test]
fn the_error_of_a_damaged_object_says_that_the_store_keeps_it() {
    for tags in [Tags::Md5, Tags::Opaque] {
        let damaging = MemoryStore::new(tags, |_, _| true);
        let server = Server::keeping(&damaging);
        let error = put(&mut objects_at(&server.origin), b"content").unwrap_err();
        assert!(
            error.message().contains(NAME) && error.message().contains("keeps them under this name"),
            "{error:?}"
        );
        let store = MemoryStore::new(tags, |_, _| false);
        let server: Arc<Server> = Arc::new(Server::keeping(&store));
        put(&mut objects_at(&server.origin), b"content").unwrap();
        assert_eq!(server.count("GET", ""), usize::from(tags == Tags::Opaque));
    }
}
