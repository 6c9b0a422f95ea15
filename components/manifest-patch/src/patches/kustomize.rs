//! Reads the entries of `patches:` in a kustomization. Opens no file.

use lockstep_yaml::Value;
use regex_lite::Regex;

use super::body;
use super::error::PatchError;
use super::list_keys::ListKeys;
use super::merge::get;
use super::patch::{Patch, PatchBody};
use super::selector;
use super::target::{KustomizeTarget, Target};

const FORM: &str = "an entry of kustomize `patches:`";

/// Whether a value has the keys of an entry and no others.
pub(super) fn is_entry(value: &Value) -> bool {
    let Value::Mapping(entries) = value else {
        return false;
    };
    let known = |key: &str| matches!(key, "patch" | "target" | "options" | "path");
    entries.iter().all(|(key, _)| known(key)) && ["patch", "path"].iter().any(|key| get(value, key).is_some())
}

/// Reads all entries of a list.
pub(super) fn read_all(items: &[Value], keys: &ListKeys) -> Result<Vec<Patch>, PatchError> {
    let mut patches = Vec::new();
    for (number, item) in (1..).zip(items) {
        let number = if items.len() == 1 { String::new() } else { format!(" (number {number})") };
        patches.extend(read(item, keys).map_err(|error| error.read_as(&format!("{FORM}{number}")))?);
    }
    Ok(patches)
}

fn read(item: &Value, keys: &ListKeys) -> Result<Vec<Patch>, PatchError> {
    if get(item, "path").is_some() {
        return Err(PatchError::new("the step does not read `path`").hint("name the file in `patch-file`"));
    }
    if !is_entry(item) {
        return Err(PatchError::new(format!("{item} has other keys than `patch`, `target` and `options`")));
    }
    refuse_options(get(item, "options"))?;
    let Some(Value::String(patch)) = get(item, "patch") else {
        return Err(PatchError::new("`patch` is no string")
            .hint("write `patch: |-` and the patch below it, indented"));
    };
    let target = get(item, "target");
    let values = body::documents(patch.as_bytes())?;
    values.into_iter().map(|value| entry(value, target, keys)).collect()
}

fn entry(value: Value, target: Option<&Value>, keys: &ListKeys) -> Result<Patch, PatchError> {
    let target = target.map(target_of).transpose()?;
    match (&value, target) {
        (Value::Sequence(items), Some(target)) => Ok(Patch { target, body: body::operations(items)? }),
        (Value::Sequence(_), None) => Err(PatchError::new("operations of JSON 6902 need a `target` here")),
        (Value::Mapping(_), Some(target)) => Ok(Patch { target, body: merge(value, keys)? }),
        (Value::Mapping(_), None) => match body::object(&value) {
            Some(object) => {
                Ok(Patch { target: Target::Object(object), body: body::merge(value, true, keys)? })
            }
            None => Err(PatchError::new("a merge patch without `target` needs `kind` and `metadata.name`")),
        },
        _ => Err(PatchError::new(format!("`patch` is {value}, neither a mapping nor a list"))),
    }
}

/// Reads a strategic merge patch for a target. As in kustomize, its own kind and name have no effect.
fn merge(mut value: Value, keys: &ListKeys) -> Result<PatchBody, PatchError> {
    if let Value::Mapping(entries) = &mut value {
        entries.retain(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion"));
        if let Some((_, Value::Mapping(metadata))) = entries.iter_mut().find(|(key, _)| key == "metadata") {
            metadata.retain(|(key, _)| !matches!(key.as_str(), "name" | "namespace"));
        }
    }
    body::merge(value, true, keys)
}

fn refuse_options(options: Option<&Value>) -> Result<(), PatchError> {
    match options {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Mapping(options)) => match options.iter().find(|(_, value)| *value != Value::Bool(false))
        {
            Some((name, _)) => Err(PatchError::new(format!("the option `{name}` is not supported"))),
            None => Ok(()),
        },
        Some(other) => Err(PatchError::new(format!("`options` is {other}, not a mapping"))),
    }
}

fn target_of(target: &Value) -> Result<Target, PatchError> {
    let Value::Mapping(entries) = target else {
        return Err(PatchError::new(format!("`target` is {target}, not a mapping")));
    };
    let mut selected = KustomizeTarget::default();
    for (key, value) in entries {
        let Value::String(text) = value else {
            return Err(PatchError::new(format!("`target.{key}` is {value}, not a string")));
        };
        let bad = |error: String| PatchError::new(format!("`target.{key}`: {error}"));
        let pattern = || {
            let anchored = Regex::new(&format!("^(?:{text})$")).map_err(|error| bad(error.to_string()))?;
            Ok((!text.is_empty()).then_some(anchored))
        };
        let requirements = || selector::parse(text).map_err(bad);
        match key.as_str() {
            "group" => selected.group = pattern()?,
            "version" => selected.version = pattern()?,
            "kind" => selected.kind = pattern()?,
            "name" => selected.name = pattern()?,
            "namespace" => selected.namespace = pattern()?,
            "labelSelector" => selected.labels = requirements()?,
            "annotationSelector" => selected.annotations = requirements()?,
            _ => return Err(PatchError::new(format!("`target.{key}` is not supported"))),
        }
    }
    Ok(Target::Kustomize(Box::new(selected)))
}
