//! Which files become objects, in which order, and which objects `delete` keeps.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use artifact_upload::Inputs;
use artifact_upload::failure::Code;
use artifact_upload::messages;
use artifact_upload::outcome::UploadOutcome;
use common::{Call, Data, MIB, Model, Reaction, TO, inputs, is_put, once, upstream};
use lockstep_sdk::workspace::{SkipReason, SkippedEntry};

const FILES: [(&str, u64, u64); 6] = [
    ("dist/index.html", 1, 10),
    ("dist/js/app.js", 2, 10),
    ("dist/js/app.js.map", 3, 10),
    ("dist/.env", 4, 10),
    ("dist/.cache/x", 5, 10),
    ("dist/.well-known/security.txt", 6, 10),
];

fn skipped(path: &str, reason: SkipReason, is_folder: bool) -> SkippedEntry {
    SkippedEntry { path: path.into(), reason, is_folder, target: None }
}

fn paths(outcome: &UploadOutcome) -> Vec<&str> {
    outcome.left_out.skipped.values().map(|entry| entry.path.as_str()).collect()
}

#[test]
fn hidden_names_are_skipped_and_named_unless_dotfiles_is_set() {
    let mut model = Model::new(&FILES);
    let outcome = model.run(&inputs(&["dist"])).unwrap();
    assert_eq!(model.keys(), [".well-known/security.txt", "index.html", "js/app.js", "js/app.js.map"]);
    assert_eq!(paths(&outcome), ["dist/.cache/x", "dist/.env"]);
    let notices = messages::notices(&outcome, TO);
    assert_eq!(notices, ["skipped 2 files whose names begin with a dot: `dist/.cache/x`, `dist/.env`"]);
    let rows = messages::counts(&outcome);
    assert!(rows.contains(&vec!["Files skipped".into(), "2".into()]), "{rows:?}");

    let mut given = inputs(&["dist"]);
    given.dotfiles = true;
    let outcome = model.run(&given).unwrap();
    assert_eq!((outcome.uploaded.len(), outcome.unchanged, paths(&outcome).len()), (2, 4, 0));
}

#[test]
fn a_name_that_no_path_can_hold_is_refused_unless_it_is_excluded() {
    let mut model = Model::new(&FILES);
    model.skipped = vec![
        skipped("dist/new\\nline.txt", SkipReason::UnsupportedName, false),
        skipped("dist/pipe", SkipReason::SpecialFile, false),
    ];
    let stop = model.run(&inputs(&["dist"])).unwrap_err();
    assert_eq!((stop.failure.code, model.log.len()), (Code::BadInput, 0));
    assert!(stop.failure.message.contains("`dist/new\\nline.txt`"), "{}", stop.failure.message);
    let mut given = inputs(&["dist"]);
    given.exclude = vec!["*.txt".into()];
    let outcome = model.run(&given).unwrap();
    assert_eq!(outcome.left_out.excluded.len(), 2);
    let notices = messages::notices(&outcome, TO);
    assert!(notices.contains(&"skipped 1 pipe, socket or device: `dist/pipe`".to_owned()), "{notices:?}");
    let excluded = "excluded 2 files: `dist/.well-known/security.txt`, `dist/new\\nline.txt`";
    assert!(notices.contains(&excluded.to_owned()), "{notices:?}");
}

#[test]
fn include_and_exclude_choose_files() {
    let run = |include: &[&str], exclude: &[&str]| {
        let mut model = Model::new(&FILES);
        let mut given = inputs(&["dist"]);
        given.include = include.iter().map(|text| (*text).into()).collect();
        given.exclude = exclude.iter().map(|text| (*text).into()).collect();
        let outcome = model.run(&given).map_err(|stop| stop.failure.code)?;
        Ok::<_, Code>((model.keys().into_iter().map(str::to_owned).collect::<Vec<_>>(), outcome))
    };
    assert_eq!(run(&["js"], &["*.map"]).unwrap().0, ["js/app.js"]);
    assert_eq!(run(&["js/*.js", "*.html"], &[]).unwrap().0, ["index.html", "js/app.js"]);
    assert_eq!(run(&["*.wasm"], &[]).unwrap_err(), Code::NoFiles);
    assert_eq!(run(&[], &["/js"]).unwrap_err(), Code::BadInput);
    let (_, outcome) = run(&[], &["*.map", "*.mpa"]).unwrap();
    let notices = messages::notices(&outcome, TO);
    assert!(notices.contains(&"no file matches `*.mpa` of `exclude`".to_owned()), "{notices:?}");
}

#[test]
fn delete_keeps_the_objects_of_skipped_and_excluded_files() {
    let mut model = Model::new(&FILES);
    model.link("dist/docs", "../docs");
    model.link("dist/latest", "a");
    model.skipped.push(skipped("dist/.git-data", SkipReason::Hidden, true));
    for key in [".env", ".cache/x", "docs/a.html", "latest", "old.map", ".git-data/a/b", "old.js"] {
        model.place(key, Data::new(9, 9));
    }
    let mut given = inputs(&["dist"]);
    (given.delete, given.exclude) = (true, vec!["*.map".into()]);
    let outcome = model.run(&given).unwrap();
    assert_eq!(outcome.deleted, 1);
    assert!(!model.keys().contains(&"old.js"));
    assert_eq!(outcome.kept, [".cache/x", ".env", ".git-data/a/b", "docs/a.html", "latest", "old.map"]);
    let notices = messages::notices(&outcome, TO).join("\n");
    assert!(notices.contains("kept 6 objects below `s3://releases/web/`"), "{notices}");
}

#[test]
fn pages_and_uncached_objects_come_last_whatever_their_size() {
    let mut model =
        Model::new(&[("d/a.html", 1, 10), ("d/b.js", 2, 40 * MIB), ("d/sw.js", 3, 10), ("d/z.css", 4, 10)]);
    let mut given = inputs(&["d"]);
    given.headers = vec!["sw.js=cache-control: max-age=0, must-revalidate".into()];
    model.run(&given).unwrap();
    let at = |key: &str| {
        let is_put = |call: &Call| matches!(call, Call::Put(name) if name.ends_with(key));
        model.log.iter().position(is_put).unwrap()
    };
    let complete = model.log.iter().position(|call| matches!(call, Call::Complete(_))).unwrap();
    assert!(at("z.css") < complete && complete < at("a.html") && complete < at("sw.js"), "{:?}", model.log);
}

#[test]
fn no_page_is_sent_if_another_file_fails() {
    let mut model = Model::new(&[("d/a.html", 1, 10), ("d/b.js", 2, 10)]);
    model.hook = Some(once(is_put, |_| Reaction::Fail(upstream(400, "no"))));
    let stop = model.run(&inputs(&["d"])).unwrap_err();
    assert_eq!(stop.errors.len(), 2);
    assert!(model.keys().is_empty(), "{:?}", model.keys());
    // The next run sends both.
    assert_eq!(model.run(&inputs(&["d"])).unwrap().uploaded.len(), 2);
}

#[test]
fn one_file_gets_another_name() {
    let mut model = Model::new(&[("build/app-1.8.0.tgz", 1, 40 * MIB), ("build/notes", 2, 1)]);
    let mut given = inputs(&["build/app-*.tgz"]);
    given.to = format!("{TO}latest/app.tgz");
    model.run(&given).unwrap();
    assert_eq!(model.keys(), ["latest/app.tgz"]);
    let lists = model.log.iter().filter(|call| matches!(call, Call::List)).count();
    assert_eq!((lists, model.run(&given).unwrap().unchanged), (0, 1));
    let edits: [fn(&mut Inputs); 3] = [
        |given| given.delete = true,
        |given| given.manifest = "m.json".into(),
        |given| given.source = vec!["build".into()],
    ];
    for edit in edits {
        let mut given = given.clone();
        edit(&mut given);
        assert_eq!(model.run(&given).unwrap_err().failure.code, Code::BadInput);
    }
}

#[test]
fn a_source_that_exists_as_it_is_spelled_is_that_folder_or_file() {
    let mut model = Model::new(&[("out/[slug]/a.js", 1, 1), ("out/s/b.js", 2, 1), ("out/[id].js", 3, 1)]);
    model.run(&inputs(&["out/[slug]"])).unwrap();
    assert_eq!(model.keys(), ["a.js"]);
    model.objects.clear();
    model.run(&inputs(&["out/[id].js"])).unwrap();
    assert_eq!(model.keys(), ["[id].js"]);
}

#[test]
fn objects_get_an_acl_a_storage_class_and_a_redirect() {
    let mut model = Model::new(&[("d/old.html", 1, 1), ("d/a.js", 2, 1)]);
    let mut given = inputs(&["d"]);
    (given.acl, given.storage_class) = (Some("bucket-owner-full-control".into()), Some("STANDARD_IA".into()));
    given.headers = vec!["old.html=X-Amz-Website-Redirect-Location: /new.html".into()];
    model.run(&given).unwrap();
    let options = |key: &str| model.objects[&format!("{TO}{key}")].options.clone().unwrap();
    let (page, script) = (options("old.html"), options("a.js"));
    assert_eq!(page.website_redirect.as_deref(), Some("/new.html"));
    assert!(page.headers.iter().all(|header| header.name != "x-amz-website-redirect-location"));
    assert_eq!((script.acl.as_deref(), script.website_redirect), (Some("bucket-owner-full-control"), None));
    assert_eq!(script.storage_class.as_deref(), Some("STANDARD_IA"));
    given.to = "file:///srv/x/".into();
    assert_eq!(model.run(&given).unwrap_err().errors.len(), 2);
}
