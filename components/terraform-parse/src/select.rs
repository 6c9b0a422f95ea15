//! Finds a value inside an output by its path. Errors say how far the path led, but contain no values.

use std::borrow::Cow;

use lockstep_path::{Path, Segment, clip, dotted};

use crate::document::Output;
use crate::json::Json;

/// A step output from inside an output: `NAME=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// The name of the step output, without the prefix.
    pub name: String,
    /// The name of the output: the first part of the path.
    pub output: String,
    /// The rest of the path.
    rest: Vec<Segment>,
    /// The path as the input spells it.
    path: String,
}

impl Select {
    /// Parses `NAME=PATH`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("`=` is missing after the name")?;
        if name.is_empty() {
            return Err("the name is missing".into());
        }
        let parsed = Path::parse(path).map_err(|error| error.to_string())?;
        match parsed.segments().split_first() {
            Some((Segment::Key(output), rest)) => {
                Ok(Self { name: name.into(), output: output.clone(), rest: rest.to_vec(), path: path.into() })
            }
            _ => Err("the path begins with the name of an output".into()),
        }
    }

    /// Finds the value.
    ///
    /// # Errors
    /// The path matches no value, or more than one; says how far the path led.
    pub fn find<'d, 'a>(&self, output: Option<&'d Output<'a>>) -> Result<&'d Json<'a>, String> {
        let fail = |reason: String| {
            format!("`{}` finds nothing for `{}`: {reason}", clip(&self.path, 120), self.name)
        };
        let output =
            output.ok_or_else(|| fail(format!("there is no output `{}`", clip(&self.output, 100))))?;
        let mut value = &output.value;
        let mut matched = self.output.clone();
        for segment in &self.rest {
            value = descend(value, segment)
                .map_err(|reason| fail(format!("`{}` {reason}", clip(&matched, 120))))?;
            matched += &dotted(segment);
        }
        Ok(value)
    }
}

/// The value of one segment of the path, or the reason why there is none.
fn descend<'d, 'a>(value: &'d Json<'a>, segment: &Segment) -> Result<&'d Json<'a>, String> {
    let name = || clip(dotted(segment).trim_start_matches('.'), 100);
    match (segment, value) {
        (Segment::Key(key), Json::Object(members)) => {
            member(members, key).ok_or_else(|| format!("has no `{}`", name()))
        }
        (Segment::KeyOrIndex(index), Json::Object(members)) => {
            member(members, &index.to_string()).ok_or_else(|| format!("has no `{index}`"))
        }
        (Segment::Index(index) | Segment::KeyOrIndex(index), Json::List(items)) => {
            items.get(*index).ok_or_else(|| format!("has no item {}", name()))
        }
        (Segment::Match { key, value }, Json::List(items)) => {
            let matches = |item: &&Json<'_>| match item {
                Json::Object(members) => member(members, key).is_some_and(|actual| is_text(actual, value)),
                _ => false,
            };
            let mut matching = items.iter().filter(matches);
            match (matching.next(), matching.next()) {
                (Some(one), None) => Ok(one),
                (Some(_), Some(_)) => Err(format!("has more than one item {}", name())),
                _ => Err(format!("has no item {}", name())),
            }
        }
        (Segment::Wildcard, _) => Err("has several items: select one by its index or `[KEY=VALUE]`".into()),
        (Segment::Key(_), other) => Err(format!("is {}, not an object", other.kind())),
        (Segment::Index(_) | Segment::Match { .. }, other) => Err(format!("is {}, not a list", other.kind())),
        (Segment::KeyOrIndex(_), other) => Err(format!("is {}, neither list nor object", other.kind())),
    }
}

fn member<'d, 'a>(members: &'d [(Cow<'a, str>, Json<'a>)], key: &str) -> Option<&'d Json<'a>> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Whether a scalar has this text.
fn is_text(value: &Json<'_>, text: &str) -> bool {
    match value {
        Json::String(string) => string == text,
        Json::Number(number) => number.get() == text,
        Json::Bool(flag) => text == if *flag { "true" } else { "false" },
        _ => false,
    }
}
