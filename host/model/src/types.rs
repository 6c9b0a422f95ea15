//! The types of inputs and outputs: the types of WIT that have a form in JSON. [`crate::inputs`] checks values against
//! them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A type of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer(Integer),
    /// A 64-bit floating-point number, never NaN or infinite.
    Float,
    /// Text.
    String,
    /// A list of values of one type.
    List(Box<Type>),
    /// A value or nothing.
    Option(Box<Type>),
    /// One of these words.
    Enum(Vec<String>),
    /// Named fields, in order.
    Record(Vec<Field>),
}

/// The integer types of WIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Integer {
    /// 0 to 255.
    U8,
    /// 0 to 65,535.
    U16,
    /// 0 to 2³² − 1.
    U32,
    /// 0 to 2⁶⁴ − 1.
    U64,
    /// −128 to 127.
    S8,
    /// −32,768 to 32,767.
    S16,
    /// −2³¹ to 2³¹ − 1.
    S32,
    /// −2⁶³ to 2⁶³ − 1.
    S64,
}

/// A named field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: Type,
}

impl Type {
    /// The `sensitive` of the contract.
    #[must_use]
    pub fn sensitive() -> Self {
        Self::Record(vec![
            Field { name: "value".to_owned(), ty: Self::String },
            Field { name: "display".to_owned(), ty: Self::Option(Box::new(Self::String)) },
        ])
    }

    /// A list of the contract's `named-output`.
    #[must_use]
    pub fn named_outputs() -> Self {
        let Self::Record(mut fields) = Self::sensitive() else { unreachable!("it was made just now") };
        fields.insert(0, Field { name: "name".to_owned(), ty: Self::String });
        Self::List(Box::new(Self::Record(fields)))
    }

    /// Whether it is [`Type::sensitive`]. A component does not keep the names of types, so this compares the fields.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        *self == Self::sensitive()
    }

    /// Whether it is [`Type::named_outputs`].
    #[must_use]
    pub fn is_named_outputs(&self) -> bool {
        *self == Self::named_outputs()
    }
}

impl Integer {
    /// The smallest and the largest number.
    #[must_use]
    pub fn range(self) -> (i128, i128) {
        match self {
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
        }
    }
}

impl fmt::Display for Type {
    /// The type as WIT spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Integer(integer) => write!(f, "{}", format!("{integer:?}").to_lowercase()),
            Self::Float => f.write_str("f64"),
            Self::String => f.write_str("string"),
            Self::List(_) if self.is_named_outputs() => f.write_str("outputs by name"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Option(item) => write!(f, "option<{item}>"),
            Self::Enum(words) => f.write_str(&words.join(" | ")),
            Self::Record(_) if self.is_sensitive() => f.write_str("sensitive text"),
            Self::Record(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
                write!(f, "{{{}}}", fields.join(", "))
            }
        }
    }
}
