//! Reads the text of patches, and finds out the form of each.

use lockstep_yaml::Value;

use super::body::{FORMS, documents, merge, object, operations};
use super::error::PatchError;
use super::kustomize;
use super::list_keys::ListKeys;
use super::merge::get;
use super::patch::Patch;
use super::target::Target;

/// Reads all patches of a text.
///
/// # Errors
/// The text is not YAML with one meaning for all readers, or has no form of a patch.
pub fn read(text: &[u8], keys: &ListKeys) -> Result<Vec<Patch>, PatchError> {
    let mut patches = Vec::new();
    for value in documents(text)? {
        match &value {
            Value::Sequence(items) if !items.is_empty() && items.iter().all(kustomize::is_entry) => {
                patches.extend(kustomize::read_all(items, keys)?);
            }
            Value::Mapping(_) if kustomize::is_entry(&value) => {
                patches.extend(kustomize::read_all(std::slice::from_ref(&value), keys)?);
            }
            Value::Mapping(entries) => match (entries.as_slice(), get(&value, "patches")) {
                ([_], Some(Value::Sequence(items))) => patches.extend(kustomize::read_all(items, keys)?),
                _ => patches.push(single(value, keys)?),
            },
            _ => patches.push(single(value, keys)?),
        }
    }
    Ok(patches)
}

/// Reads a patch that is not an entry of a kustomization.
fn single(value: Value, keys: &ListKeys) -> Result<Patch, PatchError> {
    match &value {
        Value::Sequence(items) => Ok(Patch { target: Target::All, body: operations(items)? }),
        Value::Mapping(_) => match object(&value) {
            Some(object) => Ok(Patch { target: Target::Object(object), body: merge(value, true, keys)? }),
            None => Ok(Patch { target: Target::All, body: merge(value, false, keys)? }),
        },
        other => Err(PatchError::new(format!("{other} is no patch")).hint(FORMS)),
    }
}
