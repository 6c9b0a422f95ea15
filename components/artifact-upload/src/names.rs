//! Names of objects, and the key that each file gets. It never looks at a file or a store.

use lockstep_sdk::InputError;
use lockstep_sdk::characters::is_invisible;

/// The longest key of a store in bytes.
pub const MAX_KEY_BYTES: usize = 1024;

/// The prefix of all objects: the input `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The full prefix; it ends with `/`.
    pub prefix: String,
    /// How many bytes of the prefix belong to the keys of the store.
    key_bytes: usize,
    /// Whether the store is a local folder.
    pub is_folder: bool,
}

impl Target {
    /// Parses the input `to`.
    ///
    /// # Errors
    /// What is wrong with it, and the next act.
    pub fn parse(to: &str) -> Result<Self, InputError> {
        let is_folder = to.starts_with("file:///");
        let key = if let Some(key) = to.strip_prefix("file:///") {
            key
        } else if let Some(rest) = to.strip_prefix("s3://") {
            rest.split_once('/').map_or("", |(_, key)| key)
        } else {
            let hint = "write `s3://BUCKET/PREFIX/` or `file:///FOLDER/`";
            return Err(InputError::new(format!("`to` is `{to}`, which names no store"), hint));
        };
        if !to.ends_with('/') || to == "s3://" {
            let message = format!("`to` is `{to}`, which has no `/` at its end");
            let hint = format!("write `{to}/`: the names of the files follow it");
            return Err(InputError::new(message, hint));
        }
        if !key.is_empty() && !is_plain(key.trim_end_matches('/')) || key.ends_with("//") {
            let message = format!("`to` is `{to}`, which has a part that no key may have");
            return Err(InputError::new(message, "remove parts that are empty, `.` or `..`"));
        }
        Ok(Self { prefix: to.to_owned(), key_bytes: key.len(), is_folder })
    }

    /// The full name of the object with this key below the prefix.
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The key below the prefix of an object with this full name; none if no file can get this key.
    #[must_use]
    pub fn key<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&self.prefix).filter(|key| self.is_valid_key(key))
    }

    /// Whether this step may write or delete an object with this key below the prefix.
    #[must_use]
    pub fn is_valid_key(&self, key: &str) -> bool {
        is_plain(key) && self.key_bytes + key.len() <= MAX_KEY_BYTES
    }
}

/// Whether every part of a key is a name, also for a server that decodes the key once more. The host has the same rule.
#[must_use]
pub fn is_plain(key: &str) -> bool {
    let decoded = |part: &str| part.replace("%2e", ".").replace("%2E", ".");
    let encoded = ["%2f", "%2F", "%5c", "%5C"];
    !key.chars().any(|c| c == '\\' || c.is_control() || is_invisible(c))
        && !encoded.iter().any(|slash| key.contains(slash))
        && key.split('/').all(|part| !matches!(decoded(part).as_str(), "" | "." | ".."))
}

/// A source, and how the paths of its files become keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The text of the input.
    pub text: String,
    /// Patterns for files, and how many bytes of the path of each file are not part of the key.
    pub patterns: Vec<(String, usize)>,
}

impl Source {
    /// Parses a source. A path without special characters means the file, or everything below the folder.
    ///
    /// # Errors
    /// The text is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("./").unwrap_or(text);
        let path = if path.is_empty() { "." } else { path.trim_end_matches('/') };
        let patterns = if text.is_empty() || path.is_empty() {
            return Err(format!("invalid source `{text}`: expected a path or a pattern"));
        } else if path == "." {
            vec![("**".to_owned(), 0)]
        } else if path.contains(SPECIAL) {
            let parts = path.split('/').take_while(|part| !part.contains(SPECIAL));
            vec![(path.to_owned(), parts.map(|part| part.len() + 1).sum())]
        } else {
            let name = path.rfind('/').map_or(0, |slash| slash + 1);
            vec![(path.to_owned(), name), (format!("{path}/**"), path.len() + 1)]
        };
        Ok(Self { text: text.to_owned(), patterns })
    }
}

/// The characters that make a text a pattern.
const SPECIAL: [char; 6] = ['*', '?', '[', ']', '{', '}'];
