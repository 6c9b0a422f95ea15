//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::fs;
use std::path::Path;

use common::{Files, run};
use config_render::render::Inputs;
use config_render::words;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
    #[serde(default)]
    outputs: toml::Table,
}

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
    let list = |flag: &str| -> Vec<String> {
        let pairs = case.args.windows(2).filter(|pair| pair[0] == flag);
        pairs.map(|pair| pair[1].clone()).collect()
    };
    let inputs = Inputs {
        template: list("--template"),
        rows: list("--rows").pop().unwrap(),
        to: list("--to").pop().unwrap(),
        prune: case.args.iter().any(|arg| arg == "--prune"),
        adopt: case.args.iter().any(|arg| arg == "--adopt"),
    };
    match run(&inputs, &before) {
        Ok((done, after)) => {
            assert_eq!((case.exit, case.code), (0, None), "{name}: went through");
            for (path, content) in &expected {
                let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let found = after.get(path).map(|bytes| shown(bytes));
                assert_eq!(found, Some(shown(content)), "{name}: {path}");
            }
            assert_eq!(after, expected, "{name}");
            let counts = done.plan.counts();
            for (output, count) in ["created", "updated", "deleted"].into_iter().zip(counts) {
                if let Some(wanted) = case.outputs.get(output) {
                    assert_eq!(wanted.as_integer(), i64::try_from(count).ok(), "{name}: {output}");
                }
            }
            let (again, _) = run(&inputs, &after).unwrap_or_else(|found| panic!("{name}, again: {found:?}"));
            assert_eq!((again.plan.counts(), again.new_list), ([0, 0, 0], None), "{name}, again");
        }
        Err(problems) => {
            let first = &problems[0];
            let exit = if first.code.is_rejection() { 1 } else { 2 };
            assert_eq!(case.exit, exit, "{name}: {problems:#?}");
            assert_eq!(case.code.as_deref(), Some(first.code.name()), "{name}: {problems:#?}");
            let message = words::problems(&problems);
            let wanted = case.message_contains.unwrap_or_default();
            assert!(message.contains(&wanted), "{name}: {message}");
            assert!(!out.exists(), "{name}: a refused case has no out/");
        }
    }
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
