//! What a run says of uploads that others left open, and which code its end has when only some of the files have arrived.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::host::Fault;
use artifact_upload::problem::Code;
use common::{Act, Call, Data, MIB, Model, TO, Upload, inputs, is_complete, once};

fn model() -> Model {
    Model::new(&[("dist/a.js", 1, 10), ("dist/js/b.js", 2, 20), ("dist/big.bin", 3, 100 * MIB)])
}

#[test]
fn open_uploads_of_files_that_are_gone_are_told_and_only_our_own_given_up() {
    for delete in [false, true] {
        let mut model = Model::new(&[("dist/old.bin", 8, 20 * MIB)]);
        model.hook = Some(once(is_complete, |_| Act::Fail(Fault::Unavailable("cut".into()))));
        model.run(&inputs(&["dist"])).unwrap_err();
        let ours = model.uploads.values().next().unwrap().clone();
        let with = |name: &str, parts: &[u64]| {
            let parts = (1..).zip(parts.iter().map(|size| Data::new(9, *size))).collect();
            Upload { name: format!("{TO}{name}"), parts, ..ours.clone() }
        };
        for upload in [with("aws", &[8 * MIB, MIB]), with("empty", &[]), with("not//plain", &[9 * MIB])] {
            model.uploads.insert(model.next_upload, upload);
            model.next_upload += 1;
        }
        model.files = Model::new(&[("dist/new.bin", 7, 20 * MIB)]).files;
        let mut given = inputs(&["dist"]);
        given.delete = delete;
        let done = model.run(&given).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| format!("{TO}{name}")).collect::<Vec<_>>();
        let (open, given_up): (&[_], &[_]) = match delete {
            true => (&["aws", "empty", "not//plain"], &["old.bin"]),
            false => (&["old.bin", "aws", "empty", "not//plain"], &[]),
        };
        assert_eq!((done.leftovers.open, done.leftovers.given_up), (names(open), names(given_up)));
        assert_eq!(model.uploads.values().map(|upload| upload.name.clone()).collect::<Vec<_>>(), names(open));
    }
    // A store that does not tell is said to be one.
    let mut model = model();
    let refused = Fault::Upstream(403, "AccessDenied".into());
    model.hook = Some(once(|call| *call == Call::Open(TO.to_owned()), |_| Act::Fail(refused)));
    let mut given = inputs(&["dist"]);
    given.delete = true;
    assert_eq!(model.run(&given).unwrap().leftovers.unknown.as_deref(), Some("AccessDenied"));
}

#[test]
fn one_cause_has_one_code_whatever_else_has_arrived() {
    for (fault, code) in [
        (Fault::Unavailable("SlowDown".into()), Code::Unavailable),
        (Fault::Upstream(503, "cut".into()), Code::Unavailable),
        (Fault::Upstream(403, "AccessDenied".into()), Code::Forbidden),
        (Fault::Unauthorized("expired".into()), Code::Credentials),
        (Fault::Integrity("other bytes".into()), Code::Integrity),
    ] {
        let mut model = model();
        model.hook = Some(once(|call| *call == Call::Put(format!("{TO}js/b.js")), |_| Act::Fail(fault)));
        let done = model.run(&inputs(&["dist"])).unwrap();
        let no = done.rejection.unwrap();
        assert_eq!((no.code, done.uploaded.is_empty()), (code, false));
    }
}
