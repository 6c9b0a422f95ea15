//! Parses JSON Pointers and dotted paths into segments, and prints them.

use std::fmt;

use thiserror::Error;

use crate::clip::clip;

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The value of a key.
    Key(String),
    /// The item at an index, counted from 0.
    Index(usize),
    /// A number in a JSON Pointer: the item of a sequence, or the key of a mapping.
    KeyOrIndex(usize),
    /// The items that are mappings in which this key has this text.
    Match {
        /// The key.
        key: String,
        /// The text of its value.
        value: String,
    },
    /// Every item of a sequence.
    Wildcard,
}

/// A path from the root of a document to the values that it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    segments: Vec<Segment>,
    pointer: bool,
}

/// The error for a text that is not a path.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid path `{path}`: {problem}")]
pub struct InvalidPath {
    /// The text.
    pub path: String,
    /// Why it is not a path.
    pub problem: &'static str,
}

impl Path {
    /// Parses a JSON Pointer (`/a/b~1c/0`) or a dotted path (`.a["b/c"][0]`). In both, `[name=app]` selects the items of a
    /// list with this name, and `[]` or `[*]` selects all items. A dotted path can also contain
    /// `[] | select(.name == "app") |`, as in yq. Other expressions of yq, jq and JSONPath are errors that show the
    /// equivalent path.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        match Self::parse_prefix(text)? {
            (path, "") => Ok(path),
            _ => Err(invalid(text, "write a key with `=` as `[\"…\"]`")),
        }
    }

    /// Parses `PATH=REST`, separated by the first `=` outside brackets and quotes.
    ///
    /// # Errors
    /// There is no such `=`, or the text before it is not a path.
    pub fn parse_assignment(text: &str) -> Result<(Self, &str), InvalidPath> {
        let (path, rest) = Self::parse_prefix(text)?;
        match rest.strip_prefix('=') {
            Some(rest) => Ok((path, rest)),
            None => Err(invalid(text, "`=` is missing after it")),
        }
    }

    /// Creates a path of these segments that prints as a dotted path.
    pub fn of(segments: Vec<Segment>) -> Self {
        Self { segments, pointer: false }
    }

    /// The segments, from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The path without its last segment. `None` for a path without segments.
    pub fn parent(&self) -> Option<Self> {
        let (_, outer) = self.segments.split_last()?;
        Some(Self { segments: outer.to_vec(), pointer: self.pointer })
    }

    /// Parses up to a `=` or the end of the text, and returns the rest.
    fn parse_prefix(text: &str) -> Result<(Self, &str), InvalidPath> {
        let pointer = text.starts_with('/');
        let parsed = if pointer { parse_pointer(text) } else { parse_dotted(text) };
        let (segments, rest) = parsed.map_err(|problem| invalid(text, problem))?;
        Ok((Self { segments, pointer }, rest))
    }
}

fn invalid(path: &str, problem: &'static str) -> InvalidPath {
    InvalidPath { path: clip(path, 120), problem }
}

fn parse_pointer(text: &str) -> Result<(Vec<Segment>, &str), &'static str> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some(part) = rest.strip_prefix('/') {
        if part.starts_with('[') {
            let (segment, after) = parse_bracket(part)?;
            segments.push(segment);
            rest = after;
        } else {
            let end = part.find(['/', '=']).unwrap_or(part.len());
            segments.push(pointer_token(&part[..end])?);
            rest = &part[end..];
        }
    }
    match rest.as_bytes() {
        [] | [b'=', ..] => Ok((segments, rest)),
        _ => Err("`/` is missing after `]`"),
    }
}

fn pointer_token(token: &str) -> Result<Segment, &'static str> {
    if let Some(index) = array_index(token) {
        return Ok(Segment::KeyOrIndex(index));
    }
    let mut key = String::new();
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err("`~` must be followed by 0 (for `~`) or 1 (for `/`)"),
            },
            other => other,
        });
    }
    Ok(Segment::Key(key))
}

/// An index in the notation of JSON Pointer: without a sign and without leading zeros.
fn array_index(text: &str) -> Option<usize> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

/// The problem with an unsupported expression after a `|`.
const UNSUPPORTED: &str =
    "after `|`, only `select(.KEY == \"VALUE\")` is supported, and only behind `[]`: write `[KEY=VALUE]`";

fn parse_dotted(text: &str) -> Result<(Vec<Segment>, &str), &'static str> {
    let mut segments = Vec::new();
    if text == "$" || text.starts_with("$.") || text.starts_with("$[") {
        return Err("a path begins with `.`: write a key `$` as `[\"$\"]`");
    }
    if text.starts_with("..") {
        return Err("`..` is not supported: name each key, and write an empty key as `[\"\"]`");
    }
    let mut rest = text.strip_prefix('.').unwrap_or(text);
    loop {
        if rest.starts_with('[') {
            let (segment, after) = parse_bracket(rest)?;
            let (segment, after) = parse_select(segment, after)?;
            segments.push(segment);
            rest = after;
        } else if rest.starts_with(['"', '\'']) {
            let (key, after) = parse_quoted(rest)?;
            segments.push(Segment::Key(key));
            rest = after;
        } else {
            let end = rest.find(['.', '[', '=']).unwrap_or(rest.len());
            let key = &rest[..end];
            if key.is_empty() {
                return Err("a key is empty: write an empty key as `[\"\"]`");
            }
            if key.contains(" |") {
                return Err(UNSUPPORTED);
            }
            if key.contains(['"', '\'', ']', '\n']) || key.trim() != key {
                return Err("write a key with outer blanks, quotes or `]` as `[\"…\"]`");
            }
            segments.push(Segment::Key(key.into()));
            rest = &rest[end..];
        }
        match rest.as_bytes() {
            [] | [b'=', ..] => return Ok((segments, rest)),
            [b'[', ..] => {}
            [b'.', b'[', ..] => return Err("`.[` has one character too many; write `[`"),
            [b'.', ..] => rest = &rest[1..],
            _ => return Err("`.` is missing after `]`"),
        }
    }
}

/// Parses ` | select(.KEY == "VALUE")` behind `[]`, and ` | ` if the path goes on: the notation of yq for `[KEY=VALUE]`.
fn parse_select(segment: Segment, after: &str) -> Result<(Segment, &str), &'static str> {
    let Some(piped) = after.trim_start().strip_prefix('|') else { return Ok((segment, after)) };
    let inner = piped
        .trim_start()
        .strip_prefix("select(")
        .filter(|_| segment == Segment::Wildcard)
        .ok_or(UNSUPPORTED)?;
    let (key, quoted, rest) =
        parse_word(inner.trim_start().strip_prefix('.').ok_or(UNSUPPORTED)?, &[' ', '=', ')'])?;
    let rest = rest.trim_start().strip_prefix("==").ok_or(UNSUPPORTED)?.trim_start();
    let (value, _, rest) = parse_word(rest, &[' ', ')'])?;
    let rest = rest.trim_start().strip_prefix(')').ok_or(UNSUPPORTED)?;
    if key.is_empty() || !quoted && key.contains(['.', '[']) || value.is_empty() {
        return Err(UNSUPPORTED);
    }
    let rest = match rest.trim_start().strip_prefix('|') {
        Some(more) => more.trim_start(),
        None => rest,
    };
    Ok((Segment::Match { key, value }, rest))
}

/// Parses brackets: empty, or with an index, a key in quotes, or `key=value`.
fn parse_bracket(text: &str) -> Result<(Segment, &str), &'static str> {
    let inner = &text[1..];
    let (key, quoted, rest) = parse_word(inner, &['=', ']'])?;
    if let Some(rest) = rest.strip_prefix(']') {
        if quoted {
            return Ok((Segment::Key(key), rest));
        }
        return match array_index(&key) {
            Some(index) => Ok((Segment::Index(index), rest)),
            None if matches!(key.as_str(), "" | "*") => Ok((Segment::Wildcard, rest)),
            None if key.starts_with('-') => Err("an index counts from 0; negative indexes are not supported"),
            None => Err("brackets contain an index, a key in quotes, `key=value`, or nothing for every item"),
        };
    }
    let Some(rest) = rest.strip_prefix('=') else {
        return Err("`]` is missing");
    };
    if key.starts_with(['?', '@']) && !quoted {
        return Err("write a filter as `[KEY=VALUE]`");
    }
    if key.is_empty() && !quoted {
        return Err("the key before `=` is missing");
    }
    let (value, _, rest) = parse_word(rest, &[']'])?;
    match rest.strip_prefix(']') {
        Some(rest) => Ok((Segment::Match { key, value }, rest)),
        None => Err("`]` is missing"),
    }
}

/// Parses a word in quotes, or one up to one of `ends`. Returns whether it was in quotes.
fn parse_word<'a>(text: &'a str, ends: &[char]) -> Result<(String, bool, &'a str), &'static str> {
    if text.starts_with(['"', '\'']) {
        let (word, rest) = parse_quoted(text)?;
        return Ok((word, true, rest));
    }
    let end = text.find(ends).unwrap_or(text.len());
    Ok((text[..end].into(), false, &text[end..]))
}

/// Parses a word in quotes. In double quotes, `\` escapes the next character; in single quotes, `''` is one quote.
fn parse_quoted(text: &str) -> Result<(String, &str), &'static str> {
    let double = text.starts_with('"');
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' if double => match characters.next() {
                Some((_, escaped)) => word.push(escaped),
                None => break,
            },
            '\'' if !double && characters.peek().is_some_and(|&(_, next)| next == '\'') => {
                characters.next();
                word.push('\'');
            }
            '"' if double => return Ok((word, &text[index + 1..])),
            '\'' if !double => return Ok((word, &text[index + 1..])),
            other => word.push(other),
        }
    }
    Err("a quote is not closed")
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            if self.pointer {
                write_pointer(out, segment)?;
            } else {
                out.write_str(&dotted(segment))?;
            }
        }
        Ok(())
    }
}

fn write_pointer(out: &mut fmt::Formatter<'_>, segment: &Segment) -> fmt::Result {
    match segment {
        Segment::Key(key) if key.starts_with('[') || key.contains('=') || array_index(key).is_some() => {
            write!(out, "/[{}]", quoted(key))
        }
        Segment::Key(key) => write!(out, "/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::KeyOrIndex(index) => write!(out, "/{index}"),
        bracket => write!(out, "/{}", dotted(bracket)),
    }
}

/// One segment in the notation of a dotted path, with the dot in front of a bare key.
pub fn dotted(segment: &Segment) -> String {
    match segment {
        Segment::Key(key) if is_bare(key) => format!(".{key}"),
        Segment::Key(key) => format!("[{}]", quoted(key)),
        Segment::Index(index) | Segment::KeyOrIndex(index) => format!("[{index}]"),
        Segment::Match { key, value } => format!("[{}={}]", word(key), word(value)),
        Segment::Wildcard => "[]".into(),
    }
}

fn is_bare(key: &str) -> bool {
    let plain = !key.contains(['.', '[', ']', '"', '\'', '=', '/', '\n']) && !key.contains(" |");
    plain && !key.is_empty() && key.trim() == key
}

fn word(text: &str) -> String {
    let bare = !text.is_empty() && !text.starts_with(['?', '@']) && !text.contains(['=', ']', '"', '\'']);
    if bare { text.into() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
