//! Compares a value with a type. Says kinds and places, never a value.

use std::fmt;

use lockstep_path::{Segment, clip, dotted};

use crate::json::Json;
use crate::types::{Attribute, Type};

/// The most differences that are told of one value.
pub const MOST: usize = 20;

/// A place that is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The place: `servers[3].port`.
    pub path: String,
    /// What was declared.
    pub declared: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is {}, declared {}", self.path, self.found, self.declared)
    }
}

/// Where a value is not of a type: the first [`MOST`] places. With `hidden`, keys of maps stand as `***`, since
/// they come from the value.
pub fn mismatches(root: &str, value: &Json<'_>, ty: &Type, hidden: bool) -> Vec<Mismatch> {
    let mut check = Check { hidden, found: Vec::new() };
    check.value(&At::Root(root), value, ty);
    check.found
}

/// The way to a value, put into words only where something differs.
enum At<'p> {
    Root(&'p str),
    Item(&'p At<'p>, usize),
    Member(&'p At<'p>, &'p str),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => out.write_str(name),
            Self::Item(list, index) => write!(out, "{list}{}", dotted(&Segment::Index(*index))),
            Self::Member(object, key) => write!(out, "{object}{}", dotted(&Segment::Key((*key).into()))),
        }
    }
}

struct Check {
    hidden: bool,
    found: Vec<Mismatch>,
}

impl Check {
    fn value(&mut self, at: &At<'_>, value: &Json<'_>, ty: &Type) {
        if self.found.len() == MOST {
            return;
        }
        match (ty, value) {
            (Type::Any, _)
            | (Type::String, Json::String(_))
            | (Type::Number, Json::Number(_))
            | (Type::Bool, Json::Bool(_)) => {}
            (Type::List(inner) | Type::Set(inner), Json::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&At::Item(at, index), item, inner);
                }
            }
            (Type::Tuple(types), Json::List(items)) if types.len() == items.len() => {
                for (index, (item, ty)) in items.iter().zip(types).enumerate() {
                    self.value(&At::Item(at, index), item, ty);
                }
            }
            (Type::Tuple(_), Json::List(items)) => {
                let count = items.len();
                let items = if count == 1 { "item" } else { "items" };
                self.differs(at, ty, format!("a list of {count} {items}"));
            }
            (Type::Map(inner), Json::Object(members)) => {
                for (key, value) in members {
                    let key = if self.hidden { "***" } else { key.as_ref() };
                    self.value(&At::Member(at, key), value, inner);
                }
            }
            (Type::Object(attributes), Json::Object(members)) => {
                for attribute in attributes {
                    let value =
                        members.iter().find(|(key, _)| *key == attribute.name).map(|(_, value)| value);
                    self.attribute(&At::Member(at, &attribute.name), attribute, value);
                }
            }
            _ => self.differs(at, ty, value.kind().into()),
        }
    }

    fn attribute(&mut self, at: &At<'_>, attribute: &Attribute, value: Option<&Json<'_>>) {
        match value {
            None | Some(Json::Null) if attribute.optional => {}
            Some(value) => self.value(at, value, &attribute.ty),
            None => self.differs(at, &attribute.ty, "missing".into()),
        }
    }

    fn differs(&mut self, at: &At<'_>, ty: &Type, found: String) {
        if self.found.len() < MOST {
            let (path, declared) = (clip(&at.to_string(), 200), clip(&ty.to_string(), 100));
            self.found.push(Mismatch { path, declared, found });
        }
    }
}
