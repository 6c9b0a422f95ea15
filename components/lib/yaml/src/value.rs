//! The values that an edit can write: those of JSON.

use lockstep_path::clip;
use serde_json::Value as Json;
use thiserror::Error;

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number in the syntax of JSON.
    Number(String),
    /// A string.
    String(String),
    /// A plain scalar of a file that readers understand differently, with its spelling.
    Plain(String),
    /// A list.
    Sequence(Vec<Value>),
    /// Keys and values in this order; keys are unique.
    Mapping(Vec<(String, Value)>),
}

/// Why a text is not one JSON value.
#[derive(Debug, Error, PartialEq)]
pub enum InvalidJson {
    /// The text is not JSON.
    #[error("`{text}` is not JSON: {problem}")]
    Malformed {
        /// The beginning of the text.
        text: String,
        /// The message of the parser.
        problem: String,
    },
    /// The value has too many levels of arrays and objects.
    #[error("more than {0} collections within one another")]
    TooDeep(usize),
    /// An object has a duplicate key.
    #[error("the JSON value has the key `{0}` twice")]
    DuplicateKey(String),
}

/// The most levels of arrays and objects that `serde_json` reads.
const JSON_DEPTH: usize = 127;

impl Value {
    /// Parses one JSON value. Of two equal keys of an object, the last one counts.
    pub(crate) fn parse_json(text: &str) -> Result<Self, InvalidJson> {
        let json: Json = serde_json::from_str(text).map_err(|error| match error.to_string() {
            problem if problem.starts_with("recursion limit") => InvalidJson::TooDeep(JSON_DEPTH),
            problem => InvalidJson::Malformed { text: clip(text, 40), problem },
        })?;
        Ok(json.into())
    }

    /// Whether this is a mapping or a sequence.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::Sequence(_) | Self::Mapping(_))
    }

    /// Whether this is an empty mapping or sequence.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::Sequence(items) => items.is_empty(),
            Self::Mapping(entries) => entries.is_empty(),
            _ => false,
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(flag),
            Json::Number(number) => Self::Number(number.to_string()),
            Json::String(text) => Self::String(text),
            Json::Array(items) => Self::Sequence(items.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                Self::Mapping(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}
