//! What a search skips: the host lists it, so that no step passes over a file in silence.

use std::fmt::Write as _;

/// The reason why a search skips an entry of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// It is a symbolic link.
    SymbolicLink,
    /// Its name is hidden, and the pattern does not spell it.
    Hidden,
    /// It is a pipe, a socket or a device.
    SpecialFile,
    /// [`lockstep_model::path::WorkspacePath`] cannot hold its name.
    UnsupportedName,
    /// It is a file of this run or of its CI system.
    Protected,
}

/// An entry that a search skipped: the pattern would match it, or files below it, if the reason did not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedEntry {
    /// Its path. An unsupported name has escapes.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
    /// Whether it is a folder: the search skips everything below it.
    pub is_folder: bool,
    /// The target of a symbolic link as the link spells it.
    pub target: Option<String>,
}

/// A name with escapes: `\\n`, `\\u{202e}`, and `\\xe9` for a byte that is not UTF-8.
pub(super) fn escape_name(name: &[u8]) -> String {
    let mut escaped = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => escaped.push_str("\\\\"),
                c if c.is_control() || lockstep_model::path::is_invisible(c) => {
                    escaped.extend(c.escape_default())
                }
                c => escaped.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_name_is_one_visible_line() {
        for (name, escaped) in [
            (&b"a b"[..], "a b"),
            (b"new\nline", "new\\nline"),
            (b"back\\slash", "back\\\\slash"),
            (b"latin\xe9", "latin\\xe9"),
            ("a\u{202e}b\u{200d}".as_bytes(), "a\\u{202e}b\u{200d}"),
        ] {
            assert_eq!(escape_name(name), escaped);
        }
    }
}
