//! Which texts can name an object, and where a file lands. It never looks at a file or a store.

use lockstep_glue::characters::is_invisible;

/// The longest key in bytes.
pub const LONGEST_KEY: usize = 1024;

/// Where objects go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The full prefix, with `/` at its end.
    pub prefix: String,
    /// How many bytes of it belong to keys.
    in_keys: usize,
    /// Whether it is a local folder.
    pub folder: bool,
}

impl Target {
    /// Reads `to`.
    ///
    /// # Errors
    /// What is wrong, and the next act.
    pub fn read(to: &str) -> Result<Self, (String, String)> {
        let folder = to.starts_with("file:///");
        let key = if let Some(key) = to.strip_prefix("file:///") {
            key
        } else if let Some(rest) = to.strip_prefix("s3://") {
            rest.split_once('/').map_or("", |(_, key)| key)
        } else {
            let hint = "write `s3://BUCKET/PREFIX/` or `file:///FOLDER/`".to_owned();
            return Err((format!("`to` is `{to}`, which names no store"), hint));
        };
        if !to.ends_with('/') || to == "s3://" {
            let message = format!("`to` is `{to}`, which has no `/` at its end");
            return Err((message, format!("write `{to}/`: files land below it under their own names")));
        }
        if !key.is_empty() && !is_plain(key.trim_end_matches('/')) || key.ends_with("//") {
            let hint = "leave out parts that are empty, `.` or `..`".to_owned();
            return Err((format!("`to` is `{to}`, which is no plain name"), hint));
        }
        Ok(Self { prefix: to.to_owned(), in_keys: key.len(), folder })
    }

    /// The full name of the object that a path below the prefix makes.
    #[must_use]
    pub fn name(&self, below: &str) -> String {
        format!("{}{below}", self.prefix)
    }

    /// The path below the prefix of a full name, if it is one that a file can have.
    #[must_use]
    pub fn below<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&self.prefix).filter(|below| self.fits(below))
    }

    /// Whether a path below the prefix is the name of an object that this step may touch.
    #[must_use]
    pub fn fits(&self, below: &str) -> bool {
        is_plain(below) && self.in_keys + below.len() <= LONGEST_KEY
    }
}

/// Whether every part is a name, to the store and to servers that decode a key once more than they should. The host
/// has the same rule.
#[must_use]
pub fn is_plain(key: &str) -> bool {
    let decoded = |part: &str| part.replace("%2e", ".").replace("%2E", ".");
    let encoded = ["%2f", "%2F", "%5c", "%5C"];
    !key.chars().any(|c| c == '\\' || c.is_control() || is_invisible(c))
        && !encoded.iter().any(|slash| key.contains(slash))
        && key.split('/').all(|part| !matches!(decoded(part).as_str(), "" | "." | ".."))
}

/// A source, and how the paths it finds become names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it was given.
    pub text: String,
    /// What to look for, and how many bytes of each path found are left out.
    pub patterns: Vec<(String, usize)>,
}

impl Source {
    /// Reads a source: a path means the file, or everything below the folder; anything else is a pattern.
    ///
    /// # Errors
    /// The text is empty.
    pub fn read(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("./").unwrap_or(text);
        let path = if path.is_empty() { "." } else { path.trim_end_matches('/') };
        let patterns = if text.is_empty() || path.is_empty() {
            return Err(format!("a source is `{text}`"));
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

/// What makes a text a pattern.
const SPECIAL: [char; 6] = ['*', '?', '[', ']', '{', '}'];
