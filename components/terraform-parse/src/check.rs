//! Compares a value with a type. Mismatches name types and paths, but no values.

use std::fmt;

use lockstep_path::{Segment, clip, dotted};

use crate::json::Json;
use crate::types::{Attribute, Type};

/// How many mismatches of one value the step reports at most.
pub const MAX_MISMATCHES: usize = 20;

/// A part of a value that does not have the declared type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path of the part, such as `servers[3].port`.
    pub path: String,
    /// The declared type.
    pub declared: String,
    /// What the document has instead.
    pub actual: String,
}

impl Mismatch {
    /// The next act, for the output with this name.
    pub fn hint(&self, output: &str) -> String {
        let is_attribute = !self.path.ends_with(|last: char| last.is_ascii_digit() || last == ']');
        if matches!(self.actual.as_str(), "missing" | "null") && is_attribute {
            return format!(
                "declare the attribute as `optional({})`, or set it in the configuration",
                self.declared
            );
        }
        let ty = match self.actual.as_str() {
            "a string" => "string",
            "a number" => "number",
            "a bool" => "bool",
            "a list" => "list(any)",
            "an object" => "map(any)",
            _ => return "change the declared type, or the value in the configuration".into(),
        };
        if self.path != output {
            return format!("declare {ty} there, or change the value in the configuration");
        }
        let function = match self.declared.as_str() {
            "string" | "number" | "bool" if !ty.ends_with(')') => format!(" with `to{}`", self.declared),
            _ => String::new(),
        };
        format!("declare `{output}:{ty}`, or convert the value in the configuration{function}")
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is {}, declared {}", self.path, self.actual, self.declared)
    }
}

/// The first [`MAX_MISMATCHES`] mismatches of a value and a type. If the value is sensitive, paths have `***` for keys of maps,
/// because these keys are part of the value.
pub fn mismatches(root: &str, value: &Json<'_>, ty: &Type, sensitive: bool) -> Vec<Mismatch> {
    let mut checker = Checker { sensitive, mismatches: Vec::new() };
    checker.value(&ValuePath::Root(root), value, ty);
    checker.mismatches
}

/// The path of a value. It becomes a text only for a mismatch.
enum ValuePath<'p> {
    Root(&'p str),
    Item(&'p ValuePath<'p>, usize),
    Member(&'p ValuePath<'p>, &'p str),
}

impl fmt::Display for ValuePath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => out.write_str(name),
            Self::Item(list, index) => write!(out, "{list}{}", dotted(&Segment::Index(*index))),
            Self::Member(object, key) => write!(out, "{object}{}", dotted(&Segment::Key((*key).into()))),
        }
    }
}

struct Checker {
    sensitive: bool,
    mismatches: Vec<Mismatch>,
}

impl Checker {
    fn value(&mut self, path: &ValuePath<'_>, value: &Json<'_>, ty: &Type) {
        if self.mismatches.len() == MAX_MISMATCHES {
            return;
        }
        match (ty, value) {
            (Type::Any, _)
            | (Type::String, Json::String(_))
            | (Type::Number, Json::Number(_))
            | (Type::Bool, Json::Bool(_)) => {}
            // Terraform allows null for an element of a collection, whatever its type.
            (Type::List(inner) | Type::Set(inner), Json::List(items)) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_null()) {
                    self.value(&ValuePath::Item(path, index), item, inner);
                }
            }
            (Type::Tuple(types), Json::List(items)) if types.len() == items.len() => {
                for (index, (item, ty)) in items.iter().zip(types).enumerate() {
                    self.value(&ValuePath::Item(path, index), item, ty);
                }
            }
            (Type::Tuple(_), Json::List(items)) => {
                let count = items.len();
                let items = if count == 1 { "item" } else { "items" };
                self.report(path, ty, format!("a list of {count} {items}"));
            }
            (Type::Map(inner), Json::Object(members)) => {
                for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                    let key = if self.sensitive { "***" } else { key.as_ref() };
                    self.value(&ValuePath::Member(path, key), value, inner);
                }
            }
            (Type::Object(attributes), Json::Object(members)) => {
                for attribute in attributes {
                    let value =
                        members.iter().find(|(key, _)| *key == attribute.name).map(|(_, value)| value);
                    self.attribute(&ValuePath::Member(path, &attribute.name), attribute, value);
                }
            }
            _ => self.report(path, ty, value.kind().into()),
        }
    }

    fn attribute(&mut self, path: &ValuePath<'_>, attribute: &Attribute, value: Option<&Json<'_>>) {
        match value {
            None | Some(Json::Null) if attribute.optional => {}
            Some(value) => self.value(path, value, &attribute.ty),
            None => self.report(path, &attribute.ty, "missing".into()),
        }
    }

    fn report(&mut self, path: &ValuePath<'_>, ty: &Type, actual: String) {
        if self.mismatches.len() < MAX_MISMATCHES {
            let (path, declared) = (clip(&path.to_string(), 200), clip(&ty.to_string(), 100));
            self.mismatches.push(Mismatch { path, declared, actual });
        }
    }
}
