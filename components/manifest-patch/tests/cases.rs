//! The cases of this step: whole runs over files in memory.

mod common;

use std::path::Path;

use common::inputs;
use lockstep_cases::{Case, assert_same};
use lockstep_sdk::fake::FakeWorkspace;
use lockstep_sdk::report::Level;
use lockstep_sdk::types::FailureKind;
use manifest_patch::{Alias, Inputs};

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 113, check);
}

fn check(case: &mut Case) {
    let name = case.name.clone();
    let inputs = inputs_of(case);
    let before = case.files();
    let mut files = FakeWorkspace { files: before.clone(), ..FakeWorkspace::default() };
    let (outputs, reporter) = common::run(&inputs, &mut files);
    match outputs {
        Ok(outputs) => {
            case.assert_ended(0, "done", "", &outputs);
            let notices = reporter.notes.iter().filter(|note| note.level == Level::Notice);
            let notices: Vec<&str> = notices.map(|note| note.message.as_str()).collect();
            // Only the folders with this name have a deletion that finds nothing.
            let deleted = name.contains("delete-already-gone");
            let expected = [".env[name=GONE]", ".missing"]
                .map(|path| format!("nothing to delete at {path}: it is already gone"));
            assert_eq!(notices, if deleted { &expected[..] } else { &[] }, "{name}");
            assert_same(&name, &files.files, &case.expected());
            let changed = files.files.iter().filter(|(path, content)| before.get(*path) != Some(content));
            let changed: Vec<&String> = changed.map(|(path, _)| path).collect();
            assert_eq!(outputs.files.iter().collect::<Vec<_>>(), changed, "{name}");
            assert_eq!(outputs.changed, !changed.is_empty(), "{name}");
            let (again, _) = common::run(&inputs, &mut files);
            let again = again.unwrap_or_else(|failure| panic!("{name}: again: {failure:?}"));
            assert_eq!((again.files, again.edits), (vec![], 0), "{name}: a second run changes something");
        }
        Err(failure) => {
            let rejected = failure.kind == FailureKind::Rejected;
            case.assert_refused(rejected, &failure.code, &failure.message, &reporter.notes);
            assert_eq!(files.files, before, "{name}: a failed run changes files");
        }
    }
}

fn inputs_of(case: &Case) -> Inputs {
    Inputs {
        files: case.list("--files"),
        set: case.list("--set"),
        set_json: case.list("--set-json"),
        append: case.list("--append"),
        append_json: case.list("--append-json"),
        delete: case.list("--delete"),
        image: case.list("--image"),
        marker: case.list("--marker"),
        updates: case.list("--updates").join("\n"),
        changes: case.list("--changes").join("\n"),
        patch: case.one("--patch").unwrap_or_default(),
        patch_file: case.list("--patch-file"),
        list_key: case.list("--list-key"),
        where_: case.list("--where"),
        create: case.has("--create"),
        alias: match case.one("--alias").as_deref() {
            None | Some("refuse") => Alias::Refuse,
            Some("expand") => Alias::Expand,
            Some("follow") => Alias::Follow,
            Some(other) => panic!("{other}"),
        },
        expect: case.one("--expect").unwrap_or_else(|| inputs().expect),
    }
}
