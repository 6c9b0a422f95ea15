//! Merges a value into a draft by RFC 7386, with merge keys of lists and with `$patch`.

use lockstep_yaml::{Refusal, RefusalReason, Stream, Value};

use super::draft::Draft;
use super::list_keys::{ListKeys, ListRule};

/// The key of the directive for a mapping or an item.
pub(super) const DIRECTIVE: &str = "$patch";

/// Whether the patch keeps a value or deletes it.
#[derive(PartialEq)]
enum Outcome {
    Keep,
    Delete,
}

/// A merge of values.
pub(super) struct Merge<'s, 't> {
    pub(super) stream: &'s Stream<'t>,
    pub(super) keys: &'s ListKeys,
    /// Whether the patch replaces a list of mappings only if `keys` allow that.
    pub(super) strategic: bool,
}

impl Merge<'_, '_> {
    /// Merges into a whole document.
    pub(super) fn document(&self, draft: &mut Draft, patch: &Value) -> Result<(), Refusal> {
        let root = draft.origin();
        self.value(draft, patch, "").map(|_| ()).map_err(|message| {
            let at = root.map(|node| self.stream.position(node));
            Refusal {
                at,
                reason: RefusalReason::Unsupported(format!("the merge patch does not apply: {message}")),
            }
        })
    }

    /// Merges into the value of `name`, the last key of its path.
    fn value(&self, draft: &mut Draft, patch: &Value, name: &str) -> Result<Outcome, String> {
        match patch {
            Value::Mapping(entries) => match directive(entries) {
                Some("delete") => return Ok(Outcome::Delete),
                Some("replace") => {
                    *draft = Draft::Mapping(None, Vec::new());
                    self.entries(draft, entries)?;
                }
                _ => self.entries(draft, entries)?,
            },
            Value::Sequence(items) => self.list(draft, items, name)?,
            scalar => *draft = Draft::New(scalar.clone()),
        }
        Ok(Outcome::Keep)
    }

    fn entries(&self, draft: &mut Draft, patch: &[(String, Value)]) -> Result<(), String> {
        if draft.entries(self.stream).is_none() {
            *draft = Draft::Mapping(None, Vec::new());
        }
        let Some(entries) = draft.entries(self.stream) else {
            return Ok(());
        };
        for (key, patch) in patch.iter().filter(|(key, _)| key != DIRECTIVE) {
            let at = entries.iter().position(|(name, _)| name == key);
            if *patch == Value::Null {
                at.map(|at| entries.remove(at));
                continue;
            }
            let mut fresh = Draft::New(Value::Null);
            let slot = match at {
                Some(at) => &mut entries[at].1,
                None => &mut fresh,
            };
            match (self.value(slot, patch, key)?, at) {
                (Outcome::Keep, None) => entries.push((key.clone(), fresh)),
                (Outcome::Delete, Some(at)) => drop(entries.remove(at)),
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&self, draft: &mut Draft, patch: &[Value], name: &str) -> Result<(), String> {
        let whole = patch.iter().any(replaces_list);
        let fresh = || patch.iter().filter(|item| !replaces_list(item)).cloned().collect();
        match self.keys.rule(name) {
            ListRule::Merge(key) if !whole && patch.iter().all(|item| matches!(item, Value::Mapping(_))) => {
                self.items(draft, patch, name, key)
            }
            ListRule::Unspecified if self.strategic && patch.is_empty() && self.has_mappings(draft) => {
                Err(format!(
                    "an empty list for `{name}` may be a mistake: write `list-key` `{name}=` to empty the list"
                ))
            }
            _ => {
                *draft = Draft::New(Value::Sequence(fresh()));
                Ok(())
            }
        }
    }

    fn has_mappings(&self, list: &mut Draft) -> bool {
        let mut items = list.items(self.stream).into_iter().flatten();
        items.any(|item| item.entries(self.stream).is_some())
    }

    /// Merges items by a key that every item of the patch has.
    fn items(&self, draft: &mut Draft, patch: &[Value], name: &str, key: &str) -> Result<(), String> {
        if draft.items(self.stream).is_none() {
            *draft = Draft::List(None, Vec::new());
        }
        let Some(items) = draft.items(self.stream) else {
            return Ok(());
        };
        for patch in patch {
            let Some(wanted) = get(patch, key) else {
                return Err(format!("an item of `{name}` has no `{key}`"));
            };
            let is_equal =
                |item: &mut Draft| item.get(self.stream, key).is_some_and(|own| own.has(self.stream, wanted));
            let found: Vec<usize> =
                items.iter_mut().enumerate().filter_map(|(at, item)| is_equal(item).then_some(at)).collect();
            match found[..] {
                [] => {
                    let mut fresh = Draft::New(Value::Null);
                    if self.value(&mut fresh, patch, name)? == Outcome::Keep {
                        items.push(fresh);
                    }
                }
                [at] => {
                    if self.value(&mut items[at], patch, name)? == Outcome::Delete {
                        items.remove(at);
                    }
                }
                _ => return Err(format!("{} items of `{name}` have `{key}` {wanted}", found.len())),
            }
        }
        Ok(())
    }
}

pub(super) fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Mapping(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    }
}

/// The value of `$patch`.
pub(super) fn directive(entries: &[(String, Value)]) -> Option<&str> {
    match entries.iter().find(|(key, _)| key == DIRECTIVE) {
        Some((_, Value::String(word))) => Some(word),
        _ => None,
    }
}

/// Whether an item has no content except the directive to replace the list by the other items.
pub(super) fn replaces_list(item: &Value) -> bool {
    matches!(item, Value::Mapping(entries) if entries.len() == 1 && directive(entries) == Some("replace"))
}
