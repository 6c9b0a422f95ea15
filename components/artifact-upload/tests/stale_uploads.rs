//! Notices about open uploads of other runs, and the code of a run that sent only some of the files.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::failure::Code;
use common::{Call, Data, MIB, Model, OpenUpload, Reaction, TO, inputs, is_complete, once, upstream};
use lockstep_sdk::types::Error;

fn model() -> Model {
    Model::new(&[("dist/a.js", 1, 10), ("dist/js/b.js", 2, 20), ("dist/big.bin", 3, 100 * MIB)])
}

#[test]
fn stale_uploads_are_listed_and_only_own_ones_aborted() {
    for delete in [false, true] {
        let mut model = Model::new(&[("dist/old.bin", 8, 40 * MIB)]);
        model.hook = Some(once(is_complete, |_| Reaction::Fail(Error::Unavailable("cut".into()))));
        model.run(&inputs(&["dist"])).unwrap_err();
        let ours = model.uploads.values().next().unwrap().clone();
        let with = |name: &str, parts: &[u64]| {
            let parts = (1..).zip(parts.iter().map(|size| Data::new(9, *size))).collect();
            OpenUpload { name: format!("{TO}{name}"), parts, ..ours.clone() }
        };
        for upload in [with("aws", &[8 * MIB, MIB]), with("empty", &[]), with("not//plain", &[9 * MIB])] {
            model.uploads.insert(model.next_upload, upload);
            model.next_upload += 1;
        }
        model.files = Model::new(&[("dist/new.bin", 7, 40 * MIB)]).files;
        let mut given = inputs(&["dist"]);
        given.delete = delete;
        let done = model.run(&given).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| format!("{TO}{name}")).collect::<Vec<_>>();
        let (open, aborted): (&[_], &[_]) = match delete {
            true => (&["aws", "empty", "not//plain"], &["old.bin"]),
            false => (&["old.bin", "aws", "empty", "not//plain"], &[]),
        };
        assert_eq!((done.stale_uploads.open, done.stale_uploads.aborted), (names(open), names(aborted)));
        assert_eq!(model.uploads.values().map(|upload| upload.name.clone()).collect::<Vec<_>>(), names(open));
    }
    // The run goes on without the listing.
    let mut model = model();
    let refused = upstream(403, "AccessDenied");
    model.hook = Some(once(|call| *call == Call::ListUploads(TO.to_owned()), |_| Reaction::Fail(refused)));
    let mut given = inputs(&["dist"]);
    given.delete = true;
    assert_eq!(model.run(&given).unwrap().stale_uploads.list_error.as_deref(), Some("AccessDenied"));
}

#[test]
fn one_cause_has_one_code_also_after_other_files_arrived() {
    for (fault, code) in [
        (Error::Unavailable("SlowDown".into()), Code::Unavailable),
        (upstream(503, "cut"), Code::Unavailable),
        (upstream(403, "AccessDenied"), Code::Forbidden),
        (Error::Unauthorized("expired".into()), Code::Credentials),
        (Error::Integrity("other bytes".into()), Code::Integrity),
    ] {
        let mut model = model();
        model.hook = Some(once(|call| *call == Call::Put(format!("{TO}js/b.js")), |_| Reaction::Fail(fault)));
        let done = model.run(&inputs(&["dist"])).unwrap();
        let rejection = done.rejection.unwrap();
        assert_eq!((rejection.code, done.uploaded.is_empty()), (code, false));
    }
}
