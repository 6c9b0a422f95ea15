//! Compares the attributes before and after a change. It keeps a fingerprint of each value instead of the value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The attributes of an object, each with the fingerprint of its value. Empty for a value that is not an object.
#[derive(Debug, Default)]
pub(crate) struct Attributes(BTreeMap<String, u64>);

/// The attributes of an object that contain `true` anywhere. In this structure, a plan marks unknown and sensitive values.
#[derive(Debug, Default)]
pub(crate) struct Marks(BTreeSet<String>);

/// The names of the attributes that change their value or their sensitivity, or are unknown before apply, in order. Empty if
/// there is no object before or after the change.
pub(crate) fn changed<'a>(
    [before, after]: [&'a Attributes; 2],
    unknown: &'a Marks,
    [was_sensitive, is_sensitive]: [&'a Marks; 2],
) -> BTreeSet<&'a str> {
    if before.0.is_empty() || after.0.is_empty() && unknown.0.is_empty() {
        return BTreeSet::new();
    }
    let names = before.0.keys().chain(after.0.keys());
    let differing = names.filter(|&name| before.0.get(name) != after.0.get(name));
    let changed_marks = was_sensitive.0.symmetric_difference(&is_sensitive.0);
    differing.chain(&unknown.0).chain(changed_marks).map(String::as_str).collect()
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AttributesVisitor;
        impl<'de> Visitor<'de> for AttributesVisitor {
            type Value = Attributes;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("the attributes of a resource")
            }

            fn visit_unit<E>(self) -> Result<Attributes, E> {
                Ok(Attributes::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut attributes = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let mut hasher = DefaultHasher::new();
                    map.next_value_seed(Fingerprint(&mut hasher))?;
                    attributes.insert(name, hasher.finish());
                }
                Ok(Attributes(attributes))
            }
        }
        deserializer.deserialize_any(AttributesVisitor)
    }
}

/// Computes the fingerprint of a value. The order of keys counts: Terraform sorts them.
struct Fingerprint<'a>(&'a mut DefaultHasher);

impl<'de> DeserializeSeed<'de> for Fingerprint<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fingerprint<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.write_u8(b'n');
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.write_u8(if value { b't' } else { b'f' });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        (b'u', value).hash(self.0);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        (b'i', value).hash(self.0);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        (b'd', value.to_bits()).hash(self.0);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        (b's', value).hash(self.0);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.write_u8(b'[');
        while seq.next_element_seed(Fingerprint(self.0))?.is_some() {}
        self.0.write_u8(b']');
        Ok(())
    }

    // With arbitrary precision, serde_json passes numbers here too, as a map with one entry.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.write_u8(b'{');
        while map.next_key_seed(Fingerprint(self.0))?.is_some() {
            map.next_value_seed(Fingerprint(self.0))?;
        }
        self.0.write_u8(b'}');
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut marks = Self::default();
        deserializer.deserialize_any(MarkVisitor(Some(&mut marks.0)))?;
        Ok(marks)
    }
}

/// Whether a value contains `true` anywhere.
#[derive(Debug, Default)]
pub(crate) struct AnyMark(pub(crate) bool);

impl<'de> Deserialize<'de> for AnyMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarkVisitor(None)).map(Self)
    }
}

/// Whether a value contains `true` anywhere; at the top level, which attributes contain it.
struct MarkVisitor<'a>(Option<&'a mut BTreeSet<String>>);

impl<'de> DeserializeSeed<'de> for MarkVisitor<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MarkVisitor<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("marks of unknown or sensitive values")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut any = false;
        while let Some(marked) = seq.next_element_seed(MarkVisitor(None))? {
            any |= marked;
        }
        Ok(any)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Some(names) = self.0 else {
            let mut any = false;
            while map.next_key::<IgnoredAny>()?.is_some() {
                any |= map.next_value_seed(MarkVisitor(None))?;
            }
            return Ok(any);
        };
        while let Some(name) = map.next_key::<String>()? {
            if map.next_value_seed(MarkVisitor(None))? {
                names.insert(name);
            }
        }
        Ok(!names.is_empty())
    }
}
