//! Tests of how inputs are typed.

use super::*;
use crate::types::Field;
use proptest::prelude::*;
use serde_json::json;

fn fields() -> Vec<InputInfo> {
    let field = |name: &str, ty, default: Option<Value>| {
        let bare = InputInfo::bare(name, &ty);
        match default {
            Some(default) => InputInfo { default, required: false, ..bare },
            None => bare,
        }
    };
    let required = |field| InputInfo { default: Value::Null, required: true, ..field };
    let rule = vec![
        Field { name: "path".into(), ty: Type::String },
        Field { name: "count".into(), ty: Type::Option(Box::new(Type::Integer(Integer::U8))) },
    ];
    vec![
        required(field("files", Type::List(Box::new(Type::String)), None)),
        field("set", Type::List(Box::new(Type::String)), Some(json!([]))),
        field("create", Type::Bool, None),
        field("mode", Type::Enum(vec!["a".into(), "b".into()]), Some(json!("a"))),
        field("count", Type::Option(Box::new(Type::Integer(Integer::U8))), None),
        field("rules", Type::List(Box::new(Type::Record(rule))), Some(json!([]))),
    ]
}

fn raw(name: &str, value: RawValue) -> RawInput {
    RawInput { name: name.into(), source: format!("--{name}"), value }
}

fn flags(name: &str, words: &[&str]) -> RawInput {
    raw(name, RawValue::Flags(words.iter().map(|&word| word.to_owned()).collect()))
}

#[test]
fn a_flag_is_one_value_and_absent_inputs_get_their_defaults() {
    let raw_inputs =
        [flags("files", &["a\nb", "c"]), flags("count", &["7"]), flags("rules", &[r#"{"path":"x"}"#])];
    let inputs = Inputs::resolve(&raw_inputs, &fields()).unwrap();
    let want = json!({"files": ["a\nb", "c"], "set": [], "create": false, "mode": "a", "count": 7,
        "rules": [{"path": "x", "count": null}]});
    assert_eq!(Value::Object(inputs.0.clone()), want);
    assert_eq!(inputs.texts("files"), Some(vec!["a\nb", "c"]));
}

#[test]
fn a_text_of_a_wrapper_is_split_into_lines_and_an_empty_one_is_absent() {
    let text = |name: &str, text: &str| raw(name, RawValue::Text(text.into()));
    let raw_inputs =
        [text("files", "a\r\n\n b=$(x)\n"), text("create", "true"), text("count", ""), text("mode", "")];
    let inputs = Inputs::resolve(&raw_inputs, &fields()).unwrap();
    assert_eq!(inputs.get("files"), Some(&json!(["a", " b=$(x)"])));
    assert_eq!((inputs.get("create"), inputs.get("count")), (Some(&json!(true)), Some(&Value::Null)));
}

#[test]
fn a_json_text_is_one_item() {
    let list = |text: &str| {
        let raw_inputs = [flags("files", &["x"]), raw("set", RawValue::Text(text.into()))];
        Inputs::resolve(&raw_inputs, &fields()).unwrap().texts("set").unwrap().join("|")
    };
    let hostile = "a=v1\nb=evil\r\n\"]\n[";
    let one = Value::from(hostile).to_string();
    assert_eq!(list(&one), hostile);
    assert_eq!(list(&format!("first\n{one}\nlast\n")), format!("first|{hostile}|last"));
    assert_eq!(list(&json!([hostile, "c"]).to_string()), format!("{hostile}|c"));
    assert_eq!(list(&format!("{:#}\n", json!(["c", hostile]))), format!("c|{hostile}"));
    assert_eq!(list("[]"), "");
    // A text that is not a list of texts is a line: an index, a filter, a pattern, a quote.
    for line in ["[0]", "[name=app].image", "[a-z]*.yaml", "[\"a\", 1]", "[null]", "\"a\" b", "'a'"] {
        assert_eq!(list(line), line);
    }
}

#[test]
fn a_json_list_of_records_gives_its_records() {
    let list = |text: &str| {
        let raw_inputs = [flags("files", &["x"]), raw("rules", RawValue::Text(text.into()))];
        Inputs::resolve(&raw_inputs, &fields()).map(|inputs| inputs.get("rules").cloned().unwrap())
    };
    let want = json!([{"path": "a", "count": null}, {"path": "b", "count": 2}]);
    assert_eq!(list(r#"[{"path": "a"}, {"path": "b", "count": 2}]"#), Ok(want.clone()));
    assert_eq!(list("{\"path\": \"a\"}\n{\"path\": \"b\", \"count\": 2}"), Ok(want));
    assert!(list("[1]").unwrap_err()[0].problem.contains("item 1"));
}

#[test]
fn lines_that_come_from_one_value_of_the_event_are_found() {
    let event = json!({
        "inputs": {"tag": "v1\nenvoy=evil", "crlf": "a\r\nb", "plain": "v1", "tail": "v2\n", "blank": " \n"},
        "commits": [{"message": "fix\n\nlonger"}],
    });
    let found = |name: &str, text: &str| {
        let raw_inputs = [raw(name, RawValue::Text(text.into()))];
        let errors = foreign_lines(&raw_inputs, &fields(), || Ok(event.clone())).unwrap();
        errors.first().map(|error| error.problem.split('`').nth(1).unwrap_or_default().to_owned())
    };
    assert_eq!(found("set", "web:v1\nenvoy=evil").as_deref(), Some("inputs.tag"));
    assert_eq!(found("set", "v1\nenvoy=evil").as_deref(), Some("inputs.tag"));
    assert_eq!(found("set", "x\r\nweb:v1\r\nenvoy=evil\r\n").as_deref(), Some("inputs.tag"));
    assert_eq!(found("set", "x=a\nb").as_deref(), Some("inputs.crlf"));
    assert_eq!(found("set", "web:v2\n-alpine").as_deref(), Some("inputs.tail"));
    assert_eq!(found("files", "fix\n\nlonger").as_deref(), Some("commits.0.message"));
    // Lines of the author's own, a value in JSON, and an input that is no list.
    assert_eq!(found("set", "web:v1\nenvoy=good"), None);
    assert_eq!(found("set", &json!(["web:v1\nenvoy=evil"]).to_string()), None);
    assert_eq!(found("set", &format!("x\n{}", json!("web:v1\nenvoy=evil"))), None);
    assert_eq!(found("mode", "v1\nenvoy=evil"), None);
    // Without a list of two lines, the event is not read.
    let one = [raw("set", RawValue::Text("web:v1\n".into()))];
    assert_eq!(foreign_lines(&one, &fields(), || Err("no event".into())), Ok(Vec::new()));
    let two = [raw("set", RawValue::Text("a\nb".into()))];
    assert_eq!(foreign_lines(&two, &fields(), || Err("no event".into())), Err("no event".into()));
}

#[test]
fn resolve_reports_every_mistake() {
    let raw_inputs = [
        flags("fles", &["a"]),
        raw("set", RawValue::Value(json!("a=b"))),
        flags("count", &["256"]),
        flags("mode", &["c"]),
        raw("rules", RawValue::Value(json!([{"path": 1}, {"pth": "x"}]))),
    ];
    let errors = Inputs::resolve(&raw_inputs, &fields()).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text, @"
    input `fles` (--fles): the step has no such input: did you mean `files`? expected one of `files`, `set`, `create`, `mode`, `count`, `rules`
    input `files` is missing: expected list<string>
    input `set` (--set): expected list<string>, found the text `a=b`
    input `mode` (--mode): invalid value `c`: expected one of `a`, `b`
    input `count` (--count): expected a whole number from 0 to 255, found 256
    input `rules` (--rules): item 1: field `path`: expected string, found the number 1
    ");
}

#[test]
fn the_last_source_wins() {
    let raw_inputs = [raw("files", RawValue::Text("env".into())), flags("files", &["flag"])];
    assert_eq!(Inputs::resolve(&raw_inputs, &fields()).unwrap().texts("files"), Some(vec!["flag"]));
}

proptest! {
    #[test]
    fn each_text_is_a_value_or_an_error_of_its_input(text in "\\PC{0,40}") {
        for field in ["files", "create", "mode", "count", "rules"] {
            let raw_inputs = [flags("files", &["x"]), raw(field, RawValue::Text(text.clone()))];
            if let Err(errors) = Inputs::resolve(&raw_inputs, &fields()) {
                prop_assert!(errors.iter().all(|error| error.input == field || error.input == "files"));
            }
        }
    }
}
