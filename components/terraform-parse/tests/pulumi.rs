//! Documents of Pulumi: what becomes of them, and which ones the step refuses.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::types::Failure;
use terraform_parse::{Inputs, Outputs, SensitiveMode, Tool};

const SECRET: &str = r#""4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270""#;

fn run(text: &str, secrets: &[&str]) -> (Result<Outputs, Failure>, FakeReporter) {
    let inputs = Inputs {
        source: "stack.json".into(),
        tool: Tool::Pulumi,
        outputs: Vec::new(),
        select: Vec::new(),
        prefix: String::new(),
        sensitive: SensitiveMode::Mask,
        secret_outputs: secrets.iter().map(|&name| name.to_owned()).collect(),
        file: None,
    };
    let mut host = FakeWorkspace::default().with_file("stack.json", text);
    let mut reporter = FakeReporter::default();
    let result = terraform_parse::run(&mut host, &mut reporter, &inputs);
    (result, reporter)
}

fn json(text: &str, secrets: &[&str]) -> String {
    run(text, secrets).0.unwrap_or_else(|failure| panic!("{failure:?}")).json.value
}

fn refused(text: &str) -> Failure {
    run(text, &[]).0.unwrap_err()
}

fn export(outputs: &str) -> String {
    format!(
        r#"{{"version":3,"deployment":{{"manifest":{{}},"resources":[{{"urn":"u","type":"pulumi:pulumi:Stack","outputs":{outputs}}}]}}}}"#
    )
}

#[test]
fn values_of_stack_output_are_exact() {
    let text = r#"{"n": 1.50, "s": "a\nb", "l": [ {"k": null} ], "e": {}, "version": 3, "secret": "[secret] is not it"}"#;
    assert_eq!(
        json(text, &[]),
        r#"{"n":1.50,"s":"a\nb","l":[{"k":null}],"e":{},"version":3,"secret":"[secret] is not it"}"#
    );
    assert_eq!(json("{}", &[]), "{}");
}

#[test]
fn a_masked_value_is_never_passed_on() {
    for value in [r#""[secret]""#, r#"{"a": ["x", "[secret]"]}"#, r#"["[secret]"]"#, r#""\u005bsecret]""#] {
        for text in [format!(r#"{{"open": 1, "key": {value}}}"#), export(&format!(r#"{{"key": {value}}}"#))] {
            let failure = refused(&text);
            assert_eq!(failure.code, "masked", "{text}");
            assert!(failure.message.contains("the output `key` is secret"), "{failure:?}");
            assert!(failure.hint.unwrap().contains("--show-secrets"));
        }
    }
    let encrypted = export(&format!(r#"{{"key": {{{SECRET}, "ciphertext": "AAA"}}}}"#));
    assert_eq!(refused(&encrypted).code, "masked");
}

#[test]
fn secrets_of_an_export_are_sensitive() {
    let text = export(&format!(
        r#"{{"open": "x", "key": {{{SECRET}, "plaintext": "\"hunter2-hunter2\""}}, "deep": {{"a": [{{{SECRET}, "plaintext": "{{\"n\":1.50}}"}}]}}}}"#
    ));
    let (outputs, reporter) = run(&text, &[]);
    let outputs = outputs.unwrap();
    assert_eq!(outputs.json.value, r#"{"open":"x","key":"hunter2-hunter2","deep":{"a":[{"n":1.50}]}}"#);
    assert_eq!(outputs.json.display.unwrap(), r#"{"open":"x","key":"***","deep":"***"}"#);
    assert_eq!(reporter.masked, ["hunter2-hunter2", "1.50"]);
    assert!(!reporter.text().contains("does not say which"), "{}", reporter.text());
}

#[test]
fn a_stack_without_outputs_has_none() {
    assert_eq!(json(r#"{"version":3,"deployment":{"manifest":{}}}"#, &[]), "{}");
    let other = r#"{"version":3,"deployment":{"resources":[{"type":"aws:s3/bucket:Bucket"}]}}"#;
    assert_eq!(refused(other).code, "not-outputs");
}

#[test]
fn secret_outputs_are_masked_and_must_exist() {
    let text = r#"{"key": "hunter2-hunter2", "open": 1}"#;
    let (outputs, reporter) = run(text, &["key"]);
    assert_eq!(outputs.unwrap().json.display.unwrap(), r#"{"key":"***","open":1}"#);
    assert_eq!((reporter.masked.len(), reporter.notes.len()), (1, 0));
    let (failed, _) = run(text, &["keys"]);
    let failure = failed.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.hint.as_deref()), ("contract", Some("did you mean `key`?")));
    let (_, reporter) = run(text, &[]);
    assert!(reporter.text().contains("does not say which outputs are secret"), "{}", reporter.text());
}

#[test]
fn documents_of_others_are_refused() {
    for (text, part) in [
        (r#"{"a": {"sensitive": true, "type": "string", "value": "x"}}"#, "outputs of Terraform or OpenTofu"),
        (r#"{"format_version":"1.2","planned_values":{}}"#, "the document is a plan"),
        (r#"{"config":{},"steps":[],"changeSummary":{"same":1}}"#, "a preview of Pulumi"),
        ("[1]", "single value"),
    ] {
        let failure = refused(text);
        assert!(failure.message.contains(part), "{text}: {failure:?}");
    }
}
