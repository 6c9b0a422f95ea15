//! Reads the JSON of a plan as it comes by, one resource at a time, and keeps what `plan` has. Never decides whether
//! the plan is a good one.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use lockstep_terraform::Kind;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::gather::Gather;
use crate::plan::Plan;
use crate::raw::{Invocation, Output, PutOff, RawCheck, Resource, Text};

/// A document and what it says about itself.
#[derive(Debug)]
pub struct Document {
    /// What it is, by the keys at its top.
    pub kind: Kind,
    /// Its `format_version`.
    pub version: Option<String>,
    /// The plan, as far as it is one.
    pub plan: Plan,
}

/// Reads a [`Document`].
#[derive(Debug)]
pub struct Reader;

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut gather = Gather::default();
        let mut version = None;
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(twice(&key));
            }
            match key.as_str() {
                "format_version" => version = map.next_value::<Text>()?.0,
                "resource_changes" => map.next_value_seed(each(|raw: Resource| gather.resource(raw)))?,
                "resource_drift" => map.next_value_seed(each(|raw: Resource| gather.drift(raw)))?,
                "deferred_changes" | "deferred_action_invocations" => {
                    map.next_value_seed(each(|raw: PutOff| gather.deferred(raw)))?;
                }
                "output_changes" => {
                    map.next_value_seed(each_entry(|name, raw: Output| gather.output(name, &raw)))?;
                }
                "action_invocations" => map.next_value_seed(each(|raw: Invocation| gather.invoke(raw)))?,
                "checks" => map.next_value_seed(each(|raw: RawCheck| gather.check(raw)))?,
                "errored" => gather.plan.errored = map.next_value::<Option<bool>>()?.unwrap_or_default(),
                "complete" => gather.plan.complete = map.next_value()?,
                "applyable" => gather.plan.applyable = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            keys.insert(key);
        }
        let kind = Kind::of(version.is_some(), keys.iter().map(String::as_str));
        Ok(Document { kind, version, plan: gather.plan })
    }
}

/// The name is said only if it is one that Terraform gives.
fn twice<E: Error>(key: &str) -> E {
    let known = ["format_version", "resource_changes", "resource_drift", "output_changes", "planned_values"];
    E::duplicate_field(known.into_iter().find(|name| *name == key).unwrap_or("(another)"))
}

/// Hands each element of a list to a function as soon as it is read.
struct Each<T, F>(F, PhantomData<T>);

fn each<T, F: FnMut(T)>(take: F) -> Each<T, F> {
    Each(take, PhantomData)
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for Each<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}

/// Hands each entry of an object to a function as soon as it is read.
struct EachEntry<T, F>(F, PhantomData<T>);

fn each_entry<T, F: FnMut(String, T)>(take: F) -> EachEntry<T, F> {
    EachEntry(take, PhantomData)
}

impl<'de, T: Deserialize<'de>, F: FnMut(String, T)> DeserializeSeed<'de> for EachEntry<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(String, T)> Visitor<'de> for EachEntry<T, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry()? {
            (self.0)(name, value);
        }
        Ok(())
    }
}
