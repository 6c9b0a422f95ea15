//! Whether a merge patch can be meant as it is written. Never looks at a file.

use lockstep_yaml::Value;

use super::keys::{ListKeys, Rule};
use super::merge::{DIRECTIVE, directive, get, replaces_list};
use super::text::BadPatch;

/// Directives of kubectl that mean something even where no kind is named, and are not honoured.
const FOREIGN: [&str; 3] = ["$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/"];

/// Checks a merge patch, which is strategic or not.
pub(super) struct Check<'k> {
    pub(super) strategic: bool,
    pub(super) keys: &'k ListKeys,
}

impl Check<'_> {
    /// Checks the value at a path of the patch.
    pub(super) fn value(&self, value: &Value, path: &str, name: &str) -> Result<(), BadPatch> {
        match value {
            Value::Mapping(entries) => self.entries(entries, path),
            Value::Sequence(items) => self.list(items, path, name),
            _ => Ok(()),
        }
    }

    fn entries(&self, entries: &[(String, Value)], path: &str) -> Result<(), BadPatch> {
        for (key, value) in entries {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if key == "<<" {
                return Err(BadPatch::new(format!("`{inner}`: a patch cannot change merges (`<<`)")));
            }
            let foreign = self.strategic || FOREIGN.iter().any(|word| key.starts_with(word));
            if key.starts_with('$') && key != DIRECTIVE && foreign {
                let hint = "of the directives, `$patch` alone is honoured";
                return Err(BadPatch::new(format!("`{inner}` is not supported")).hint(hint));
            }
            self.value(value, &inner, key)?;
        }
        let word = entries.iter().find(|(key, _)| key == DIRECTIVE).map(|(_, word)| word);
        match (word, directive(entries)) {
            (None, _) | (_, Some("merge" | "replace")) => Ok(()),
            (_, Some("delete")) if path.is_empty() => {
                Err(BadPatch::new("`$patch`: a document as a whole cannot be deleted"))
            }
            (_, Some("delete")) => Ok(()),
            (Some(word), _) => {
                let hint = "write `delete`, `replace` or `merge`";
                Err(BadPatch::new(format!("`$patch` is {word} in `{path}`")).hint(hint))
            }
        }
    }

    fn list(&self, items: &[Value], path: &str, name: &str) -> Result<(), BadPatch> {
        let is_mapping = |item: &Value| matches!(item, Value::Mapping(_));
        let whole = items.iter().any(replaces_list);
        for (index, item) in items.iter().enumerate() {
            let outer = format!("{path}[{index}]");
            match (self.keys.rule(name), item) {
                (Rule::Merge(key), Value::Mapping(entries)) if !whole => {
                    if get(item, key).is_none_or(Value::is_collection) {
                        let hint =
                            format!("`list-key` `{name}=KEY` says another key, `{name}=` replaces the list");
                        return Err(BadPatch::new(format!("`{outer}` has no `{key}`")).hint(hint));
                    }
                    self.entries(entries, &outer)?;
                }
                (Rule::Merge(_), _) if !whole && items.iter().any(is_mapping) => {
                    return Err(BadPatch::new(format!("`{outer}` is no mapping, as other items are")));
                }
                (Rule::Unsaid, Value::Mapping(entries)) if self.strategic && !whole => {
                    let key = key_of(entries);
                    let hint = format!(
                        "`list-key` `{name}={key}` merges its items by `{key}`, `{name}=` replaces it"
                    );
                    return Err(
                        BadPatch::new(format!("nothing says how the list `{path}` is merged")).hint(hint)
                    );
                }
                // What replaces a list is written as it is.
                (_, item) if !replaces_list(item) && has_directive(item) => {
                    let hint = format!("`list-key` `{name}=KEY` says by which key its items are merged");
                    return Err(
                        BadPatch::new(format!("`{outer}` has `$patch`, but the list is replaced")).hint(hint)
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether `$patch` stands anywhere in a value.
fn has_directive(value: &Value) -> bool {
    match value {
        Value::Mapping(entries) => {
            entries.iter().any(|(key, value)| key == DIRECTIVE || has_directive(value))
        }
        Value::Sequence(items) => items.iter().any(has_directive),
        _ => false,
    }
}

/// A key that could tell items apart: `name`, or the first that has a scalar.
fn key_of(entries: &[(String, Value)]) -> &str {
    let mut scalars = entries.iter().filter(|(key, value)| !value.is_collection() && !key.starts_with('$'));
    let named = entries.iter().any(|(key, _)| key == "name");
    if named { "name" } else { scalars.next().map_or("KEY", |(key, _)| key) }
}
