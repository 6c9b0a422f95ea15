//! The types of Terraform. This module does not look at values.

use std::fmt;

use serde_json::Value;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any value.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// A boolean.
    Bool,
    /// A list whose items have one type.
    List(Box<Type>),
    /// A set whose items have one type; JSON has an array for it.
    Set(Box<Type>),
    /// A map whose values have one type.
    Map(Box<Type>),
    /// A list with a type per item.
    Tuple(Vec<Type>),
    /// An object with a type per attribute, in the declared order.
    Object(Vec<Attribute>),
}

/// An attribute of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether it may be missing or null.
    pub optional: bool,
}

impl Type {
    /// The type in the notation of a document: `"string"`, `["list", "string"]`, `["object", {"id": "string"}]`. None if the
    /// value has another structure.
    pub fn from_document(json: &Value) -> Option<Self> {
        if let Value::String(word) = json {
            return Self::from_word(word);
        }
        let (word, inner) = match json.as_array()?.as_slice() {
            [word, inner] | [word, inner, Value::Array(_)] => (word.as_str()?, inner),
            _ => return None,
        };
        let boxed = || Self::from_document(inner).map(Box::new);
        Some(match word {
            "list" => Self::List(boxed()?),
            "set" => Self::Set(boxed()?),
            "map" => Self::Map(boxed()?),
            "tuple" => Self::Tuple(inner.as_array()?.iter().map(Self::from_document).collect::<Option<_>>()?),
            "object" => {
                Self::Object(inner.as_object()?.iter().map(Attribute::from_document).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "any" | "dynamic" => Self::Any,
            "string" => Self::String,
            "number" => Self::Number,
            "bool" => Self::Bool,
            _ => return None,
        })
    }
}

impl Attribute {
    fn from_document((name, ty): (&String, &Value)) -> Option<Self> {
        Some(Self { name: name.clone(), ty: Type::from_document(ty)?, optional: false })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("any"),
            Self::String => out.write_str("string"),
            Self::Number => out.write_str("number"),
            Self::Bool => out.write_str("bool"),
            Self::List(inner) => write!(out, "list({inner})"),
            Self::Set(inner) => write!(out, "set({inner})"),
            Self::Map(inner) => write!(out, "map({inner})"),
            Self::Tuple(inner) => write!(out, "tuple([{}])", join(inner)),
            Self::Object(attributes) => write!(out, "object({{{}}})", join(attributes)),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, ty) = (&self.name, &self.ty);
        if self.optional { write!(out, "{name}=optional({ty})") } else { write!(out, "{name}={ty}") }
    }
}

fn join<T: fmt::Display>(parts: &[T]) -> String {
    parts.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
