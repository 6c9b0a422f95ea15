//! Values that a body must have as JSON. Never changes a document.

use std::fmt;

use lockstep_yaml::{Path, Segment};
use serde_json::Value as Json;

use super::decimal;
use crate::web::shown;
use lockstep_glue::Mistake;

/// `PATH=VALUE`: a value that a document must have.
///
/// What is found decides how VALUE is read. A text must be VALUE itself, or what VALUE spells in double quotes.
/// Anything else must be what VALUE is as JSON, whatever the spelling of numbers and the order of keys. So `.n=1` is
/// fulfilled by `1`, `1.0` and `"1"`, and `.n="1"` only by `"1"`. A path that leads to several values wants each of
/// them to be so, and one at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    path: Path,
    value: String,
}

impl Value {
    /// Reads `PATH=VALUE`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let (path, value) = Path::parse_assignment(text).map_err(|bad| {
            let message = format!("`json` has `{}`: {}", shown(text), bad.problem);
            Mistake::new(message, "write `PATH=VALUE`, such as `.status=ok` or `.checks[0].up=true`")
        })?;
        Ok(Self { path, value: value.to_owned() })
    }

    /// Whether the document has it. If not: what it has instead.
    ///
    /// # Errors
    /// What is at the path, in words.
    pub fn judge(&self, document: &Json) -> Result<(), String> {
        let found = find(document, self.path.segments());
        if found.is_empty() {
            return Err(format!("nothing at `{}`", self.path));
        }
        match found.iter().find(|found| !is(found, &self.value)) {
            None => Ok(()),
            Some(other) => Err(format!("`{}={}`", self.path, shown(&spelled(other)))),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.path, shown(&self.value))
    }
}

/// What is at a path: texts as they are, anything else as JSON.
pub(super) fn spelled_at(document: &Json, path: &Path) -> Vec<String> {
    find(document, path.segments()).into_iter().map(spelled).collect()
}

/// A text as it is, anything else as JSON.
fn spelled(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether what was found is what `text` spells.
fn is(found: &Json, text: &str) -> bool {
    let read = serde_json::from_str::<Json>(text);
    match (found, read) {
        (Json::String(found), Ok(Json::String(text))) => *found == text,
        (Json::String(found), _) => found == text,
        (found, Ok(read)) => same(found, &read),
        (_, Err(_)) => false,
    }
}

/// Whether two values are equal, whatever the order of keys and the spelling of numbers.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => decimal::same(one.as_str(), other.as_str()),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let equal = |(key, one)| other.get(key).is_some_and(|other| same(one, other));
            one.len() == other.len() && one.iter().all(equal)
        }
        _ => one == other,
    }
}

/// The values to which the steps lead.
fn find<'a>(document: &'a Json, steps: &[Segment]) -> Vec<&'a Json> {
    steps.iter().fold(vec![document], |found, step| found.into_iter().flat_map(|at| go(at, step)).collect())
}

fn go<'a>(at: &'a Json, step: &Segment) -> Vec<&'a Json> {
    match (step, at) {
        (Segment::Key(key), Json::Object(map)) => map.get(key).into_iter().collect(),
        (Segment::KeyOrIndex(index), Json::Object(map)) => map.get(&index.to_string()).into_iter().collect(),
        (Segment::Index(index) | Segment::KeyOrIndex(index), Json::Array(items)) => {
            items.get(*index).into_iter().collect()
        }
        (Segment::Each, Json::Array(items)) => items.iter().collect(),
        (Segment::Match { key, value }, Json::Array(items)) => {
            let fits = |item: &&Json| item.get(key).and_then(Json::as_str) == Some(value);
            items.iter().filter(fits).collect()
        }
        _ => Vec::new(),
    }
}
