//! Finds one value inside of another by its path. Says how far it came, never a value.

use lockstep_path::{Path, Segment, clip, dotted};

use crate::document::Output;
use crate::json::Json;

/// A step output from inside of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// The name of the step output, without the prefix.
    pub name: String,
    /// The name of the output that it is in.
    pub output: String,
    /// The way from there.
    rest: Vec<Segment>,
    /// The path as it was given.
    path: String,
}

impl Select {
    /// Reads `NAME=PATH`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("`=` is missing after the name")?;
        if name.is_empty() {
            return Err("the name is missing".into());
        }
        let parsed = Path::parse(path).map_err(|bad| bad.to_string())?;
        match parsed.segments().split_first() {
            Some((Segment::Key(output), rest)) => {
                Ok(Self { name: name.into(), output: output.clone(), rest: rest.to_vec(), path: path.into() })
            }
            _ => Err("the path begins with the name of an output".into()),
        }
    }

    /// The value it means.
    ///
    /// # Errors
    /// If there is none, or more than one; says how far the path led.
    pub fn find<'d, 'a>(&self, output: Option<&'d Output<'a>>) -> Result<&'d Json<'a>, String> {
        let fail =
            |what: String| format!("`{}` finds nothing for `{}`: {what}", clip(&self.path, 120), self.name);
        let output =
            output.ok_or_else(|| fail(format!("there is no output `{}`", clip(&self.output, 100))))?;
        let mut value = &output.value;
        let mut came = self.output.clone();
        for segment in &self.rest {
            value = step(value, segment).map_err(|what| fail(format!("`{}` {what}", clip(&came, 120))))?;
            came += &dotted(segment);
        }
        Ok(value)
    }
}

/// One step of a path, or why it leads nowhere.
fn step<'d, 'a>(value: &'d Json<'a>, segment: &Segment) -> Result<&'d Json<'a>, String> {
    let shown = || clip(dotted(segment).trim_start_matches('.'), 100);
    match (segment, value) {
        (Segment::Key(key), Json::Object(members)) => {
            member(members, key).ok_or_else(|| format!("has no `{}`", shown()))
        }
        (Segment::KeyOrIndex(index), Json::Object(members)) => {
            member(members, &index.to_string()).ok_or_else(|| format!("has no `{index}`"))
        }
        (Segment::Index(index) | Segment::KeyOrIndex(index), Json::List(items)) => {
            items.get(*index).ok_or_else(|| format!("has no item {}", shown()))
        }
        (Segment::Match { key, value }, Json::List(items)) => {
            let fits = |item: &&Json<'_>| match item {
                Json::Object(members) => member(members, key).is_some_and(|found| is_text(found, value)),
                _ => false,
            };
            let mut found = items.iter().filter(fits);
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one),
                (Some(_), Some(_)) => Err(format!("has more than one item {}", shown())),
                _ => Err(format!("has no item {}", shown())),
            }
        }
        (Segment::Each, _) => Err("is asked for every item; name one by its index or `[KEY=VALUE]`".into()),
        (Segment::Key(_), other) => Err(format!("is {}, not an object", other.kind())),
        (Segment::Index(_) | Segment::Match { .. }, other) => Err(format!("is {}, not a list", other.kind())),
        (Segment::KeyOrIndex(_), other) => Err(format!("is {}, neither list nor object", other.kind())),
    }
}

fn member<'d, 'a>(members: &'d [(std::borrow::Cow<'a, str>, Json<'a>)], key: &str) -> Option<&'d Json<'a>> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Whether a scalar has this text.
fn is_text(value: &Json<'_>, text: &str) -> bool {
    match value {
        Json::String(found) => found == text,
        Json::Number(found) => found.get() == text,
        Json::Bool(flag) => text == if *flag { "true" } else { "false" },
        _ => false,
    }
}
