//! The content of a patch: YAML documents, merge patches and operations.

use lockstep_sdk::suggest;
use lockstep_yaml::{InvalidJson, Refusal, Stream, Value};

use super::check::Check;
use super::error::PatchError;
use super::list_keys::ListKeys;
use super::merge::get;
use super::operations::{Operation, OperationKind};
use super::patch::PatchBody;
use super::pointer::Pointer;
use super::target::Object;

/// The hint for a value of no form.
pub(super) const FORMS: &str =
    "a list is operations of JSON 6902 or entries of kustomize, a mapping is a merge patch";

/// The values of all documents except empty ones.
pub(super) fn documents(text: &[u8]) -> Result<Vec<Value>, PatchError> {
    // JSON defines its numbers; readers of YAML may differ about the same text.
    match str::from_utf8(text).map(Value::from_json) {
        Ok(Ok(value)) => return Ok(vec![value]),
        Ok(Err(error @ InvalidJson::DuplicateKey(_))) => return Err(PatchError::new(error.to_string())),
        _ => {}
    }
    // A block scalar at the end needs the last line end, which a shell removes.
    let text = [text, if text.ends_with(b"\n") { b"" } else { b"\n" }].concat();
    let at = |refusal: Refusal| {
        let line = refusal.at.map_or_else(String::new, |at| format!(" (line {})", at.line));
        PatchError::new(format!("{}{line}", refusal.reason))
    };
    let stream = Stream::open(&text).map_err(at)?;
    let values = stream.documents().iter().map(|&document| stream.value(document));
    let mut values = values.collect::<Result<Vec<_>, _>>().map_err(at)?;
    values.retain(|value| *value != Value::Null);
    if values.is_empty() {
        return Err(PatchError::new("the patch is empty"));
    }
    Ok(values)
}

/// The object that a strategic merge patch names, if it does.
pub(super) fn object(value: &Value) -> Option<Object> {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let metadata = get(value, "metadata")?;
    Some(Object {
        kind: text(get(value, "kind"))?,
        name: text(get(metadata, "name"))?,
        namespace: text(get(metadata, "namespace")),
        api_version: text(get(value, "apiVersion")),
    })
}

/// Reads a merge patch, strategic or not.
pub(super) fn merge(value: Value, strategic: bool, keys: &ListKeys) -> Result<PatchBody, PatchError> {
    let form = if strategic { "a strategic merge patch" } else { "a merge patch (RFC 7386)" };
    Check { strategic, keys }.value(&value, "", "").map_err(|error| error.read_as(form))?;
    Ok(PatchBody::Merge { value, strategic, keys: keys.clone() })
}

/// Reads the operations of RFC 6902.
pub(super) fn operations(items: &[Value]) -> Result<PatchBody, PatchError> {
    let operations = (1..).zip(items).map(|(number, item)| {
        operation(item).map_err(|error| {
            let error = PatchError::new(format!("operation {number}: {error}")).hint(FORMS);
            error.read_as("operations of JSON 6902")
        })
    });
    operations.collect::<Result<_, _>>().map(PatchBody::Operations)
}

/// The values of `op`.
const OPS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

fn operation(item: &Value) -> Result<Operation, String> {
    let text = |key: &str| match get(item, key) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(format!("`{key}` is {other}, not a string")),
        None => Err(format!("it has no `{key}`")),
    };
    let pointer = |key: &str| -> Result<Pointer, String> {
        let pointer = text(key).and_then(Pointer::parse)?;
        let merges = pointer.0.iter().any(|token| token == "<<");
        if merges { Err("a patch cannot change merges (`<<`)".into()) } else { Ok(pointer) }
    };
    let value = || get(item, "value").cloned().ok_or("it has no `value`".to_owned());
    let (op, path) = (text("op")?, pointer("path")?);
    let kind = match op {
        "add" => OperationKind::Add(value()?),
        "remove" => OperationKind::Remove,
        "replace" => OperationKind::Replace(value()?),
        "test" => OperationKind::Test(value()?),
        "move" => OperationKind::Move(pointer("from")?),
        "copy" => OperationKind::Copy(pointer("from")?),
        other => {
            return Err(format!("invalid op `{other}`: {}", suggest::expected(other, &OPS)));
        }
    };
    if matches!(&kind, OperationKind::Move(from) if from.contains(&path)) {
        return Err("the step cannot move a value into itself".into());
    }
    Ok(Operation { label: format!("{op} {}", text("path")?), path, kind })
}
