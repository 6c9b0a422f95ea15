//! Refuses JSON with an object that has a key twice. serde_json keeps the last one, so a document could show a reader another
//! value than the run gets.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Checks a text that is valid JSON.
///
/// # Errors
/// An object has a key twice. The text names the key, the line and the column.
pub(crate) fn check(json: &str) -> Result<(), String> {
    serde_json::from_str::<UniqueKeys>(json).map(drop).map_err(|error| error.to_string())
}

/// Any value without a key that is there twice.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
            keys.insert(key);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_key_that_is_there_twice_is_an_error_at_each_depth() {
        for json in
            [r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"a": [1, {"b": 1, "b": 1}]}"#, r#"{"a": {}, "\u0061": {}}"#]
        {
            assert!(check(json).is_err_and(|error| error.contains("duplicate key")), "{json}");
        }
        for json in [r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": null}]}"#, "[1.5, -1, true, \"x\"]", "{}"] {
            assert_eq!(check(json), Ok(()), "{json}");
        }
    }
}
