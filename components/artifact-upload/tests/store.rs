//! Runs on a store that works, and on one that fails at single requests.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::Inputs;
use artifact_upload::failure::Code;
use common::{Call, Data, MIB, Model, Reaction, TO, inputs, is_complete, is_put, once, upstream};
use lockstep_sdk::objects::ChecksumAlgorithm;
use lockstep_sdk::types::Error;

const FILES: [(&str, u64, u64); 4] =
    [("dist/a.js", 1, 10), ("dist/js/b.js", 2, 20), ("dist/big.bin", 3, 100 * MIB), ("dist/empty", 4, 0)];
const KEYS: [(&str, &str); 4] = [
    ("dist/a.js", "a.js"),
    ("dist/js/b.js", "js/b.js"),
    ("dist/big.bin", "big.bin"),
    ("dist/empty", "empty"),
];

fn model() -> Model {
    Model::new(&FILES)
}

#[test]
fn a_second_run_writes_nothing() {
    for (md5, checksums) in [(true, true), (true, false), (false, true)] {
        for (checksum, few) in [
            (ChecksumAlgorithm::Crc64nvme, true),
            (ChecksumAlgorithm::Crc32c, false),
            (ChecksumAlgorithm::Sha256, true),
        ] {
            if checksum == ChecksumAlgorithm::Sha256 && !md5 {
                continue; // Such a store tells no digest of a multipart object.
            }
            let mut model = Model { md5, checksums, ..model() };
            let mut given = inputs(&["dist"]);
            (given.checksum, given.delete, given.manifest) =
                (checksum, !few, "list/manifest.json".to_owned());
            let first = model.run(&given).unwrap();
            assert_eq!((first.uploaded.len(), first.unchanged, first.deleted), (5, 0, 0));
            assert_eq!(first.uploaded.last().unwrap().key, "list/manifest.json");
            model.assert_uploaded(&KEYS);
            model.log.clear();
            let second = model.run(&given).unwrap();
            assert!(model.writes().is_empty(), "{:?}", model.writes());
            assert_eq!((second.has_changes(), second.unchanged, second.sent_bytes), (false, 5, 0));
            assert!(model.uploads.is_empty());
        }
    }
}

#[test]
fn only_different_files_are_sent() {
    let mut model = model();
    model.run(&inputs(&["dist"])).unwrap();
    model.files.insert("dist/a.js".into(), Data::new(9, 10));
    model.log.clear();
    let done = model.run(&inputs(&["dist"])).unwrap();
    assert_eq!((done.uploaded.len(), done.unchanged, done.sent_bytes), (1, 3, 10));
    assert_eq!(model.writes(), [&Call::Put(format!("{TO}a.js"))]);
    model.assert_uploaded(&KEYS);
}

#[test]
fn without_sync_the_store_is_not_inspected() {
    let mut model = model();
    let mut given = inputs(&["dist/a.js"]);
    given.sync = false;
    model.run(&given).unwrap();
    model.run(&given).unwrap();
    assert_eq!(model.log, [Call::Put(format!("{TO}a.js")), Call::Put(format!("{TO}a.js"))]);
}

#[test]
fn objects_of_others_in_other_parts_are_compared_by_checksum() {
    let mut model = model();
    let data = model.files["dist/big.bin"].clone();
    let object = model.object(data, Some(format!("{:032x}-13", 7)), ChecksumAlgorithm::Crc32c, None);
    model.objects.insert(format!("{TO}big.bin"), object);
    let done = model.run(&inputs(&["dist/big.bin"])).unwrap();
    assert_eq!((done.uploaded.len(), done.unchanged), (0, 1));
}

#[test]
fn delete_removes_only_objects_without_a_source() {
    let mut model = model();
    for key in ["old.js", "js/old.js", "a//b", "folder/", "../up"] {
        model.place(key, Data::new(7, 1));
    }
    model.objects.insert("s3://releases/webby/x".into(), model.objects[&format!("{TO}old.js")].clone());
    model.run(&inputs(&["dist"])).unwrap();
    assert!(model.keys().contains(&"old.js"), "without `delete` nothing goes");
    let mut given = inputs(&["dist"]);
    given.delete = true;
    let done = model.run(&given).unwrap();
    assert_eq!((done.deleted, done.invalid_keys), (2, 3));
    let left = ["s3://releases/webby/x", "../up", "a//b", "a.js", "big.bin", "empty", "folder/", "js/b.js"];
    let (mut left, mut keys) = (left.to_vec(), model.keys());
    left.sort_unstable();
    keys.sort_unstable();
    assert_eq!(keys, left);
}

#[test]
fn too_many_deletes_change_nothing() {
    for (most, refused) in [("2", true), ("3", false), ("59%", true), ("75%", false), ("0", true)] {
        let mut model = model();
        for key in ["1", "2", "3", "a.js"] {
            model.place(key, Data::new(7, 1));
        }
        let mut given = inputs(&["dist"]);
        (given.delete, given.max_delete) = (true, most.to_owned());
        match model.run(&given) {
            Ok(done) => assert!(!refused && done.deleted == 3, "{most}"),
            Err(stop) => {
                assert_eq!((stop.failure.code, refused), (Code::TooManyDeletes, true), "{most}");
                assert!(model.writes().is_empty());
            }
        }
    }
}

#[test]
fn an_unreadable_folder_never_causes_deletes() {
    let mut model = model();
    model.place("js/b.js", Data::new(7, 1));
    model.unreadable.insert("dist/js".into());
    let mut given = inputs(&["dist"]);
    (given.delete, given.allow_empty) = (true, true);
    assert_eq!(model.run(&given).unwrap_err().failure.code, Code::Workspace);
    assert!(model.log.is_empty());
}

#[test]
fn nothing_is_deleted_and_no_manifest_written_unless_every_upload_ended_well() {
    let mut model = model();
    model.place("old.js", Data::new(7, 1));
    let fault = Error::Unavailable("SlowDown".into());
    model.hook = Some(once(|call| *call == Call::Put(format!("{TO}js/b.js")), |_| Reaction::Fail(fault)));
    let mut given = inputs(&["dist"]);
    (given.delete, given.manifest) = (true, "m.json".into());
    let done = model.run(&given).unwrap();
    let rejection = done.rejection.unwrap();
    assert_eq!((rejection.code, done.deleted, done.uploaded.len()), (Code::Unavailable, 0, 3));
    assert_eq!(rejection.message, format!("1 of 4 files were not uploaded; first: `{TO}js/b.js`: SlowDown"));
    assert!(model.keys().contains(&"old.js") && !model.keys().contains(&"m.json"));
}

#[test]
fn a_lost_reply_of_a_conditional_write_is_no_conflict() {
    for pick in [is_put as fn(&Call) -> bool, is_complete] {
        let mut model = model();
        model.hook = Some(once(pick, |_| Reaction::LoseReply));
        let mut given = inputs(&["dist"]);
        given.immutable = true;
        let done = model.run(&given).unwrap();
        assert_eq!((done.uploaded.len(), done.unchanged, done.rejection), (4, 0, None));
        model.assert_uploaded(&KEYS);
        assert!(model.uploads.is_empty());
    }
}

#[test]
fn immutable_refuses_other_content_before_anything_is_sent() {
    for (data, part) in [(Data::new(9, 10), "with other content"), (Data::new(1, 11), "with other content")] {
        let mut model = model();
        model.place("a.js", data);
        let mut given = inputs(&["dist"]);
        (given.immutable, given.sync) = (true, false);
        let stop = model.run(&given).unwrap_err();
        assert_eq!(stop.failure.code, Code::Conflict);
        assert!(stop.failure.message.contains(part) && model.writes().is_empty(), "{stop:?}");
    }
    let mut model = Model { md5: false, checksums: false, ..model() };
    model.place("a.js", Data::new(1, 10));
    let mut given = inputs(&["dist"]);
    given.immutable = true;
    let stop = model.run(&given).unwrap_err();
    assert!(stop.failure.message.contains("the store tells no digest that proves"), "{stop:?}");
}

#[test]
fn immutable_accepts_a_racing_job_with_the_same_content_and_leaves_others() {
    for (pick, key) in [(is_put as fn(&Call) -> bool, 0), (is_complete, 2)] {
        for same in [true, false] {
            let (path, below) = KEYS[key];
            let mut model = model();
            let own = model.files[path].clone();
            let other = if same { own } else { Data::new(99, own.size()) };
            let theirs = other.clone();
            model.hook = Some(once(pick, move |model| {
                model.place(below, theirs);
                Reaction::Succeed
            }));
            let mut given = inputs(&["dist"]);
            given.immutable = true;
            let done = model.run(&given).unwrap();
            assert_eq!(done.rejection.map(|error| error.code), (!same).then_some(Code::Conflict));
            assert_eq!(model.objects[&format!("{TO}{below}")].data, other);
            assert!(model.uploads.is_empty(), "the upload can never be completed");
        }
    }
}

#[test]
fn an_upload_that_somebody_ended_is_started_again() {
    for pick in [is_complete as fn(&Call) -> bool, |call| matches!(call, Call::UploadPart(_, 3))] {
        let mut model = model();
        model.hook = Some(once(pick, |model| {
            model.uploads.clear();
            Reaction::Succeed
        }));
        let done = model.run(&inputs(&["dist/big.bin"])).unwrap();
        assert_eq!((done.uploaded.len(), model.uploads.len()), (1, 0));
        model.assert_uploaded(&KEYS[2..3]);
    }
    let mut model = model();
    model.hook = Some(Box::new(|model, call| {
        if is_complete(call) {
            model.uploads.clear();
        }
        Reaction::Succeed
    }));
    assert_eq!(model.run(&inputs(&["dist/big.bin"])).unwrap_err().failure.code, Code::Unavailable);
    assert_eq!(model.log.iter().filter(|call| matches!(call, Call::CreateUpload(_))).count(), 4);
}

#[test]
fn an_upload_that_another_job_completes_and_a_late_part_opens_again_is_aborted() {
    for same in [true, false] {
        let mut model = model();
        let own = model.files["dist/big.bin"].clone();
        let other = if same { own } else { Data::new(99, own.size()) };
        model.hook = Some(once(is_complete, move |model| {
            model.place("big.bin", other);
            Reaction::Fail(upstream(400, "InvalidRequest"))
        }));
        let code = model.run(&inputs(&["dist/big.bin"])).err().map(|error| error.failure.code);
        assert_eq!((code, model.uploads.len()), if same { (None, 0) } else { (Some(Code::Refused), 1) });
    }
}

/// A part that arrives after another job has aborted the upload opens it again, without its checksums and other parts.
#[test]
fn an_upload_that_another_job_aborts_and_a_late_part_opens_again_is_started_again() {
    for immutable in [false, true] {
        let mut model = model();
        model.hook = Some(once(is_complete, |model| {
            model.uploads.values_mut().for_each(|upload| upload.parts.retain(|number, _| *number == 3));
            Reaction::Fail(upstream(
                400,
                "InvalidRequest: The upload was created using the null checksum mode",
            ))
        }));
        let done = model.run(&Inputs { immutable, ..inputs(&["dist/big.bin"]) }).unwrap();
        assert_eq!((done.uploaded.len(), model.uploads.len()), (1, 0));
        model.assert_uploaded(&KEYS[2..3]);
    }
}

/// With `immutable` the next attempt would find the damaged object and call it that of somebody else.
#[test]
fn a_damaged_object_is_named_as_such() {
    for (immutable, attempts) in [(true, 1), (false, 4)] {
        let mut model = model();
        let damaged = || Reaction::Fail(Error::Integrity("other bytes".into()));
        model.hook =
            Some(Box::new(move |_, call| if is_complete(call) { damaged() } else { Reaction::Succeed }));
        let failure = model.run(&Inputs { immutable, ..inputs(&["dist/big.bin"]) }).unwrap_err().failure;
        assert_eq!(failure.code, Code::Integrity);
        assert!(failure.hint.unwrap().contains("run again"), "the hint says what to do");
        assert_eq!(model.log.iter().filter(|call| is_complete(call)).count(), attempts);
    }
}

#[test]
fn a_race_of_overwriting_jobs_is_settled_by_sending_again() {
    let fault = || Error::Conflict("409".into());
    let mut model = model();
    model.hook = Some(once(is_complete, move |_| Reaction::Fail(fault())));
    model.run(&inputs(&["dist"])).unwrap();
    model.assert_uploaded(&KEYS);
    assert!(model.uploads.is_empty());
    let mut model = Model::new(&FILES);
    model.hook =
        Some(Box::new(move |_, call| if is_put(call) { Reaction::Fail(fault()) } else { Reaction::Succeed }));
    assert_eq!(model.run(&inputs(&["dist/a.js"])).unwrap_err().failure.code, Code::Changed);
}

#[test]
fn failures_have_their_codes() {
    for (fault, code) in [
        (Error::Unauthorized("no".into()), Code::Credentials),
        (upstream(403, "AccessDenied"), Code::Forbidden),
        (upstream(503, "SlowDown"), Code::Unavailable),
        (upstream(429, "slower"), Code::Unavailable),
        (upstream(400, "EntityTooLarge"), Code::Refused),
        (Error::Unavailable("off".into()), Code::Unavailable),
        (Error::NotFound("NoSuchBucket".into()), Code::NoBucket),
        (Error::Integrity("BadDigest".into()), Code::Integrity),
        (Error::LimitExceeded("bytes".into()), Code::LimitExceeded),
    ] {
        let mut model = model();
        let writes = |call: &Call| matches!(call, Call::Put(_) | Call::CreateUpload(_));
        let cause = fault.clone();
        model.hook =
            Some(Box::new(
                move |_, call| if writes(call) { Reaction::Fail(cause.clone()) } else { Reaction::Succeed },
            ));
        let stop = model.run(&inputs(&["dist"])).unwrap_err();
        assert_eq!(stop.failure.code, code, "{stop:?}");
        assert!(stop.failure.message.starts_with("4 of 4 files were not uploaded; first: "), "{stop:?}");
        let mut model = Model::new(&FILES);
        model.hook = Some(Box::new(move |_, _| Reaction::Fail(fault.clone())));
        assert_eq!(model.run(&inputs(&["dist"])).unwrap_err().failure.code, code, "while inspecting");
    }
}

#[test]
fn parts_that_failed_are_sent_by_the_next_run_and_no_others() {
    let mut model = model();
    let fault = Error::Unavailable("SlowDown".into());
    model.hook = Some(once(|call| matches!(call, Call::UploadPart(_, 4)), |_| Reaction::Fail(fault)));
    let stop = model.run(&inputs(&["dist/big.bin"])).unwrap_err();
    assert_eq!((stop.failure.code, model.uploads.len()), (Code::Unavailable, 1));
    model.log.clear();
    let done = model.run(&inputs(&["dist/big.bin"])).unwrap();
    assert_eq!(model.writes(), [&Call::UploadPart(1, 4), &Call::Complete(1)]);
    assert!(done.sent_bytes < 16 * MIB);
    model.assert_uploaded(&KEYS[2..3]);
}

#[test]
fn open_uploads_with_other_options_or_content_are_aborted() {
    for change in 0..3 {
        let mut model = model();
        let fault = Error::Unavailable("SlowDown".into());
        model.hook = Some(once(is_complete, |_| Reaction::Fail(fault)));
        model.run(&inputs(&["dist/big.bin"])).unwrap_err();
        let mut given = inputs(&["dist/big.bin"]);
        match change {
            0 => given.metadata = vec!["commit=abc".into()],
            1 => drop(model.files.insert("dist/big.bin".into(), Data::new(77, 100 * MIB))),
            _ => drop(model.files.insert("dist/big.bin".into(), Data::new(3, 100 * MIB + 1))),
        }
        model.run(&given).unwrap();
        model.assert_uploaded(&KEYS[2..3]);
        assert!(model.uploads.is_empty(), "{change}");
        let options = model.objects[&format!("{TO}big.bin")].options.clone().unwrap();
        assert_eq!(options.metadata.len(), given.metadata.len());
    }
}

#[test]
fn a_folder_gets_each_file_in_one_piece() {
    let mut model = model();
    let mut given = inputs(&["dist"]);
    given.to = "file:///srv/web/".into();
    assert_eq!(model.run(&given).unwrap().uploaded.len(), 4);
    assert!(model.log.iter().all(|call| matches!(call, Call::Head(_) | Call::Put(_))));
}

#[test]
fn many_files_are_listed_and_sent_in_few_calls() {
    let files: Vec<(String, u64, u64)> = (0..4500).map(|n| (format!("d/{n}"), n, 5)).collect();
    let files: Vec<_> = files.iter().map(|(path, content, size)| (path.as_str(), *content, *size)).collect();
    let mut model = Model { page: 1000, ..Model::new(&files) };
    assert_eq!(model.run(&inputs(&["d"])).unwrap().uploaded.len(), 4500);
    assert_eq!(model.log.iter().filter(|call| matches!(call, Call::Head(_) | Call::List)).count(), 1);
    model.log.clear();
    assert_eq!(model.run(&inputs(&["d"])).unwrap().unchanged, 4500);
    assert_eq!(model.log, vec![Call::List; 5]);
    let mut model = Model::new(&files);
    model.hook = Some(Box::new(|_, call| match call {
        Call::Put(_) => Reaction::Fail(Error::Unauthorized("expired".into())),
        _ => Reaction::Succeed,
    }));
    let stop = model.run(&inputs(&["d"])).unwrap_err();
    assert_eq!((stop.failure.code, stop.errors.len()), (Code::Credentials, 4500));
    assert_eq!(
        model.log.iter().filter(|call| is_put(call)).count(),
        2000,
        "an error for all files ends the run"
    );
}
