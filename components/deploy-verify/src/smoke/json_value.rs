//! Values that a body must have as JSON.

use std::fmt;

use lockstep_sdk::InputError;
use lockstep_yaml::{Path, Segment};
use serde_json::Value as Json;

use super::decimal;
use crate::web::excerpt;

/// `PATH=VALUE`: a value that a document must have.
///
/// The type of the value in the document decides how VALUE is read. A string must equal VALUE, or the JSON string VALUE.
/// Any other value must equal VALUE as JSON, without regard to the notation of numbers and the order of keys. So `.n=1`
/// accepts `1`, `1.0` and `"1"`, and `.n="1"` accepts only `"1"`. A path with several values accepts the document if there
/// is at least one and all of them match.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonValue {
    path: Path,
    value: String,
}

impl JsonValue {
    /// Parses `PATH=VALUE`.
    ///
    /// # Errors
    /// The text is invalid.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let (path, value) = Path::parse_assignment(text).map_err(|bad| {
            let message = format!("`json` has `{}`: {}", excerpt(text), bad.problem);
            InputError::new(message, "write `PATH=VALUE`, such as `.status=ok` or `.checks[0].up=true`")
        })?;
        Ok(Self { path, value: value.to_owned() })
    }

    /// Checks that the document has it.
    ///
    /// # Errors
    /// A description of the values at the path.
    pub fn check(&self, document: &Json) -> Result<(), String> {
        let values = find(document, self.path.segments());
        if values.is_empty() {
            return Err(format!("nothing at `{}`", self.path));
        }
        match values.iter().find(|value| !matches(value, &self.value)) {
            None => Ok(()),
            Some(other) => Err(format!("`{}={}`", self.path, excerpt(&to_text(other)))),
        }
    }
}

impl fmt::Display for JsonValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.path, excerpt(&self.value))
    }
}

/// The values at a path: strings as they are, other values as JSON.
pub(super) fn texts_at(document: &Json, path: &Path) -> Vec<String> {
    find(document, path.segments()).into_iter().map(to_text).collect()
}

/// A string as it is, another value as JSON.
fn to_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value matches the text of an input.
fn matches(value: &Json, text: &str) -> bool {
    let expected = serde_json::from_str::<Json>(text);
    match (value, expected) {
        (Json::String(value), Ok(Json::String(expected))) => *value == expected,
        (Json::String(value), _) => value == text,
        (value, Ok(expected)) => equal(value, &expected),
        (_, Err(_)) => false,
    }
}

/// Whether two values are equal, without regard to the order of keys and the notation of numbers.
fn equal(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => decimal::equal(one.as_str(), other.as_str()),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let has_equal = |(key, one)| other.get(key).is_some_and(|other| equal(one, other));
            one.len() == other.len() && one.iter().all(has_equal)
        }
        _ => one == other,
    }
}

/// The values at a path.
fn find<'a>(document: &'a Json, path: &[Segment]) -> Vec<&'a Json> {
    path.iter().fold(vec![document], |values, segment| {
        values.into_iter().flat_map(|value| descend(value, segment)).collect()
    })
}

/// The values that a segment of a path selects in a value.
fn descend<'a>(value: &'a Json, segment: &Segment) -> Vec<&'a Json> {
    match (segment, value) {
        (Segment::Key(key), Json::Object(map)) => map.get(key).into_iter().collect(),
        (Segment::KeyOrIndex(index), Json::Object(map)) => map.get(&index.to_string()).into_iter().collect(),
        (Segment::Index(index) | Segment::KeyOrIndex(index), Json::Array(items)) => {
            items.get(*index).into_iter().collect()
        }
        (Segment::Wildcard, Json::Array(items)) => items.iter().collect(),
        (Segment::Match { key, value }, Json::Array(items)) => {
            let matches = |item: &&Json| item.get(key).and_then(Json::as_str) == Some(value);
            items.iter().filter(matches).collect()
        }
        _ => Vec::new(),
    }
}
