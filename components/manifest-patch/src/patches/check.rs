//! Checks a merge patch before a run applies it.

use lockstep_sdk::suggest;
use lockstep_yaml::Value;

use super::error::PatchError;
use super::list_keys::{ListKeys, ListRule};
use super::merge::{DIRECTIVE, directive, get, replaces_list};

/// Directives of kubectl that the step rejects in every merge patch.
const UNSUPPORTED: [&str; 3] = ["$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/"];

/// A check of a merge patch.
pub(super) struct Check<'k> {
    pub(super) strategic: bool,
    pub(super) keys: &'k ListKeys,
}

impl Check<'_> {
    /// Checks the value at a path of the patch.
    pub(super) fn value(&self, value: &Value, path: &str, name: &str) -> Result<(), PatchError> {
        match value {
            Value::Mapping(entries) => self.entries(entries, path),
            Value::Sequence(items) => self.list(items, path, name),
            _ => Ok(()),
        }
    }

    fn entries(&self, entries: &[(String, Value)], path: &str) -> Result<(), PatchError> {
        for (key, value) in entries {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if key == "<<" {
                return Err(PatchError::new(format!("`{inner}`: a patch cannot change merges (`<<`)")));
            }
            let unsupported = self.strategic || UNSUPPORTED.iter().any(|word| key.starts_with(word));
            if key.starts_with('$') && key != DIRECTIVE && unsupported {
                let hint = "the step supports no directive but `$patch`";
                return Err(PatchError::new(format!("`{inner}` is not supported")).hint(hint));
            }
            self.value(value, &inner, key)?;
        }
        let word = entries.iter().find(|(key, _)| key == DIRECTIVE).map(|(_, word)| word);
        match (word, directive(entries)) {
            (None, _) | (_, Some("merge" | "replace")) => Ok(()),
            (_, Some("delete")) if path.is_empty() => {
                Err(PatchError::new("`$patch`: the step cannot delete a whole document"))
            }
            (_, Some("delete")) => Ok(()),
            (Some(word), _) => {
                let text = if let Value::String(text) = word { text } else { "" };
                let expected = suggest::expected(text, &["delete", "replace", "merge"]);
                let message = format!("invalid `$patch` {word} in `{path}`: {expected}");
                Err(PatchError::new(message))
            }
        }
    }

    fn list(&self, items: &[Value], path: &str, name: &str) -> Result<(), PatchError> {
        let is_mapping = |item: &Value| matches!(item, Value::Mapping(_));
        let whole = items.iter().any(replaces_list);
        for (index, item) in items.iter().enumerate() {
            let outer = format!("{path}[{index}]");
            match (self.keys.rule(name), item) {
                (ListRule::Merge(key), Value::Mapping(entries)) if !whole => {
                    if get(item, key).is_none_or(Value::is_collection) {
                        let hint =
                            format!("`list-key` `{name}=KEY` sets another key, `{name}=` replaces the list");
                        return Err(PatchError::new(format!("`{outer}` has no `{key}`")).hint(hint));
                    }
                    self.entries(entries, &outer)?;
                }
                (ListRule::Merge(_), _) if !whole && items.iter().any(is_mapping) => {
                    return Err(PatchError::new(format!("`{outer}` is no mapping, unlike other items")));
                }
                (ListRule::Unspecified, Value::Mapping(entries)) if self.strategic && !whole => {
                    let key = likely_key(entries);
                    let hint = format!(
                        "`list-key` `{name}={key}` merges its items by `{key}`, `{name}=` replaces it"
                    );
                    return Err(
                        PatchError::new(format!("the merge key of the list `{path}` is unknown")).hint(hint)
                    );
                }
                // The step writes the items of a new list as they are.
                (_, item) if !replaces_list(item) && has_directive(item) => {
                    let hint = format!("`list-key` `{name}=KEY` sets the merge key of its items");
                    return Err(PatchError::new(format!(
                        "`{outer}` has `$patch`, but the patch replaces the list"
                    ))
                    .hint(hint));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a value contains `$patch` at any depth.
fn has_directive(value: &Value) -> bool {
    match value {
        Value::Mapping(entries) => {
            entries.iter().any(|(key, value)| key == DIRECTIVE || has_directive(value))
        }
        Value::Sequence(items) => items.iter().any(has_directive),
        _ => false,
    }
}

/// A key that may identify items: `name`, or the first key with a scalar.
fn likely_key(entries: &[(String, Value)]) -> &str {
    let mut scalars = entries.iter().filter(|(key, value)| !value.is_collection() && !key.starts_with('$'));
    let named = entries.iter().any(|(key, _)| key == "name");
    if named { "name" } else { scalars.next().map_or("KEY", |(key, _)| key) }
}
