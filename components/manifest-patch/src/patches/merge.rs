//! Merges a value into a draft: RFC 7386, with lists of mappings merged by their key, and with `$patch`. Never
//! reads a text.

use lockstep_yaml::{Reason, Refusal, Stream, Value};

use super::draft::Draft;
use super::keys::{ListKeys, Rule};

/// The key that says what becomes of a mapping or item.
pub(super) const DIRECTIVE: &str = "$patch";

/// Whether a value is to stay.
#[derive(PartialEq)]
enum Fate {
    Stays,
    Goes,
}

/// How values are merged.
pub(super) struct Merge<'s, 't> {
    pub(super) stream: &'s Stream<'t>,
    pub(super) keys: &'s ListKeys,
    /// Whether a list of mappings is replaced only if `keys` say so.
    pub(super) strategic: bool,
}

impl Merge<'_, '_> {
    /// Merges into a whole document.
    pub(super) fn document(&self, draft: &mut Draft, patch: &Value) -> Result<(), Refusal> {
        let root = draft.origin();
        self.value(draft, patch, "").map(|_| ()).map_err(|message| {
            let at = root.map(|node| self.stream.position(node));
            Refusal { at, reason: Reason::Unsupported(format!("the merge patch does not fit: {message}")) }
        })
    }

    /// Merges into the value of `name`, the last key on the way.
    fn value(&self, draft: &mut Draft, patch: &Value, name: &str) -> Result<Fate, String> {
        match patch {
            Value::Mapping(entries) => match directive(entries) {
                Some("delete") => return Ok(Fate::Goes),
                Some("replace") => {
                    *draft = Draft::Mapping(None, Vec::new());
                    self.entries(draft, entries)?;
                }
                _ => self.entries(draft, entries)?,
            },
            Value::Sequence(items) => self.list(draft, items, name)?,
            scalar => *draft = Draft::New(scalar.clone()),
        }
        Ok(Fate::Stays)
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
                (Fate::Stays, None) => entries.push((key.clone(), fresh)),
                (Fate::Goes, Some(at)) => drop(entries.remove(at)),
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&self, draft: &mut Draft, patch: &[Value], name: &str) -> Result<(), String> {
        let whole = patch.iter().any(replaces_list);
        let fresh = || patch.iter().filter(|item| !replaces_list(item)).cloned().collect();
        match self.keys.rule(name) {
            Rule::Merge(key) if !whole && patch.iter().all(|item| matches!(item, Value::Mapping(_))) => {
                self.items(draft, patch, name, key)
            }
            Rule::Unsaid if self.strategic && patch.is_empty() && self.has_mappings(draft) => {
                Err(format!("nothing says that the list `{name}` is emptied: say `list-key` `{name}=`"))
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

    /// Merges items by a key that all of them have.
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
            let fits =
                |item: &mut Draft| item.get(self.stream, key).is_some_and(|own| own.has(self.stream, wanted));
            let found: Vec<usize> =
                items.iter_mut().enumerate().filter_map(|(at, item)| fits(item).then_some(at)).collect();
            match found[..] {
                [] => {
                    let mut fresh = Draft::New(Value::Null);
                    if self.value(&mut fresh, patch, name)? == Fate::Stays {
                        items.push(fresh);
                    }
                }
                [at] => {
                    if self.value(&mut items[at], patch, name)? == Fate::Goes {
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

/// What `$patch` says.
pub(super) fn directive(entries: &[(String, Value)]) -> Option<&str> {
    match entries.iter().find(|(key, _)| key == DIRECTIVE) {
        Some((_, Value::String(word))) => Some(word),
        _ => None,
    }
}

/// Whether an item says nothing but that the list is replaced by the others.
pub(super) fn replaces_list(item: &Value) -> bool {
    matches!(item, Value::Mapping(entries) if entries.len() == 1 && directive(entries) == Some("replace"))
}
