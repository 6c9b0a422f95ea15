//! The cases of this step, run against the pure modules: what they promise is so before any host runs
//! them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::{Done, Run};
use lockstep_cases::Case;
use serde_json::Value;
use terraform_parse::request::Treatment;
use terraform_parse::words;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 33, check);
}

fn check(case: &mut Case) {
    let text = match case.one("--source").unwrap().as_str() {
        "-" => {
            // A note there says that nothing is read: git keeps no empty folder.
            assert!(case.file("README.md").is_some(), "{}", case.name);
            Some(case.take_stdin().unwrap().into_bytes())
        }
        path => case.file(path),
    };
    let Some(text) = text else {
        // Only the host can say that a file is not there.
        let (exit, code, _) = case.take_end();
        assert_eq!((exit, code.as_str()), (2, "workspace"), "{}", case.name);
        return;
    };
    let (outputs, select) = (case.list("--outputs"), case.list("--select"));
    let sensitive = match case.one("--sensitive").as_deref() {
        Some("omit") => Treatment::Omit,
        Some("refuse") => Treatment::Refuse,
        _ => Treatment::Mask,
    };
    let prefix = case.one("--prefix").unwrap_or_default();
    let run = Run { outputs: &borrowed(&outputs), select: &borrowed(&select), prefix: &prefix, sensitive };
    match run.over(&text) {
        Ok(done) => {
            case.assert_ended(0, "done", "", &done);
            for (output, expected) in case.take_outputs() {
                assert_eq!(output_of(&done, &output), expected, "{}: {output}", case.name);
            }
            let files = case.files();
            let mut expected = case.expected();
            if let Some(path) = case.one("--file") {
                let file = expected.remove(&path).map(|file| String::from_utf8(file).unwrap());
                assert_eq!(Some(&done.file), file.as_ref(), "{}: {path}", case.name);
            }
            lockstep_cases::assert_same(&case.name, &files, &expected);
        }
        Err(problems) => {
            let code = problems[0].code;
            case.assert_refused(code.is_rejection(), code.name(), &words::problems(&problems), &problems);
        }
    }
}

/// An output as people see it.
fn output_of(done: &Done, output: &str) -> Value {
    // As the host does with what has been masked: a secret may also stand in what is not one.
    let seen = |text: &str| done.masked.iter().fold(text.to_owned(), |text, mask| text.replace(mask, "***"));
    match output {
        "names" => done.names().into_iter().map(&seen).collect::<Vec<_>>().into(),
        "json" => seen(done.shown.as_ref().unwrap_or(&done.json)).into(),
        other => {
            let value = done.values.iter().find(|(name, ..)| name == other);
            let (_, exact, shown) = value.unwrap_or_else(|| panic!("no {other}"));
            seen(shown.as_ref().unwrap_or(exact)).into()
        }
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
