//! JSON values that keep the text of numbers and borrow strings from the document.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// How deeply values can be nested.
pub const MAX_DEPTH: usize = 128;

/// A JSON value.
#[derive(Clone, Debug)]
pub enum Json<'a> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, with every digit.
    Number(&'a RawValue),
    /// A string.
    String(Cow<'a, str>),
    /// A list, set or tuple.
    List(Vec<Json<'a>>),
    /// A map or object, in the order of the document, without duplicate keys.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text cannot be read as a value. The error contains no text of the document.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum JsonError {
    /// The text is not JSON.
    #[error("invalid JSON")]
    Syntax,
    /// A string contains half of a surrogate pair.
    #[error("text that is not Unicode (half of a surrogate pair)")]
    NotUnicode,
    /// An object has a key twice.
    #[error("a key twice in one object")]
    DuplicateKey,
    /// Values are nested too deeply.
    #[error("values that are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Json<'_> {
    /// The kind of the value, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as JSON without blanks.
    pub fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether a key occurs twice.
pub(crate) fn has_duplicate_key<'k>(keys: impl ExactSizeIterator<Item = &'k str> + Clone) -> bool {
    // For the small objects of long lists, this is faster than any table.
    if keys.len() <= 8 {
        return keys.clone().enumerate().any(|(i, key)| keys.clone().take(i).any(|before| before == key));
    }
    let mut unique = HashSet::with_capacity(keys.len());
    !keys.into_iter().all(|key| unique.insert(key))
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => out.serialize_unit(),
            Self::Bool(flag) => out.serialize_bool(*flag),
            Self::Number(raw) => raw.serialize(out),
            Self::String(text) => out.serialize_str(text),
            Self::List(items) => out.collect_seq(items),
            Self::Object(members) => out.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}
