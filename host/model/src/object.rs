//! The name of an object in a store: `s3://BUCKET/KEY`, or `file:///FOLDER/NAME` for a local folder. Its type proves
//! that the key leads to no other place. This module sends no request.

use crate::path::{self, PathError};
use std::fmt;

/// The error of an invalid name of an object or a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The text begins with no known scheme.
    #[error("invalid object `{0}`: expected `s3://BUCKET/KEY`, or `file:///FOLDER/NAME` for a local folder")]
    Store(String),
    /// The name of the bucket is invalid.
    #[error("invalid bucket name in `{0}`: expected 3 to 255 letters, digits, `.`, `_` and `-`")]
    Bucket(String),
    /// No `/` follows the name of the bucket.
    #[error("`{0}` has no `/` after the name of the bucket; write `{0}/`")]
    NoKey(String),
    /// The key is longer than [`ObjectName::MAX_BYTES`].
    #[error("a key of {0} bytes is too long: a store accepts 1,024")]
    TooLong(usize),
    /// A part of the key is empty, `.` or `..`, or a server could take it for one of them.
    #[error("`{0}` has a part that is empty, `.` or `..`")]
    Dots(String),
    /// It has a character with a special meaning for terminals or for file names of other systems.
    #[error("`{}` has a backslash, a control character or an invisible one", .0.escape_debug())]
    Character(String),
}

/// The name of an object. If it ends with `/`, it is a prefix: all objects whose names begin with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    text: String,
    /// The index of the first byte of the key.
    key: usize,
}

/// The store of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectStore<'a> {
    /// The bucket of this name.
    Bucket(&'a str),
    /// The local file system: the key is a path without its first `/`.
    Folder,
}

const S3: &str = "s3://";
const FOLDER: &str = "file:///";

impl ObjectName {
    /// The longest key in bytes, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
    pub const MAX_BYTES: usize = 1024;

    /// Parses a name. It accepts only the one canonical spelling and corrects nothing.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, ObjectError> {
        let character = |error| match error {
            PathError::TooLong(length) => ObjectError::TooLong(length),
            _ => ObjectError::Character(text.to_owned()),
        };
        path::check_characters(text).map_err(character)?;
        let key = if let Some(rest) = text.strip_prefix(S3) {
            let bucket = rest.split('/').next().unwrap_or_default();
            let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let named =
                (3..=255).contains(&bucket.len()) && bucket.chars().all(good) && !bucket.contains("..");
            if !named {
                return Err(ObjectError::Bucket(text.to_owned()));
            }
            if rest.len() == bucket.len() {
                return Err(ObjectError::NoKey(text.to_owned()));
            }
            S3.len() + bucket.len() + 1
        } else if text.starts_with(FOLDER) {
            FOLDER.len()
        } else {
            return Err(ObjectError::Store(text.to_owned()));
        };
        let name = Self { text: text.to_owned(), key };
        if name.key().len() > Self::MAX_BYTES {
            return Err(ObjectError::TooLong(name.key().len()));
        }
        let parts = name.key().strip_suffix('/').unwrap_or(name.key());
        if !(parts.is_empty() && name.is_prefix()) && parts.split('/').any(is_dots) {
            return Err(ObjectError::Dots(text.to_owned()));
        }
        Ok(name)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key within the store.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.text[self.key..]
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> ObjectStore<'_> {
        match self.text.strip_prefix(S3) {
            Some(_) => ObjectStore::Bucket(&self.text[S3.len()..self.key - 1]),
            None => ObjectStore::Folder,
        }
    }

    /// Whether it is a prefix.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.text.ends_with('/')
    }

    /// Whether `other` is the same object, or is below this prefix.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || self.is_prefix() && other.text.starts_with(&self.text)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a part of a key is empty, `.` or `..`, also after one more decoding: some servers decode a key twice.
fn is_dots(part: &str) -> bool {
    let decoded = part.replace("%2e", ".").replace("%2E", ".");
    matches!(decoded.as_str(), "" | "." | "..")
        || part.contains("%2f")
        || part.contains("%2F")
        || part.contains("%5c")
        || part.contains("%5C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> ObjectName {
        ObjectName::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_a_store_and_a_key() {
        let object = name("s3://releases/web/app.js");
        assert_eq!((object.store(), object.key()), (ObjectStore::Bucket("releases"), "web/app.js"));
        let object = name("file:///srv/releases/app.js");
        assert_eq!((object.store(), object.key()), (ObjectStore::Folder, "srv/releases/app.js"));
        assert_eq!((name("s3://releases/").key(), name("s3://releases/").is_prefix()), ("", true));
        assert_eq!(name("s3://releases/a b/ü+&=?#%41").key(), "a b/ü+&=?#%41");
    }

    #[test]
    fn only_names_below_a_prefix_are_covered() {
        let web = name("s3://releases/web/");
        assert!(web.covers(&name("s3://releases/web/a")) && web.covers(&name("s3://releases/web/a/b/")));
        for other in [
            "s3://releases/webby/a",
            "s3://releases2/web/a",
            "s3://releases/web",
            "s3://releases/",
            "file:///releases/web/a",
        ] {
            assert!(!web.covers(&name(other)), "{other}");
        }
        assert!(name("s3://releases/").covers(&web));
        let object = name("s3://releases/a");
        assert!(object.covers(&object) && !object.covers(&name("s3://releases/a/b")));
    }

    #[test]
    fn a_name_in_another_spelling_is_refused() {
        for bad in [
            "",
            "a/b",
            "s3://",
            "s3://ab/x",
            "s3://releases",
            "s3:///x",
            "s3://re leases/x",
            "s3://a..b/x",
            "s3://rel@evil/x",
            "file://host/x",
            "file:/x",
            "https://releases/x",
            "S3://releases/x",
            "s3://releases/../x",
            "s3://releases/a/../../x",
            "s3://releases/./x",
            "s3://releases//x",
            "s3://releases/a//",
            "s3://releases/%2e%2e/x",
            "s3://releases/.%2E/x",
            "s3://releases/a%2f..%2fb",
            "s3://releases/a\\b",
            "s3://releases/a\nb",
            "s3://releases/\u{202e}x",
            "file:///../etc/passwd",
            "file:////etc",
        ] {
            assert!(ObjectName::parse(bad).is_err(), "{bad:?} passed");
        }
        assert!(ObjectName::parse(&format!("s3://releases/{}", "a".repeat(1025))).is_err());
    }

    proptest! {
        #[test]
        fn a_covered_name_begins_with_the_prefix(prefix in "s3://abc/([a-c]{1,2}/){0,2}", text in "s3://abc/[a-c./%2e]{0,12}") {
            if let Ok(object) = ObjectName::parse(&text) {
                prop_assert!(!object.key().split('/').any(|part| part == ".."));
                prop_assert_eq!(name(&prefix).covers(&object), object.as_str().starts_with(&prefix));
            }
        }
    }
}
