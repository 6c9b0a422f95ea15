//! Glob patterns over workspace paths. This module reads no disk.

use crate::path::{self, PathError, WorkspacePath};
use std::fmt;

/// The error of an invalid pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The text breaks a rule of paths.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A bracket or brace is not closed, or holds a `/`.
    #[error("`{0}` has a `[` or `{{` that is not closed within its part of the path")]
    Unclosed(String),
    /// A part begins with `!`, which excludes files in the patterns of other tools.
    #[error("`{0}` begins a part with `!`: a pattern cannot exclude files")]
    Negated(String),
}

/// A pattern: `*` and `?` match within a part, `**` matches any number of parts, and `[a-z]` and `{a,b}` are choices. A
/// part also matches the name that is spelled exactly like it, such as a folder `[slug]`. Only a part that begins with a
/// dot matches a hidden name, see [`is_hidden`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Segment>,
    /// Whether wildcards match hidden names too.
    hidden: bool,
}

/// Whether wildcards skip a name: it begins with a dot. They do not skip `.well-known`, because the files below it are for
/// everybody: <https://www.rfc-editor.org/rfc/rfc8615>.
#[must_use]
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of parts that are not hidden.
    Any,
    /// A part without special characters.
    Literal(String),
    /// A glob for a single part.
    Glob(String),
}

impl Pattern {
    /// Parses a pattern. It drops a leading `./`, because shells complete paths with it.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_prefix("./").unwrap_or(text);
        path::check_characters(text)?;
        if path::is_absolute(text) {
            return Err(PathError::Absolute(text.to_owned()).into());
        }
        if text.split('/').count() > WorkspacePath::MAX_PARTS {
            return Err(PathError::TooLong(text.len()).into());
        }
        let parts = text.split('/').map(|part| read_part(part, text)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: text.to_owned(), parts, hidden: false })
    }

    /// The same pattern, whose wildcards match hidden names too.
    #[must_use]
    pub fn with_hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The pattern with leading parts that mean only the name that is spelled like them, up to the first part for which
    /// `exists` is false. `exists` gets the path up to a part with wildcards, that part included.
    #[must_use]
    pub fn resolve(&self, mut exists: impl FnMut(&str) -> bool) -> Self {
        let mut resolved = self.clone();
        let mut path = String::new();
        for part in &mut resolved.parts {
            let (name, is_glob) = match part {
                Segment::Any => break,
                Segment::Literal(name) => (name.clone(), false),
                Segment::Glob(name) => (name.clone(), true),
            };
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&name);
            if is_glob {
                if !exists(&path) {
                    break;
                }
                *part = Segment::Literal(name);
            }
        }
        resolved
    }

    /// The folder of all matches: the leading parts without wildcards, without the last part of the pattern. Empty for the
    /// workspace.
    #[must_use]
    pub fn base(&self) -> String {
        let names = self.parts.iter().take(self.parts.len() - 1).map_while(|part| match part {
            Segment::Literal(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect::<Vec<_>>().join("/")
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, if the pattern has no special characters.
    #[must_use]
    pub fn literal(&self) -> Option<WorkspacePath> {
        let literal = self.parts.iter().all(|part| matches!(part, Segment::Literal(_)));
        literal.then(|| WorkspacePath::parse(&self.text).ok()).flatten()
    }

    /// Whether the pattern matches a path.
    #[must_use]
    pub fn matches(&self, path: &WorkspacePath) -> bool {
        self.matches_text(path.as_str())
    }

    /// Whether the pattern would match a text if it were a path.
    #[must_use]
    pub fn matches_text(&self, text: &str) -> bool {
        let parts: Vec<&str> = text.split('/').collect();
        self.reached(&parts).contains(&self.parts.len())
    }

    /// Whether the pattern could match a file below a folder. The empty path is the workspace.
    #[must_use]
    pub fn may_match_below(&self, folder: &str) -> bool {
        let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        self.reached(&parts).iter().any(|&at| at < self.parts.len())
    }

    /// Whether `outer` certainly matches every path that this pattern matches: the two are equal, this one is a path
    /// that `outer` matches, or `outer` is `folder/**` and this one is below that folder.
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        let may_be_hidden = self.hidden && !outer.hidden;
        if self.parts == outer.parts && !may_be_hidden {
            return true;
        }
        if let Some(path) = self.literal() {
            return outer.matches(&path);
        }
        let Some((Segment::Any, folder)) = outer.parts.split_last() else {
            return false;
        };
        let literal = folder.iter().all(|part| matches!(part, Segment::Literal(_)));
        // Without `hidden`, `**` matches no hidden name, so a pattern that can match one is not within.
        let rest = self.parts.get(folder.len()..).unwrap_or_default();
        let may_be_hidden = may_be_hidden || !outer.hidden && rest.iter().any(Segment::spells_hidden);
        literal && self.parts.starts_with(folder) && !rest.is_empty() && !may_be_hidden
    }

    /// The indexes of the parts of the pattern that could match the next part of the path.
    fn reached(&self, path: &[&str]) -> Vec<usize> {
        let mut at = self.skip_any(vec![0]);
        for text in path {
            let next = at.iter().flat_map(|&i| self.step(i, text)).flatten().collect();
            at = self.skip_any(next);
        }
        at
    }

    /// The indexes after one part of a path, from `index`. A last `**` matches it and may go on.
    fn step(&self, index: usize, text: &str) -> [Option<usize>; 2] {
        match self.parts.get(index) {
            Some(part) if part.takes(text, self.hidden) => match part {
                Segment::Any => [Some(index), (index + 1 == self.parts.len()).then_some(index + 1)],
                _ => [Some(index + 1), None],
            },
            _ => [None, None],
        }
    }

    /// Adds the indexes after each `**`, because `**` also matches no part, except as the last part.
    fn skip_any(&self, mut at: Vec<usize>) -> Vec<usize> {
        let mut i = 0;
        while i < at.len() {
            let behind = at[i] + 1;
            let skips = self.parts.get(at[i]) == Some(&Segment::Any) && behind < self.parts.len();
            if skips && !at.contains(&behind) {
                at.push(behind);
            }
            i += 1;
        }
        at
    }
}

impl Segment {
    /// Whether this part matches a single part of a path. `hidden`: whether wildcards match hidden names.
    fn takes(&self, text: &str, hidden: bool) -> bool {
        match self {
            Self::Any => hidden || !is_hidden(text),
            Self::Literal(literal) => literal == text,
            Self::Glob(glob) if glob == text => true,
            Self::Glob(glob) => {
                let skips = is_hidden(text) && !hidden && !glob.starts_with('.');
                !skips && fast_glob::glob_match(glob, text)
            }
        }
    }

    /// Whether this part can match a hidden name without `hidden`.
    fn spells_hidden(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Literal(name) => is_hidden(name),
            Self::Glob(glob) => glob.starts_with('.'),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_part(part: &str, whole: &str) -> Result<Segment, PatternError> {
    match part {
        "" | "." | ".." => return Err(PathError::Dots(whole.to_owned()).into()),
        "**" => return Ok(Segment::Any),
        _ if part.starts_with('!') => return Err(PatternError::Negated(whole.to_owned())),
        _ => {}
    }
    if !part.contains(['*', '?', '[', ']', '{', '}']) {
        return Ok(Segment::Literal(part.to_owned()));
    }
    if !closes(part) {
        return Err(PatternError::Unclosed(whole.to_owned()));
    }
    // Within a part, `**` is the same as `*`.
    Ok(Segment::Glob(part.replace("**", "*")))
}

/// Whether the part closes every bracket and brace that it opens.
fn closes(part: &str) -> bool {
    let (mut braces, mut bracket) = (0_u32, false);
    for c in part.chars() {
        match c {
            '[' if bracket => return false,
            '[' => bracket = true,
            ']' if !bracket => return false,
            ']' => bracket = false,
            '{' if !bracket => braces += 1,
            '}' if !bracket && braces == 0 => return false,
            '}' if !bracket => braces -= 1,
            _ => {}
        }
    }
    braces == 0 && !bracket
}

#[cfg(test)]
mod tests;
