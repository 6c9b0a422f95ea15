//! Reads the entries of `patches:` in a kustomization. Never opens the file that one names.

use lockstep_yaml::Value;
use regex_lite::Regex;

use super::keys::ListKeys;
use super::merge::get;
use super::selector;
use super::target::{Selected, Target};
use super::text::{self, BadPatch};
use super::{Change, Patch};

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
pub(super) fn read_all(items: &[Value], keys: &ListKeys) -> Result<Vec<Patch>, BadPatch> {
    let mut patches = Vec::new();
    for (number, item) in (1..).zip(items) {
        let number = if items.len() == 1 { String::new() } else { format!(" (number {number})") };
        patches.extend(read(item, keys).map_err(|bad| bad.within(&format!("{FORM}{number}")))?);
    }
    Ok(patches)
}

fn read(item: &Value, keys: &ListKeys) -> Result<Vec<Patch>, BadPatch> {
    if get(item, "path").is_some() {
        return Err(BadPatch::new("`path` is not read").hint("name the file in `patch-file`"));
    }
    if !is_entry(item) {
        return Err(BadPatch::new(format!("{item} has not just `patch`, `target` and `options`")));
    }
    refuse_options(get(item, "options"))?;
    let Some(Value::String(patch)) = get(item, "patch") else {
        return Err(
            BadPatch::new("`patch` is no text").hint("write `patch: |-` and the patch below it, deeper")
        );
    };
    let target = get(item, "target");
    let values = text::documents(patch.as_bytes())?;
    values.into_iter().map(|value| one(value, target, keys)).collect()
}

fn one(value: Value, target: Option<&Value>, keys: &ListKeys) -> Result<Patch, BadPatch> {
    let target = target.map(selected).transpose()?;
    match (&value, target) {
        (Value::Sequence(items), Some(target)) => Ok(Patch { target, change: text::operations(items)? }),
        (Value::Sequence(_), None) => Err(BadPatch::new("operations of JSON 6902 need a `target` here")),
        (Value::Mapping(_), Some(target)) => Ok(Patch { target, change: merge(value, keys)? }),
        (Value::Mapping(_), None) => match text::object(&value) {
            Some(object) => {
                Ok(Patch { target: Target::Object(object), change: text::merge(value, true, keys)? })
            }
            None => Err(BadPatch::new("a merge patch without `target` needs `kind` and `metadata.name`")),
        },
        _ => Err(BadPatch::new(format!("`patch` is {value}, neither a mapping nor a list"))),
    }
}

/// A strategic merge patch for a target: what it calls itself does not count, as in kustomize.
fn merge(mut value: Value, keys: &ListKeys) -> Result<Change, BadPatch> {
    if let Value::Mapping(entries) = &mut value {
        entries.retain(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion"));
        if let Some((_, Value::Mapping(metadata))) = entries.iter_mut().find(|(key, _)| key == "metadata") {
            metadata.retain(|(key, _)| !matches!(key.as_str(), "name" | "namespace"));
        }
    }
    text::merge(value, true, keys)
}

fn refuse_options(options: Option<&Value>) -> Result<(), BadPatch> {
    match options {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Mapping(options)) => match options.iter().find(|(_, on)| *on != Value::Bool(false)) {
            Some((name, _)) => Err(BadPatch::new(format!("the option `{name}` is not supported"))),
            None => Ok(()),
        },
        Some(other) => Err(BadPatch::new(format!("`options` is {other}, not a mapping"))),
    }
}

fn selected(target: &Value) -> Result<Target, BadPatch> {
    let Value::Mapping(entries) = target else {
        return Err(BadPatch::new(format!("`target` is {target}, not a mapping")));
    };
    let mut selected = Selected::default();
    for (key, value) in entries {
        let Value::String(text) = value else {
            return Err(BadPatch::new(format!("`target.{key}` is {value}, not a text")));
        };
        let bad = |problem: String| BadPatch::new(format!("`target.{key}`: {problem}"));
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
            _ => return Err(BadPatch::new(format!("`target.{key}` is not supported"))),
        }
    }
    Ok(Target::Selected(Box::new(selected)))
}
