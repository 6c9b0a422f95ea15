//! Names of objects, and the key that each file gets. It never looks at a file or a store.

use lockstep_sdk::InputError;
use lockstep_sdk::characters::is_invisible;

/// The longest key of a store in bytes.
pub const MAX_KEY_BYTES: usize = 1024;

/// Where the objects go: the input `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The full prefix; it ends with `/`.
    pub prefix: String,
    /// The only key below the prefix, if `to` is the name of one object.
    pub only_key: Option<String>,
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
        let rest = if let Some(key) = to.strip_prefix("file:///") {
            Some(key)
        } else if let Some(rest) = to.strip_prefix("s3://") {
            rest.split_once('/').map(|(_, key)| key)
        } else {
            let hint = "write `s3://BUCKET/PREFIX/` or `file:///FOLDER/`";
            return Err(InputError::new(format!("`to` is `{to}`, which names no store"), hint));
        };
        let Some(key) = rest.filter(|_| to != "s3://") else {
            let message = format!("`to` is `{to}`, which has no `/` after the name of the bucket");
            return Err(InputError::new(message, format!("write `{to}/`: the names of the files follow it")));
        };
        if !key.is_empty() && !is_plain(key.strip_suffix('/').unwrap_or(key)) {
            let message = format!("`to` is `{to}`, which has a part that no key may have");
            return Err(InputError::new(message, "remove parts that are empty, `.` or `..`"));
        }
        let folder = key.rfind('/').map_or("", |slash| &key[..=slash]);
        let only_key = Some(key[folder.len()..].to_owned()).filter(|name| !name.is_empty());
        let prefix = to[..to.len() - only_key.as_ref().map_or(0, String::len)].to_owned();
        Ok(Self { prefix, only_key, key_bytes: folder.len(), is_folder })
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

/// Why this step may not write an object with a key that is not valid.
#[must_use]
pub fn rule(key: &str) -> String {
    let encoded = ["%2f", "%2F", "%5c", "%5C", "%2e", "%2E"];
    match encoded.iter().find(|text| key.contains(**text)) {
        Some(text) => {
            format!("Lockstep sends no key with `{text}`, because some servers decode it to another key")
        }
        None if key.len() > MAX_KEY_BYTES / 2 => {
            format!("a key has at most {MAX_KEY_BYTES} bytes, with the prefix of `to`")
        }
        None => "no object can have this name".to_owned(),
    }
}

/// The path or pattern of a source, without `./` in front and `/` at the end; `.` for the whole workspace.
///
/// # Errors
/// The text is empty.
pub fn source(text: &str) -> Result<String, String> {
    let path = text.strip_prefix("./").unwrap_or(text);
    let path = if path.is_empty() && !text.is_empty() { "." } else { path.trim_end_matches('/') };
    if path.is_empty() {
        return Err(format!("invalid source `{text}`: expected a path or a pattern"));
    }
    Ok(path.to_owned())
}
