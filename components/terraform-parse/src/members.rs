//! The members of an object whose values are not parsed yet.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{JsonError, has_duplicate_key};

/// The members of an object, in order, with values of the type `V`.
#[derive(Debug)]
pub struct Members<'a, V = &'a RawValue>(pub Vec<(Cow<'a, str>, V)>);

/// A string that borrows its text from the document unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// The value is not an object, or has a duplicate key.
    pub fn parse(raw: &'a RawValue) -> Result<Self, JsonError> {
        // The value is valid JSON, so that only its strings can be at fault.
        let members: Self = serde_json::from_str(raw.get()).map_err(|_| JsonError::NotUnicode)?;
        members.unique()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

impl<V> Members<'_, V> {
    /// Returns the members unchanged if their keys are unique.
    ///
    /// # Errors
    /// A key occurs twice.
    pub fn unique(self) -> Result<Self, JsonError> {
        let is_duplicate = has_duplicate_key(self.0.iter().map(|(key, _)| key.as_ref()));
        if is_duplicate { Err(JsonError::DuplicateKey) } else { Ok(self) }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<'de, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct MembersVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for MembersVisitor<V> {
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
        from.deserialize_map(MembersVisitor(PhantomData))
    }
}
