//! The path of a file in the workspace. Its type proves that it leads to no place outside. This module reads no disk.

use std::fmt;

/// The error of an invalid workspace path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text has no characters.
    #[error("a path is empty")]
    Empty,
    /// The text is longer than [`WorkspacePath::MAX_BYTES`] or has too many parts.
    #[error("a path of {0} bytes is too long")]
    TooLong(usize),
    /// The path begins with `/` or a drive letter.
    #[error("`{0}` is absolute; a path is relative to the workspace")]
    Absolute(String),
    /// A part is `.`, `..` or empty.
    #[error("`{0}` has a part that is empty, `.` or `..`")]
    Dots(String),
    /// It has a character with a special meaning for terminals or for file names of other systems.
    #[error("`{}` has a backslash, a control character or an invisible one", .0.escape_debug())]
    Character(String),
}

/// A relative path with `/` between its parts: at least one part, none of them empty, `.` or `..`,
/// no backslash, no control or invisible formatting character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspacePath(String);

impl WorkspacePath {
    /// The longest path in bytes: `PATH_MAX` of Linux.
    pub const MAX_BYTES: usize = 4096;
    /// The largest number of parts.
    pub const MAX_PARTS: usize = 128;

    /// Parses a path. It accepts only the one canonical spelling and corrects nothing.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        check_characters(text)?;
        if is_absolute(text) {
            return Err(PathError::Absolute(text.to_owned()));
        }
        if text.split('/').count() > Self::MAX_PARTS {
            return Err(PathError::TooLong(text.len()));
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(PathError::Dots(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, from the outermost folder to the file's name.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether it is `-`: the standard input of the run.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        self.0 == "-"
    }

    /// The folder of the file, and its name.
    #[must_use]
    pub fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, &self.0),
        }
    }
}

impl fmt::Display for WorkspacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The checks of paths and patterns: length and characters.
pub(crate) fn check_characters(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > WorkspacePath::MAX_BYTES {
        return Err(PathError::TooLong(text.len()));
    }
    if text.chars().any(|c| c == '\\' || c.is_control() || is_invisible(c)) {
        return Err(PathError::Character(text.to_owned()));
    }
    Ok(())
}

/// Whether the text is an absolute path on any system.
pub(crate) fn is_absolute(text: &str) -> bool {
    let mut chars = text.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
    text.starts_with('/') || drive
}

/// Characters that show nothing, or turn the text around (Unicode general category Cf, the ones that occur in attacks, and
/// the line separators): a path that looks like another must not pass. Persian, Hindi and emoji need the joiners, the
/// variation selectors and the tags, so paths may have those; the log writes them as escapes.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD
            | 0x061C
            | 0x180E
            | 0x200B
            | 0x200E..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0xE_001F
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_paths_pass_and_everything_else_is_refused() {
        for good in [
            "a",
            "a/b.yaml",
            "deploy/prod/web.yaml",
            "..a/b..",
            ".github/x",
            "größe/ü.yaml",
            "❤\u{fe0f}.svg",
            "می\u{200c}خ.html",
            "👩\u{200d}💻",
        ] {
            assert_eq!(WorkspacePath::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            "./a",
            "a/./b",
            "..",
            "a/../b",
            "../a",
            "a\\b",
            "C:/x",
            "c:x",
            "a\0b",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}",
            "\u{feff}a",
        ] {
            assert!(WorkspacePath::parse(bad).is_err(), "{bad:?} passed");
        }
        assert!(WorkspacePath::parse(&"a/".repeat(5000)).is_err());
        assert!(WorkspacePath::parse(&vec!["a"; 200].join("/")).is_err());
    }

    proptest! {
        #[test]
        fn a_valid_path_has_only_real_parts(text in "[a./\\\\ -~\u{200b}]{0,40}") {
            if let Ok(path) = WorkspacePath::parse(&text) {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(path.parts().all(|part| !matches!(part, "" | "." | "..")));
            }
        }
    }
}
