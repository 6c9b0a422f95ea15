//! Documents: which are read, and by what name the others are refused.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Run;

fn refused(text: &str) -> String {
    match Run::default().refused(text).as_slice() {
        [(code, message)] => {
            format!("{code}: {message}")
        }
        other => panic!("{other:?}"),
    }
}

fn refused_bytes(text: &[u8]) -> String {
    Run::default().over(text).unwrap_err()[0].message.clone()
}

#[test]
fn the_outputs_of_output_json() {
    let done = Run::default().done(
        r#"{"b": {"sensitive": false, "type": "string", "value": "x"}, "a": {"sensitive": false, "value": 1}}"#,
    );
    assert_eq!(done.names(), ["b", "a"]);
    assert_eq!(done.json, r#"{"b":"x","a":1}"#);
    assert_eq!(Run::default().done("{}\n").json, "{}");
}

#[test]
fn the_outputs_of_a_state() {
    let state = |values: &str| format!(r#"{{"format_version":"1.0","terraform_version":"1.10.6"{values}}}"#);
    let outputs = r#","values":{"outputs":{"a":{"sensitive":true,"value":7,"type":"number"}},"root_module":{"resources":[{"a":null}]}}"#;
    assert_eq!(Run::default().done(&state(outputs)).values[0], ("a".into(), "7".into(), Some("***".into())));
    assert_eq!(Run::default().done(&state("")).json, "{}");
    assert_eq!(Run::default().done(&state(r#","values":{"root_module":{}}"#)).json, "{}");
    assert_eq!(Run::default().done(r#"{"format_version":"0.1"}"#).json, "{}");
}

#[test]
fn outputs_may_be_called_as_the_keys_of_other_documents() {
    for name in
        ["format_version", "terraform_version", "lineage", "resource_changes", "planned_values", "values"]
    {
        let text = format!(r#"{{"{name}": {{"sensitive": false, "value": "x"}}}}"#);
        assert_eq!(Run::default().done(&text).value(name), "x");
    }
}

#[test]
fn other_documents_are_named() {
    for (text, expected) in [
        (
            r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#,
            "not-outputs: the document is a plan",
        ),
        (
            r#"{"format_version":"2.0","values":{}}"#,
            "unknown-version: the document has the format version `2.0`, known are 0 and 1",
        ),
        (
            r#"{"format_version":"1.0","valid":true,"diagnostics":[]}"#,
            "not-outputs: the document is no state: it has `diagnostics`",
        ),
        (
            r#"{"version":4,"terraform_version":"1.10.6","lineage":"x","outputs":{}}"#,
            "a state file as a backend",
        ),
        (r#"{"@level":"info","@message":"x"}"#, "the log of `plan -json`"),
        (r#"{"format_version":"1.0","values":[]}"#, "`values` is no object"),
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
        let message = refused(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn noise_is_named() {
    for (text, expected) in [
        (
            "[command]/usr/bin/terraform-bin output -json\n{}",
            "noise: a line of a wrapper stands before the JSON",
        ),
        ("{}\n::debug::Terraform exited with code 0.\n", "noise: a line of a wrapper stands after the JSON"),
        ("::debug::x\n{}", "noise: a line of a wrapper stands before the JSON"),
        ("$ terraform output -json\n{}", "noise: something other than a JSON object comes first"),
        ("\u{feff}{}", "noise: the document begins with a byte order mark"),
        ("{\r\n}\r\n", "CRLF"),
        ("{}\n{}\n", "noise: there is a second JSON document"),
        ("{\"a\": {\"sensitive\": false, \"value\": \"x", "broken: the JSON stops before its end"),
        ("{\"a\": nope}", "broken: not JSON"),
        ("", "broken: the document is empty"),
    ] {
        let message = refused(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert!(refused_bytes(b"\xFF\xFE{\0}\0").contains("UTF-16"));
    assert!(refused_bytes(b"{\"a\": \"\xFF\"}").contains("not JSON"));
}

#[test]
fn what_cannot_be_kept_exactly_is_refused() {
    let entry = |value: &str| format!(r#"{{"a": {{"sensitive": false, "value": {value}}}}}"#);
    assert_eq!(
        refused(&entry(r#""\ud800""#)),
        "broken: the output `a` holds text that is not Unicode (half of a surrogate pair)"
    );
    assert_eq!(
        refused(&entry(r#"{"k": 1, "\u006b": 2}"#)),
        "broken: the output `a` holds a key twice in one object"
    );
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(
        refused(&entry(&deep)),
        "broken: the output `a` holds values more than 128 deep in one another"
    );
    assert_eq!(
        refused(r#"{"a": {"sensitive": false, "value": 1}, "a": {"sensitive": true, "value": 1}}"#),
        "broken: the document has an output, or another key, twice"
    );
}

#[test]
fn a_broken_member_is_found_by_its_line() {
    let text = "{\n  \"a\": {\"sensitive\": false, \"value\": 1},\n  \"b\": {\"value\": 1}\n}";
    let problems = Run::default().over(text.as_bytes()).unwrap_err();
    let at = problems[0].at.unwrap();
    assert_eq!((at.line, at.column), (3, 8));
}
