//! Runs the cases of the step on fakes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use lockstep_cases::Case;
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::types::FailureKind;
use serde_json::Value;
use terraform_parse::{Inputs, Outputs, SensitiveMode, Tool};

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 33, check);
}

fn check(case: &mut Case) {
    let inputs = inputs_of(case);
    let mut host = workspace_of(case, &inputs);
    let before = host.clone();
    let mut reporter = FakeReporter::default();
    match terraform_parse::run(&mut host, &mut reporter, &inputs) {
        Ok(outputs) => {
            case.assert_ended(0, "done", "", &outputs);
            for (output, expected) in case.take_outputs() {
                assert_eq!(
                    displayed(&outputs, &output, &reporter.masked),
                    expected,
                    "{}: {output}",
                    case.name
                );
            }
            host.files.remove("-");
            let expected = case.expected();
            lockstep_cases::assert_same(&case.name, &host.files, &expected);
        }
        Err(failure) => {
            let rejected = failure.kind == FailureKind::Rejected;
            assert!(rejected || failure.kind == FailureKind::Invalid, "{}: {failure:?}", case.name);
            case.assert_refused(rejected, &failure.code, &failure.message, &failure);
            assert_eq!(host, before, "{}: a rejected run writes nothing", case.name);
        }
    }
}

fn inputs_of(case: &Case) -> Inputs {
    Inputs {
        source: case.one("--source").unwrap(),
        tool: match case.one("--tool").as_deref() {
            Some("pulumi") => Tool::Pulumi,
            _ => Tool::Terraform,
        },
        secret_outputs: case.list("--secret-outputs"),
        outputs: case.list("--outputs"),
        select: case.list("--select"),
        prefix: case.one("--prefix").unwrap_or_default(),
        sensitive: match case.one("--sensitive").as_deref() {
            Some("omit") => SensitiveMode::Omit,
            Some("refuse") => SensitiveMode::Refuse,
            _ => SensitiveMode::Mask,
        },
        file: case.one("--file"),
    }
}

/// The files of the case; standard input is the file `-`, as for the host.
fn workspace_of(case: &mut Case, inputs: &Inputs) -> FakeWorkspace {
    let mut host = FakeWorkspace::default();
    for (path, content) in case.files() {
        host = host.with_file(&path, content);
    }
    if inputs.source == "-" {
        // Git keeps no empty folder, so a note lies in this one.
        assert!(host.files.keys().eq(["README.md"]), "{}", case.name);
        return host.with_file("-", case.take_stdin().unwrap());
    }
    host
}

/// An output as people see it.
fn displayed(outputs: &Outputs, output: &str, masked: &[String]) -> Value {
    // The host masks secrets in all outputs: a secret can occur in a value that is not sensitive.
    let redact = |text: &str| masked.iter().fold(text.to_owned(), |text, mask| text.replace(mask, "***"));
    match output {
        "names" => outputs.names.iter().map(|name| redact(name)).collect::<Vec<_>>().into(),
        "json" => redact(outputs.json.display.as_ref().unwrap_or(&outputs.json.value)).into(),
        other => {
            let value = outputs.values.iter().find(|value| value.name == other);
            let value = value.unwrap_or_else(|| panic!("no {other}"));
            redact(value.display.as_ref().unwrap_or(&value.value)).into()
        }
    }
}
