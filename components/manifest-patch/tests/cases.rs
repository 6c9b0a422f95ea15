//! The cases of this step, run against the pure modules: what they promise is so before any host runs
//! them.

use std::collections::BTreeMap;
use std::path::Path;

use fast_glob::glob_match;
use lockstep_cases::{Case, Files, assert_same};
use lockstep_yaml::Alias;
use manifest_patch::batch::{Batch, Done};
use manifest_patch::problem::Problem;
use manifest_patch::request::{Inputs, Request};
use manifest_patch::words;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 113, check);
}

fn check(case: &mut Case) {
    let name = case.name.clone();
    let before = case.files();
    match run(case, &before) {
        Ok(done) => {
            case.assert_ended(0, "done", "", &done);
            // Folders are named for what they show: these, and only these, delete nothing.
            let gone = name.contains("delete-already-gone");
            assert_eq!(done.gone, if gone { vec![".env[name=GONE]", ".missing"] } else { vec![] }, "{name}");
            let mut after = before;
            after.extend(done.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())));
            assert_same(&name, &after, &case.expected());
            let again = run(case, &after).unwrap_or_else(|problems| panic!("{name}: again: {problems:?}"));
            let nothing = Done { gone: again.gone.clone(), ..Done::default() };
            assert_eq!(again, nothing, "{name}: a second run changes something");
        }
        Err(problems) => {
            let code = problems[0].code;
            case.assert_refused(code.is_rejection(), code.name(), &words::problems(&problems), &problems);
        }
    }
}

fn run(case: &Case, files: &Files) -> Result<Done, Vec<Problem>> {
    let alias = match case.one("--alias").as_deref() {
        None | Some("refuse") => Alias::Refuse,
        Some("expand") => Alias::Expand,
        Some("follow") => Alias::Follow,
        Some(other) => panic!("{other}"),
    };
    let read = |path: String| (path.clone(), files[&path].clone());
    let patch_files: Vec<_> = case.list("--patch-file").into_iter().map(read).collect();
    let (request, problems) = Request::read(&Inputs {
        set: &case.list("--set"),
        set_json: &case.list("--set-json"),
        append: &case.list("--append"),
        append_json: &case.list("--append-json"),
        delete: &case.list("--delete"),
        image: &case.list("--image"),
        marker: &case.list("--marker"),
        updates: &case.list("--updates").join("\n"),
        changes: &case.list("--changes").join("\n"),
        patch: &case.one("--patch").unwrap_or_default(),
        patch_files: &patch_files,
        list_key: &case.list("--list-key"),
        conditions: &case.list("--where"),
        create: case.has("--create"),
        alias,
        expect: &case.one("--expect").unwrap_or_else(|| "1+".into()),
    });
    let mut batch = Batch::new(request, problems);
    let mut found = BTreeMap::new();
    for pattern in case.list("--files") {
        let before = found.len();
        let fits = files.iter().filter(|(path, _)| glob_match(&pattern, path));
        found.extend(fits.map(|(path, content)| (path.clone(), content)));
        if found.len() == before && !files.keys().any(|path| glob_match(&pattern, path)) {
            batch.no_files(&pattern);
        }
    }
    found.retain(|path, _| !Batch::is_patch(&case.list("--patch-file"), path));
    for (path, content) in found {
        if !batch.is_too_large(&path, content.len() as u64) && batch.is_concerned(&path, content) {
            batch.add(&path, content);
        }
    }
    batch.finish()
}
