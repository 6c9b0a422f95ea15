//! The values an edit can write: what JSON can say. Never knows how YAML spells them.

use lockstep_path::clip;
use serde_json::Value as Json;
use thiserror::Error;

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as JSON spells it.
    Number(String),
    /// A string.
    String(String),
    /// A plain scalar of a file, as it is written there: readers do not agree on what it is.
    Plain(String),
    /// A list.
    Sequence(Vec<Value>),
    /// Keys and values in the order given; no key twice.
    Mapping(Vec<(String, Value)>),
}

/// Text that is not one JSON value.
#[derive(Debug, Error, PartialEq)]
pub enum NotJson {
    /// The text cannot be read.
    #[error("`{text}` is not JSON: {problem}")]
    Malformed {
        /// The beginning of the text.
        text: String,
        /// What the parser says.
        problem: String,
    },
    /// Arrays and objects within one another beyond all measure.
    #[error("more than {0} collections within one another")]
    TooDeep(usize),
    /// A key stands twice in one object.
    #[error("the JSON value has the key `{0}` twice")]
    DuplicateKey(String),
}

/// The most arrays and objects within one another that `serde_json` reads.
const JSON_DEPTH: usize = 127;

impl Value {
    /// Reads one JSON value. Numbers keep their digits.
    ///
    /// # Errors
    /// If the text is not JSON or too deep, or an object has a key twice.
    pub fn from_json(text: &str) -> Result<Self, NotJson> {
        let json: Json = serde_json::from_str(text).map_err(|error| match error.to_string() {
            problem if problem.starts_with("recursion limit") => NotJson::TooDeep(JSON_DEPTH),
            problem => NotJson::Malformed { text: clip(text, 40), problem },
        })?;
        // serde_json keeps the last of two equal keys without a word. JSON is YAML, so our own
        // reader of YAML can tell.
        match crate::Stream::open(text.as_bytes()).map_err(|refusal| refusal.reason) {
            Err(crate::Reason::DuplicateKey { key, .. }) => Err(NotJson::DuplicateKey(key)),
            _ => Ok(json.into()),
        }
    }

    /// Whether this is a mapping or a sequence.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::Sequence(_) | Self::Mapping(_))
    }

    /// Whether this is a mapping or a sequence without anything in it.
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
