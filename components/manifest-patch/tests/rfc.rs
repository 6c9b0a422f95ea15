//! Patches compared with the RFCs: the examples of their appendices, and small reference implementations on JSON.

mod common;

use common::patched;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn check(document: &Value, patch: &Value, wanted: Option<&Value>) {
    let name = format!("{document} with {patch}");
    match (patched(&document.to_string(), &patch.to_string()), wanted) {
        (Ok(text), Some(wanted)) => assert_eq!(holds(&text, wanted), Ok(()), "{name}: {text}"),
        (Err(_), None) => {}
        (Ok(text), None) => panic!("{name}: gives {text}"),
        (Err(problem), Some(_)) => panic!("{name}: {problem}"),
    }
}

#[test]
fn the_examples_of_rfc_7386_hold() {
    // The step replaces no whole documents: the table has only patches that are mappings, and has the list that becomes a
    // mapping below a key.
    for (document, patch, wanted) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({"x": [1, 2]}), json!({"x": {"a": "b", "c": null}}), json!({"x": {"a": "b"}})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ] {
        check(&document, &patch, Some(&wanted));
    }
}

#[test]
fn the_examples_of_rfc_6902_hold() {
    let one = |op: Value| json!([op]);
    for (document, patch, wanted) in [
        (
            json!({"foo": "bar"}),
            one(json!({"op": "add", "path": "/baz", "value": "qux"})),
            Some(json!({"foo": "bar", "baz": "qux"})),
        ),
        (
            json!({"foo": ["bar", "baz"]}),
            one(json!({"op": "add", "path": "/foo/1", "value": "qux"})),
            Some(json!({"foo": ["bar", "qux", "baz"]})),
        ),
        (
            json!({"baz": "qux", "foo": "bar"}),
            one(json!({"op": "remove", "path": "/baz"})),
            Some(json!({"foo": "bar"})),
        ),
        (
            json!({"foo": ["bar", "qux", "baz"]}),
            one(json!({"op": "remove", "path": "/foo/1"})),
            Some(json!({"foo": ["bar", "baz"]})),
        ),
        (
            json!({"baz": "qux", "foo": "bar"}),
            one(json!({"op": "replace", "path": "/baz", "value": "boo"})),
            Some(json!({"baz": "boo", "foo": "bar"})),
        ),
        (
            json!({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}),
            one(json!({"op": "move", "from": "/foo/waldo", "path": "/qux/thud"})),
            Some(json!({"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}})),
        ),
        (
            json!({"foo": ["all", "grass", "cows", "eat"]}),
            one(json!({"op": "move", "from": "/foo/1", "path": "/foo/3"})),
            Some(json!({"foo": ["all", "cows", "eat", "grass"]})),
        ),
        (
            json!({"baz": "qux", "foo": ["a", 2, "c"]}),
            json!([{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}]),
            Some(json!({"baz": "qux", "foo": ["a", 2, "c"]})),
        ),
        (json!({"baz": "qux"}), one(json!({"op": "test", "path": "/baz", "value": "bar"})), None),
        (
            json!({"foo": "bar"}),
            one(json!({"op": "add", "path": "/child", "value": {"grandchild": {}}})),
            Some(json!({"foo": "bar", "child": {"grandchild": {}}})),
        ),
        (
            json!({"foo": "bar"}),
            one(json!({"op": "add", "path": "/baz", "value": "qux", "xyz": 123})),
            Some(json!({"foo": "bar", "baz": "qux"})),
        ),
        (json!({"foo": "bar"}), one(json!({"op": "add", "path": "/baz/bat", "value": "qux"})), None),
        (
            json!({"/": 9, "~1": 10}),
            one(json!({"op": "test", "path": "/~01", "value": 10})),
            Some(json!({"/": 9, "~1": 10})),
        ),
        (json!({"/": 9, "~1": 10}), one(json!({"op": "test", "path": "/~01", "value": "10"})), None),
        (
            json!({"foo": ["bar"]}),
            one(json!({"op": "add", "path": "/foo/-", "value": ["abc", "def"]})),
            Some(json!({"foo": ["bar", ["abc", "def"]]})),
        ),
    ] {
        check(&document, &patch, wanted.as_ref());
    }
    // A duplicate key in an operation is an error, as the RFC allows.
    let twice = r#"[{"op": "add", "path": "/a", "value": 1, "op": "remove"}]"#;
    assert!(patched("{\"a\": 1}", twice).is_err());
}

/// RFC 7386, section 2.
fn merge(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut result = target.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            result.shift_remove(key);
        } else {
            let merged = merge(result.get(key).unwrap_or(&Value::Null), value);
            result.insert(key.clone(), merged);
        }
    }
    Value::Object(result)
}

/// RFC 6902 with the two differences of the step, on valid operations.
fn operate(document: &mut Value, operation: &Value) -> Option<()> {
    let text = |key: &str| operation[key].as_str();
    let (op, path) = (text("op")?, text("path")?);
    match op {
        "add" => add(document, path, operation["value"].clone()),
        "replace" => {
            *document.pointer_mut(path)? = operation["value"].clone();
            Some(())
        }
        "remove" => take(document, path).map(|_| ()),
        "test" => (*document.pointer(path)? == operation["value"]).then_some(()),
        "copy" => {
            let value = document.pointer(text("from")?)?.clone();
            add(document, path, value)
        }
        "move" => {
            document.pointer(text("from")?)?;
            if text("from")? == path {
                return Some(());
            }
            let value = take(document, text("from")?)??;
            add(document, path, value)
        }
        _ => None,
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    let Some((outer, last)) = path.rsplit_once('/') else {
        *document = value;
        return Some(());
    };
    match document.pointer_mut(outer)? {
        Value::Object(entries) => drop(entries.insert(last.to_owned(), value)),
        Value::Array(items) => {
            let at = if last == "-" { items.len() } else { last.parse().ok()? };
            if at > items.len() {
                return None;
            }
            if !items.contains(&value) {
                items.insert(at, value);
            }
        }
        _ => return None,
    }
    Some(())
}

/// The removed value; none if only the last key is missing.
fn take(document: &mut Value, path: &str) -> Option<Option<Value>> {
    let (outer, last) = path.rsplit_once('/')?;
    match document.pointer_mut(outer)? {
        Value::Object(entries) => Some(entries.shift_remove(last)),
        Value::Array(items) => {
            let at: usize = last.parse().ok()?;
            Some((at < items.len()).then(|| items.remove(at)))
        }
        _ => None,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..5).prop_map(Value::from),
        "[xyz]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof!["[a-d]", Just("0".to_owned()), Just("name".to_owned())];
    prop::collection::vec((key, value), 0..4).prop_map(|entries| entries.into_iter().collect())
}

/// Paths, many of which have a value.
fn path() -> impl Strategy<Value = String> {
    let token =
        prop_oneof![4 => "[a-d]", 2 => "[0-3]", 1 => Just("-".to_owned()), 1 => Just("name".to_owned())];
    prop::collection::vec(token, 0..4)
        .prop_map(|tokens| tokens.iter().map(|token| format!("/{token}")).collect())
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop_oneof![4 => Just("add"), 1 => Just("remove"), 1 => Just("replace"), 1 => Just("move"), 1 => Just("copy")];
    (op, path(), path(), value())
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}))
}

/// A document as people write it, one key or item per line, each with a comment.
fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    let mut part = |head: String, value: &Value| match value {
        Value::Object(inner) if !inner.is_empty() => {
            out.push_str(&format!("{pad}{head} # {head}\n"));
            block(value, indent + 2, out);
        }
        Value::Array(inner) if !inner.is_empty() => {
            out.push_str(&format!("{pad}{head} # {head}\n"));
            block(value, indent + 2, out);
        }
        scalar => out.push_str(&format!("{pad}{head} {scalar} # of {head}\n")),
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| part(format!("\"{key}\":"), value)),
        Value::Array(items) => items.iter().for_each(|item| part("-".into(), item)),
        _ => out.push_str(&format!("{value}\n")),
    }
}

/// Whether YAML that the step wrote has a value, according to a `test` operation.
fn holds(text: &str, wanted: &Value) -> Result<(), String> {
    let test = json!([{"op": "test", "path": "", "value": wanted}]);
    patched(text, &test.to_string()).map(|_| ())
}

fn agrees(document: &Value, patch: &Value, wanted: Option<&Value>, form: bool) -> Result<(), TestCaseError> {
    let mut source = document.to_string();
    if form {
        source.clear();
        block(document, 0, &mut source);
    }
    match (patched(&source, &patch.to_string()), wanted) {
        (Ok(text), Some(wanted)) => {
            prop_assert_eq!(holds(&text, wanted), Ok(()), "{} with {}: {}", source, patch, text);
        }
        (Ok(text), None) => prop_assert!(false, "{source} with {patch} gives {text}"),
        (Err(problem), Some(_)) => {
            prop_assert!(problem.contains("the root of a document"), "{source} with {patch}: {problem}");
        }
        (Err(_), None) => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn merges_as_rfc_7386_says(document in object(value()), patch in object(value()), form: bool) {
        prop_assume!(!document.is_empty());
        let (document, patch) = (Value::Object(document), Value::Object(patch));
        agrees(&document, &patch, Some(&merge(&document, &patch)), form)?;
    }

    #[test]
    fn a_second_merge_changes_nothing(document in object(value()), patch in object(value())) {
        prop_assume!(!document.is_empty());
        let mut source = String::new();
        block(&Value::Object(document), 0, &mut source);
        let patch = Value::Object(patch).to_string();
        if let Ok(once) = patched(&source, &patch) {
            prop_assert_eq!(patched(&once, &patch), Ok(once));
        }
    }

    #[test]
    fn what_a_merge_does_not_name_keeps_its_bytes(document in object(value()), patch in object(value())) {
        prop_assume!(!document.is_empty());
        let part = |key: &str, value: &Value| {
            let mut text = String::new();
            block(&json!({key: value}), 0, &mut text);
            text
        };
        let source: String = document.iter().map(|(key, value)| part(key, value)).collect();
        if let Ok(text) = patched(&source, &Value::Object(patch.clone()).to_string()) {
            for (key, value) in document.iter().filter(|(key, _)| !patch.contains_key(*key)) {
                prop_assert!(text.contains(&part(key, value)), "{source} becomes {text}");
            }
        }
    }

    #[test]
    fn operates_as_rfc_6902_says(
        document in object(value()),
        patch in prop::collection::vec(operation(), 1..4),
        form: bool,
    ) {
        prop_assume!(!document.is_empty());
        let into_itself = |op: &Value| op["op"] == "move" && {
            let (from, path) = (op["from"].as_str().unwrap(), op["path"].as_str().unwrap());
            from.is_empty() && !path.is_empty() || path.starts_with(&format!("{from}/"))
        };
        let document = Value::Object(document);
        let mut result = document.clone();
        let whole = !patch.iter().any(into_itself)
            && patch.iter().all(|operation| operate(&mut result, operation).is_some());
        agrees(&document, &Value::Array(patch), whole.then_some(&result), form)?;
    }
}
