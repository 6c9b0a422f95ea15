//! Documents: which ones the step accepts, and the errors of the others.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::Run;

fn error_of(text: &str) -> String {
    match Run::default().rejected(text).as_slice() {
        [(code, message)] => {
            format!("{code}: {message}")
        }
        other => panic!("{other:?}"),
    }
}

fn message_of(text: &[u8]) -> String {
    Run::default().over(text).unwrap_err().failure.message
}

#[test]
fn outputs_of_output_json_are_accepted() {
    let done = Run::default().done(
        r#"{"b": {"sensitive": false, "type": "string", "value": "x"}, "a": {"sensitive": false, "value": 1}}"#,
    );
    assert_eq!(done.names(), ["b", "a"]);
    assert_eq!(done.json, r#"{"b":"x","a":1}"#);
    assert_eq!(Run::default().done("{}\n").json, "{}");
}

#[test]
fn outputs_of_a_state_are_accepted() {
    let state = |values: &str| format!(r#"{{"format_version":"1.0","terraform_version":"1.10.6"{values}}}"#);
    let outputs = r#","values":{"outputs":{"a":{"sensitive":true,"value":7,"type":"number"}},"root_module":{"resources":[{"a":null}]}}"#;
    assert_eq!(Run::default().done(&state(outputs)).values[0], ("a".into(), "7".into(), Some("***".into())));
    assert_eq!(Run::default().done(&state("")).json, "{}");
    assert_eq!(Run::default().done(&state(r#","values":{"root_module":{}}"#)).json, "{}");
    assert_eq!(Run::default().done(r#"{"format_version":"0.1"}"#).json, "{}");
}

#[test]
fn outputs_can_have_the_names_of_keys_of_other_documents() {
    for name in
        ["format_version", "terraform_version", "lineage", "resource_changes", "planned_values", "values"]
    {
        let text = format!(r#"{{"{name}": {{"sensitive": false, "value": "x"}}}}"#);
        assert_eq!(Run::default().done(&text).value(name), "x");
    }
}

#[test]
fn other_documents_have_errors_that_name_them() {
    for (text, expected) in [
        (
            r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#,
            "not-outputs: the document is a plan",
        ),
        (
            r#"{"format_version":"2.0","values":{}}"#,
            "unknown-version: unknown format version `2.0` of the state: expected 0.x or 1.x",
        ),
        (
            r#"{"format_version":"1.0","valid":true,"diagnostics":[]}"#,
            "not-outputs: the document is the result of `validate -json`",
        ),
        (
            r#"{"version":4,"terraform_version":"1.10.6","lineage":"x","outputs":{}}"#,
            "a state file as a backend",
        ),
        (r#"{"@level":"info","@message":"x"}"#, "the log of `plan -json`"),
        (
            r#"{"format_version":"1.0","function_signatures":{}}"#,
            "not-outputs: the document is a list of functions",
        ),
        (
            r#"{"format_version":"1.0","provider_schemas":{}}"#,
            "not-outputs: the document is the schemas of providers",
        ),
        (
            r#"{"format_version":"1.0","workspaces":[],"diagnostics":[]}"#,
            "not-outputs: the document is a list of workspaces",
        ),
        (r#"{"format_version":"1.0","modules":[]}"#, "not-outputs: the document is a list of modules"),
        (
            r#"{"format_version":"1.0","anything":{}}"#,
            "not-outputs: the document has a `format_version`, but",
        ),
        (r#"{"format_version":"2.0","anything":{}}"#, "unknown-version: unknown format version `2.0`"),
        (
            r#"{"terraform_version":"1.11.4","platform":"linux_amd64","provider_selections":{}}"#,
            "not-outputs: the document is the version of the program",
        ),
        (
            r#"{"terraform_version":"1.11.4","planned_values":{},"resource_changes":[]}"#,
            "not-outputs: the document is a plan without its `format_version`",
        ),
        (
            r#"{"version":3,"serial":1,"lineage":"x","modules":[{"path":["root"],"outputs":{}}]}"#,
            "not-outputs: the document is a state file as a backend",
        ),
        (
            r#"{"version":3,"serial":1,"lineage":"x","backend":{},"modules":[]}"#,
            "not-outputs: the document is the settings of a backend",
        ),
        (r#"{"version":3,"deployment":{}}"#, "not-outputs: the document is a stack of Pulumi"),
        ("https://example.com\n", "not-outputs: the document has no JSON object"),
        (r#"{"format_version":"1.0","values":[]}"#, "`values` is not an object"),
        (r#""vpc-1""#, "not-outputs: the document is a single value"),
        ("[1, 2]", "not-outputs: the document is a single value"),
        ("3", "not-outputs: the document is a single value"),
        (
            r#"{"host": "db", "port": 5432}"#,
            "not-outputs: the document is a single value, or one of its members",
        ),
        (
            r#"{"a": {"value": "no sensitive"}}"#,
            "not-outputs: the document is a single value, or one of its members",
        ),
        (
            r#"{"a": {"sensitive": "yes", "value": 1}}"#,
            "not-outputs: the document is a single value, or one of its members",
        ),
        (
            r#"{"a": {"sensitive": false}}"#,
            "not-outputs: the document is a single value, or one of its members",
        ),
    ] {
        let message = error_of(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn noise_has_errors_that_name_it() {
    for (text, expected) in [
        (
            "[command]/usr/bin/terraform-bin output -json\n{}",
            "noise: there is a line of a wrapper before the JSON",
        ),
        (
            "{}\n::debug::Terraform exited with code 0.\n",
            "noise: there is a line of a wrapper after the JSON",
        ),
        ("::debug::x\n{}", "noise: there is a line of a wrapper before the JSON"),
        ("$ terraform output -json\n{}", "noise: something other than a JSON object comes first"),
        ("\u{feff}{}", "noise: the document begins with a byte order mark"),
        ("{\r\n}\r\n", "CRLF"),
        ("{}\n{}\n", "noise: there is a second JSON document"),
        ("{\"a\": {\"sensitive\": false, \"value\": \"x", "broken: the JSON stops before its end"),
        ("{\"a\": nope}", "broken: invalid JSON"),
        ("", "broken: the document is empty"),
    ] {
        let message = error_of(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert!(message_of(b"\xFF\xFE{\0}\0").contains("UTF-16"));
    assert!(message_of(b"{\"a\": \"\xFF\"}").contains("invalid JSON"));
}

#[test]
fn values_that_cannot_be_kept_exactly_are_errors() {
    let entry = |value: &str| format!(r#"{{"a": {{"sensitive": false, "value": {value}}}}}"#);
    assert_eq!(
        error_of(&entry(r#""\ud800""#)),
        "broken: the output `a` contains text that is not Unicode (half of a surrogate pair)"
    );
    assert_eq!(
        error_of(&entry(r#"{"k": 1, "\u006b": 2}"#)),
        "broken: the output `a` contains a key twice in one object"
    );
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(
        error_of(&entry(&deep)),
        "broken: the output `a` contains values that are nested more than 128 deep"
    );
    assert_eq!(
        error_of(r#"{"a": {"sensitive": false, "value": 1}, "a": {"sensitive": true, "value": 1}}"#),
        "broken: the document has an output, or another key, twice"
    );
}

#[test]
fn the_error_of_a_member_has_its_position() {
    let text = "{\n  \"a\": {\"sensitive\": false, \"value\": 1},\n  \"b\": {\"value\": 1}\n}";
    let location = Run::default().over(text.as_bytes()).unwrap_err().failure.location.unwrap();
    assert_eq!((location.line, location.column), (Some(3), Some(8)));
}
