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

/// A pattern: `*` and `?` match within a part, `**` matches any number of parts, and `[a-z]` and `{a,b}` are choices.
/// Only a part that begins with a dot matches a name that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of parts that do not begin with a dot.
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
        Ok(Self { text: text.to_owned(), parts })
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
        let parts: Vec<&str> = path.parts().collect();
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
        if self == outer {
            return true;
        }
        if let Some(path) = self.literal() {
            return outer.matches(&path);
        }
        let Some((Segment::Any, folder)) = outer.parts.split_last() else {
            return false;
        };
        let literal = folder.iter().all(|part| matches!(part, Segment::Literal(_)));
        // `**` does not match hidden parts, so a pattern with one is not within.
        let rest = self.parts.get(folder.len()..).unwrap_or_default();
        literal && self.parts.starts_with(folder) && !rest.is_empty() && !rest.iter().any(Segment::spells_dot)
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
            Some(part) if part.takes(text) => match part {
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
    /// Whether this part matches a single part of a path.
    fn takes(&self, text: &str) -> bool {
        match self {
            Self::Any => !text.starts_with('.'),
            Self::Literal(literal) => literal == text,
            Self::Glob(glob) => {
                let hidden = text.starts_with('.') && !self.spells_dot();
                !hidden && fast_glob::glob_match(glob, text)
            }
        }
    }

    fn spells_dot(&self) -> bool {
        matches!(self, Self::Literal(text) | Self::Glob(text) if text.starts_with('.'))
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn matches(text: &str, path: &str) -> bool {
        pattern(text).matches(&WorkspacePath::parse(path).unwrap())
    }

    #[test]
    fn a_pattern_matches_as_in_other_tools() {
        for (text, path) in [
            ("deploy/web.yaml", "deploy/web.yaml"),
            ("./deploy/*.yaml", "deploy/web.yaml"),
            ("deploy/**/*.yaml", "deploy/web.yaml"),
            ("deploy/**/*.yaml", "deploy/a/b/web.yaml"),
            ("**/*.{yaml,yml}", "web.yml"),
            ("**", "a/b"),
            ("a/**", "a/b/c"),
            ("env-[a-c]?/x", "env-b1/x"),
            (".github/*", ".github/x"),
        ] {
            assert!(matches(text, path), "{text} should match {path}");
        }
        for (text, path) in [
            ("deploy/*.yaml", "deploy/a/web.yaml"),
            ("*", ".hidden"),
            ("**", ".git/config"),
            ("**/*.yaml", "a/.b/c.yaml"),
            ("deploy", "deploy/web.yaml"),
            ("deploy/**", "deploy"),
            ("deploy/**", "deployment/web.yaml"),
        ] {
            assert!(!matches(text, path), "{text} should not match {path}");
        }
    }

    #[test]
    fn folders_that_cannot_hold_a_match_are_known() {
        assert!(pattern("deploy/**/*.yaml").may_match_below(""));
        assert!(pattern("deploy/**/*.yaml").may_match_below("deploy/prod"));
        assert!(!pattern("deploy/**/*.yaml").may_match_below("src"));
        assert!(!pattern("deploy/*.yaml").may_match_below("deploy/prod"));
        assert!(!pattern("**/*.yaml").may_match_below(".git"));
    }

    #[test]
    fn a_pattern_is_within_another_only_where_that_is_certain() {
        for (inner, outer) in [
            ("a/*.yaml", "a/*.yaml"),
            ("a/b.yaml", "a/*.yaml"),
            ("a/b/*.yaml", "a/**"),
            ("a/**/x", "a/**"),
            ("a/b", "**"),
        ] {
            assert!(pattern(inner).is_within(&pattern(outer)), "{inner} is within {outer}");
        }
        for (inner, outer) in [
            ("a/**", "a/*"),
            ("a/**", "a/b/**"),
            ("ab/c", "a/**"),
            ("**", "a/**"),
            ("a/.b/*", "a/**"),
            ("a/*", "b/**"),
            ("*/x", "a/**"),
        ] {
            assert!(!pattern(inner).is_within(&pattern(outer)), "{inner} is not within {outer}");
        }
    }

    #[test]
    fn an_invalid_pattern_is_refused() {
        for bad in
            ["", "/a", "a/../*", "a//b", "a/", "[a", "{a", "a]", "{a/b,c}", "!a", "a/!b", "C:/*", "a\\*"]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad:?} passed");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_within_another_matches_no_other_path(
            inner in "([a-b*]|\\*\\*|\\.a)(/([a-b*]|\\*\\*|\\.a)){0,3}",
            outer in "([a-b*]|\\*\\*|\\.a)(/([a-b*]|\\*\\*|\\.a)){0,3}",
            path in "(\\.?[a-b])(/(\\.?[a-b])){0,4}",
        ) {
            let (inner, outer, path) = (pattern(&inner), pattern(&outer), WorkspacePath::parse(&path).unwrap());
            if inner.is_within(&outer) && inner.matches(&path) {
                prop_assert!(outer.matches(&path));
            }
        }

        #[test]
        fn a_match_is_never_pruned(text in "([a-b*]|\\*\\*)(/([a-b*]|\\*\\*)){0,3}", path in "[a-b](/[a-b]){0,4}") {
            let (pattern, path) = (pattern(&text), WorkspacePath::parse(&path).unwrap());
            if pattern.matches(&path) {
                let mut folder = String::new();
                for part in path.parts() {
                    prop_assert!(pattern.may_match_below(&folder));
                    if !folder.is_empty() { folder.push('/'); }
                    folder.push_str(part);
                }
            }
        }

        #[test]
        fn no_text_panics_the_parser(text in "\\PC{0,30}", path in "[a-z/]{1,20}") {
            if let (Ok(pattern), Ok(path)) = (Pattern::parse(&text), WorkspacePath::parse(&path)) {
                let _ = pattern.matches(&path);
            }
        }
    }
}
