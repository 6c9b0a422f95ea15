//! Reads the text of patches and says which form each one has. Never looks at a file that is to change.

use lockstep_yaml::{NotJson, Stream, Value};
use thiserror::Error;

use super::check::Check;
use super::entry;
use super::keys::ListKeys;
use super::merge::get;
use super::operations::{Action, Operation};
use super::pointer::Pointer;
use super::target::{Object, Target};
use super::{Change, Patch};

/// A text that cannot be read as patches.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{message}")]
pub struct BadPatch {
    /// What is wrong.
    pub message: String,
    /// The next act.
    pub hint: Option<String>,
}

/// Reads all patches of a text.
///
/// # Errors
/// If it is not YAML that all readers agree about, or no form of patch.
pub fn read(text: &[u8], keys: &ListKeys) -> Result<Vec<Patch>, BadPatch> {
    let mut patches = Vec::new();
    for value in documents(text)? {
        match &value {
            Value::Sequence(items) if !items.is_empty() && items.iter().all(entry::is_entry) => {
                patches.extend(entry::read_all(items, keys)?);
            }
            Value::Mapping(_) if entry::is_entry(&value) => {
                patches.extend(entry::read_all(std::slice::from_ref(&value), keys)?);
            }
            Value::Mapping(entries) => match (entries.as_slice(), get(&value, "patches")) {
                ([_], Some(Value::Sequence(items))) => patches.extend(entry::read_all(items, keys)?),
                _ => patches.push(alone(value, keys)?),
            },
            _ => patches.push(alone(value, keys)?),
        }
    }
    Ok(patches)
}

/// The values of all documents that are not empty.
pub(super) fn documents(text: &[u8]) -> Result<Vec<Value>, BadPatch> {
    // What JSON says about numbers need not be agreed upon by readers of YAML.
    match str::from_utf8(text).map(Value::from_json) {
        Ok(Ok(value)) => return Ok(vec![value]),
        Ok(Err(problem @ NotJson::DuplicateKey(_))) => return Err(BadPatch::new(problem.to_string())),
        _ => {}
    }
    // A shell takes the last line end away, which a block of text at the end needs.
    let text = [text, if text.ends_with(b"\n") { b"" } else { b"\n" }].concat();
    let at = |refusal: lockstep_yaml::Refusal| {
        let line = refusal.at.map_or_else(String::new, |at| format!(" (line {})", at.line));
        BadPatch::new(format!("{}{line}", refusal.reason))
    };
    let stream = Stream::open(&text).map_err(at)?;
    let values = stream.documents().iter().map(|&document| stream.value(document));
    let mut values = values.collect::<Result<Vec<_>, _>>().map_err(at)?;
    values.retain(|value| *value != Value::Null);
    if values.is_empty() {
        return Err(BadPatch::new("the patch is empty"));
    }
    Ok(values)
}

/// A patch that is no entry of kustomize.
fn alone(value: Value, keys: &ListKeys) -> Result<Patch, BadPatch> {
    match &value {
        Value::Sequence(items) => Ok(Patch { target: Target::Every, change: operations(items)? }),
        Value::Mapping(_) => match object(&value) {
            Some(object) => Ok(Patch { target: Target::Object(object), change: merge(value, true, keys)? }),
            None => Ok(Patch { target: Target::Every, change: merge(value, false, keys)? }),
        },
        other => Err(BadPatch::new(format!("{other} is no patch")).hint(FORMS)),
    }
}

const FORMS: &str = "a list is operations of JSON 6902 or entries of kustomize, a mapping is merged";

/// The object that a strategic merge patch names.
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

/// A merge patch, strategic or not.
pub(super) fn merge(value: Value, strategic: bool, keys: &ListKeys) -> Result<Change, BadPatch> {
    let form = if strategic { "a strategic merge patch" } else { "a merge patch (RFC 7386)" };
    Check { strategic, keys }.value(&value, "", "").map_err(|bad| bad.within(form))?;
    Ok(Change::Merge { value, strategic, keys: keys.clone() })
}

/// The operations of RFC 6902.
pub(super) fn operations(items: &[Value]) -> Result<Change, BadPatch> {
    let operations = (1..).zip(items).map(|(number, item)| {
        operation(item).map_err(|problem| {
            let bad = BadPatch::new(format!("operation {number}: {problem}")).hint(FORMS);
            bad.within("operations of JSON 6902")
        })
    });
    operations.collect::<Result<_, _>>().map(Change::Operations)
}

fn operation(item: &Value) -> Result<Operation, String> {
    let text = |key: &str| match get(item, key) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(format!("`{key}` is {other}, not a text")),
        None => Err(format!("it has no `{key}`")),
    };
    let pointer = |key: &str| -> Result<Pointer, String> {
        let pointer = text(key).and_then(Pointer::parse)?;
        let merges = pointer.0.iter().any(|token| token == "<<");
        if merges { Err("a patch cannot change merges (`<<`)".into()) } else { Ok(pointer) }
    };
    let value = || get(item, "value").cloned().ok_or("it has no `value`".to_owned());
    let (op, path) = (text("op")?, pointer("path")?);
    let action = match op {
        "add" => Action::Add(value()?),
        "remove" => Action::Remove,
        "replace" => Action::Replace(value()?),
        "test" => Action::Test(value()?),
        "move" => Action::Move(pointer("from")?),
        "copy" => Action::Copy(pointer("from")?),
        other => return Err(format!("`{other}` is not add, remove, replace, move, copy or test")),
    };
    if matches!(&action, Action::Move(from) if from.holds(&path)) {
        return Err("a value cannot be moved into itself".into());
    }
    Ok(Operation { label: format!("{op} {}", text("path")?), path, action })
}

impl BadPatch {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With the form that the patch was taken for.
    pub(super) fn within(self, form: &str) -> Self {
        Self { message: format!("read as {form}: {}", self.message), ..self }
    }
}
