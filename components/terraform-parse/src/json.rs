//! JSON values whose numbers keep their text and whose strings are not copied. Never decides what a value means.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::walk;

/// How deep values may stand in one another.
pub const DEPTH: usize = 128;

/// A value, as it stands in a text.
#[derive(Clone, Debug)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, with every digit.
    Number(&'a RawValue),
    /// Text.
    String(Cow<'a, str>),
    /// A list, set or tuple.
    List(Vec<Json<'a>>),
    /// A map or object, in the order of the text; no key twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text is no value. Holds nothing of the text.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Flaw {
    /// The text breaks the rules of JSON.
    #[error("not JSON")]
    Syntax,
    /// A string holds half of a surrogate pair.
    #[error("text that is not Unicode (half of a surrogate pair)")]
    NotUnicode,
    /// An object has a key twice.
    #[error("a key twice in one object")]
    DuplicateKey,
    /// Values stand too deep in one another.
    #[error("values more than {DEPTH} deep in one another")]
    TooDeep,
}

impl<'a> Json<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// If the text is not one JSON value, or holds what this cannot keep exactly.
    pub fn parse(text: &'a str) -> Result<Self, Flaw> {
        Self::read(serde_json::from_str(text).map_err(|_| Flaw::Syntax)?)
    }

    /// Reads a value that is known to be JSON.
    ///
    /// # Errors
    /// If it holds what this cannot keep exactly.
    pub fn read(raw: &'a RawValue) -> Result<Self, Flaw> {
        walk::value(raw.get())
    }

    /// What kind of value this is, with its article.
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

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As JSON without blanks.
    pub fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether a key is there twice.
pub(crate) fn has_twice<'k>(keys: impl ExactSizeIterator<Item = &'k str> + Clone) -> bool {
    // In the small objects of long lists this is quicker than any table.
    if keys.len() <= 8 {
        return keys.clone().enumerate().any(|(i, key)| keys.clone().take(i).any(|before| before == key));
    }
    let mut seen = HashSet::with_capacity(keys.len());
    !keys.into_iter().all(|key| seen.insert(key))
}

/// A text that JSON allows, read as something that cannot keep all of it.
fn parsed<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Flaw> {
    serde_json::from_str(raw.get()).map_err(|_| Flaw::NotUnicode)
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

/// Text that is copied only where it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object in their order, their values as far read as `V` is.
#[derive(Debug)]
pub struct Members<'a, V = &'a RawValue>(pub Vec<(Cow<'a, str>, V)>);

impl<'a> Members<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// If the value is no object, or has a key twice.
    pub fn read(raw: &'a RawValue) -> Result<Self, Flaw> {
        parsed::<Self>(raw)?.unique()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

impl<V> Members<'_, V> {
    /// The same, if no key stands twice.
    ///
    /// # Errors
    /// If one does.
    pub fn unique(self) -> Result<Self, Flaw> {
        if has_twice(self.0.iter().map(|(key, _)| key.as_ref())) { Err(Flaw::DuplicateKey) } else { Ok(self) }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<'de, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Walk<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Walk<V> {
            type Value = Members<'de, V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Walk(PhantomData))
    }
}
