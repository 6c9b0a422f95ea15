//! The cases of this step, run against the pure modules: what they promise is so before any host runs
//! them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fast_glob::glob_match;
use lockstep_yaml::Alias;
use manifest_patch::batch::{Batch, Done};
use manifest_patch::problem::Problem;
use manifest_patch::request::{Inputs, Request};
use manifest_patch::words;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
}

type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&entry.unwrap().path());
        count += 1;
    }
    assert!(count >= 15);
}

fn check(folder: &Path) {
    let name = folder.display();
    let case: Case = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let before = files(&folder.join("in"));
    let out = folder.join("out");
    let expected = if out.exists() { files(&out) } else { before.clone() };
    match run(&case.args, &before) {
        Ok(done) => {
            assert_eq!((case.exit, case.code), (0, None), "{name}: went through");
            // Folders are named for what they show: these, and only these, delete nothing.
            let gone = name.to_string().contains("delete-already-gone");
            assert_eq!(done.gone, if gone { vec![".env[name=GONE]", ".missing"] } else { vec![] }, "{name}");
            let mut after = before.clone();
            after.extend(done.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())));
            assert_same(&name.to_string(), &after, &expected);
            let again =
                run(&case.args, &after).unwrap_or_else(|problems| panic!("{name}: again: {problems:?}"));
            assert_eq!(
                again,
                Done { gone: again.gone.clone(), ..Done::default() },
                "{name}: a second run acts"
            );
        }
        Err(problems) => {
            let first = &problems[0];
            let exit = if first.code.is_rejection() { 1 } else { 2 };
            assert_eq!(case.exit, exit, "{name}: {problems:?}");
            assert_eq!(case.code.as_deref(), Some(first.code.name()), "{name}: {problems:?}");
            let message = words::problems(&problems);
            let wanted = case.message_contains.unwrap_or_default();
            assert!(message.contains(&wanted), "{name}: {message}");
            assert!(!out.exists(), "{name}: a refused case has no out/");
        }
    }
}

fn assert_same(name: &str, after: &Files, expected: &Files) {
    for (path, content) in expected {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(shown(&after[path]), shown(content), "{name}: {path}");
    }
    assert_eq!(after, expected, "{name}");
}

fn run(args: &[String], files: &Files) -> Result<Done, Vec<Problem>> {
    let list = |flag: &str| -> Vec<String> {
        let pairs = args.windows(2).filter(|pair| pair[0] == flag);
        pairs.map(|pair| pair[1].clone()).collect()
    };
    let (set, set_json, image, conditions) =
        (list("--set"), list("--set-json"), list("--image"), list("--where"));
    let expect = list("--expect").pop().unwrap_or_else(|| "1+".into());
    let (append, append_json, delete) = (list("--append"), list("--append-json"), list("--delete"));
    let alias = match list("--alias").pop().as_deref() {
        None | Some("refuse") => Alias::Refuse,
        Some("expand") => Alias::Expand,
        Some("follow") => Alias::Follow,
        Some(other) => panic!("{other}"),
    };
    let read = |path: String| (path.clone(), files[&path].clone());
    let patch_files: Vec<_> = list("--patch-file").into_iter().map(read).collect();
    let (request, problems) = Request::read(&Inputs {
        set: &set,
        set_json: &set_json,
        append: &append,
        append_json: &append_json,
        delete: &delete,
        image: &image,
        marker: &list("--marker"),
        updates: &list("--updates").join("\n"),
        changes: &list("--changes").join("\n"),
        patch: &list("--patch"),
        patch_files: &patch_files,
        list_key: &list("--list-key"),
        conditions: &conditions,
        create: args.iter().any(|arg| arg == "--create"),
        alias,
        expect: &expect,
    });
    let mut batch = Batch::new(request, problems);
    let mut found = BTreeMap::new();
    for pattern in list("--files") {
        let before = found.len();
        let fits = files.iter().filter(|(path, _)| glob_match(&pattern, path));
        found.extend(fits.map(|(path, content)| (path.clone(), content)));
        if found.len() == before && !files.keys().any(|path| glob_match(&pattern, path)) {
            batch.no_files(&pattern);
        }
    }
    found.retain(|path, _| !Batch::is_patch(&list("--patch-file"), path));
    for (path, content) in found {
        if !batch.is_too_large(&path, content.len() as u64) && batch.is_concerned(&path, content) {
            batch.add(&path, content);
        }
    }
    batch.finish()
}

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
