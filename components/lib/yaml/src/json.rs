//! Reads JSON values, with the check for duplicate keys that `serde_json` does not make.

use crate::refusal::RefusalReason;
use crate::stream::Stream;
use crate::value::{InvalidJson, Value};

impl Value {
    /// Reads one JSON value. Numbers keep their digits.
    ///
    /// # Errors
    /// The text is not JSON or too deep, or an object has a duplicate key.
    pub fn from_json(text: &str) -> Result<Self, InvalidJson> {
        let value = Self::parse_json(text)?;
        // JSON is YAML, so the parser of this library finds duplicate keys.
        match Stream::open(text.as_bytes()).map_err(|refusal| refusal.reason) {
            Err(RefusalReason::DuplicateKey { key, .. }) => Err(InvalidJson::DuplicateKey(key)),
            _ => Ok(value),
        }
    }
}
