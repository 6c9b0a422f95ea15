//! The cases of this step, run against the pure modules: what they promise is so before any host runs
//! them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::Run;
use serde::Deserialize;
use terraform_parse::request::Treatment;
use terraform_parse::words;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    outputs: BTreeMap<String, toml::Value>,
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
    let all = |flag: &str| -> Vec<&str> {
        let pairs = case.args.windows(2).filter(|pair| pair[0] == flag);
        pairs.map(|pair| pair[1].as_str()).collect()
    };
    let text = match all("--source")[0] {
        "-" => Ok(case.stdin.clone().into_bytes()),
        path => fs::read(folder.join("in").join(path)),
    };
    let Ok(text) = text else {
        // Only the host can say that a file is not there.
        assert_eq!((case.exit, case.code.as_deref()), (2, Some("workspace")), "{name}");
        return;
    };
    let (outputs, select) = (all("--outputs"), all("--select"));
    let sensitive = match all("--sensitive").pop() {
        Some("omit") => Treatment::Omit,
        Some("refuse") => Treatment::Refuse,
        _ => Treatment::Mask,
    };
    let prefix = all("--prefix").pop().unwrap_or_default();
    match (Run { outputs: &outputs, select: &select, prefix, sensitive }).over(&text) {
        Ok(done) => {
            assert_eq!((case.exit, case.code), (0, None), "{name}: went through");
            // As the host does with what has been masked: a secret may also stand in what is not one.
            let seen =
                |text: &str| done.masked.iter().fold(text.to_owned(), |text, mask| text.replace(mask, "***"));
            for (output, expected) in &case.outputs {
                let found: toml::Value = match output.as_str() {
                    "names" => done.names().into_iter().map(&seen).collect::<Vec<_>>().into(),
                    "json" => seen(done.shown.as_ref().unwrap_or(&done.json)).into(),
                    other => {
                        let value = done.values.iter().find(|(name, ..)| name == other);
                        let (_, exact, shown) = value.unwrap_or_else(|| panic!("{name}: no {other}"));
                        seen(shown.as_ref().unwrap_or(exact)).into()
                    }
                };
                assert_eq!(&found, expected, "{name}: {output}");
            }
            if let Some(file) = all("--file").pop() {
                let expected = fs::read_to_string(folder.join("out").join(file)).unwrap();
                assert_eq!(done.file, expected, "{name}: {file}");
            }
        }
        Err(problems) => {
            let first = &problems[0];
            assert_eq!(case.exit, if first.code.is_rejection() { 1 } else { 2 }, "{name}: {problems:?}");
            assert_eq!(case.code.as_deref(), Some(first.code.name()), "{name}: {problems:?}");
            let message = words::problems(&problems);
            let wanted = case.message_contains.unwrap_or_default();
            assert!(message.contains(&wanted), "{name}: {message}");
            assert!(!folder.join("out").exists(), "{name}: a refused case has no out/");
        }
    }
}
