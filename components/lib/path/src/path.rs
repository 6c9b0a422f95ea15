//! Paths to values, as JSON Pointer or dotted, parsed into typed segments. Never looks at a document.

use std::fmt;

use thiserror::Error;

use crate::clip::clip;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The value of a key.
    Key(String),
    /// The item at an index, counted from 0.
    Index(usize),
    /// A number in a JSON Pointer: the item of a sequence, or the key of a mapping.
    KeyOrIndex(usize),
    /// The items that are mappings and have this text at this key.
    Match {
        /// The key.
        key: String,
        /// The text of its value.
        value: String,
    },
    /// Every item of a sequence.
    Each,
}

/// A path from the root of a document to the values it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    segments: Vec<Segment>,
    pointer: bool,
}

/// Text that is not a path.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the path `{path}` cannot be read: {problem}")]
pub struct BadPath {
    /// The text.
    pub path: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Path {
    /// Reads a JSON Pointer (`/a/b~1c/0`) or a dotted path (`.a["b/c"][0]`). Both take
    /// `[name=app]` for the items of a list that are called so, and `[]` or `[*]` for all of them. A dotted path
    /// may also say `[] | select(.name == "app") |`, as yq does. What else yq, jq and JSONPath have is refused
    /// with the way to write it here.
    ///
    /// # Errors
    /// If the text is neither.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        match Self::parse_prefix(text)? {
            (path, "") => Ok(path),
            _ => Err(bad(text, "a key with `=` stands in `[\"…\"]`")),
        }
    }

    /// Reads `PATH=REST`, separated by the first `=` outside brackets and quotes.
    ///
    /// # Errors
    /// If there is no such `=`, or what stands before it is not a path.
    pub fn parse_assignment(text: &str) -> Result<(Self, &str), BadPath> {
        let (path, rest) = Self::parse_prefix(text)?;
        match rest.strip_prefix('=') {
            Some(rest) => Ok((path, rest)),
            None => Err(bad(text, "`=` is missing after it")),
        }
    }

    /// The path of these steps, shown dotted.
    pub fn of(segments: Vec<Segment>) -> Self {
        Self { segments, pointer: false }
    }

    /// The steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The path without its last step. `None` for a path of no steps.
    pub fn parent(&self) -> Option<Self> {
        let (_, outer) = self.segments.split_last()?;
        Some(Self { segments: outer.to_vec(), pointer: self.pointer })
    }

    /// Reads up to the end of the text or to a `=`, and returns what is left.
    fn parse_prefix(text: &str) -> Result<(Self, &str), BadPath> {
        let pointer = text.starts_with('/');
        let parsed = if pointer { parse_pointer(text) } else { parse_dotted(text) };
        let (segments, rest) = parsed.map_err(|problem| bad(text, problem))?;
        Ok((Self { segments, pointer }, rest))
    }
}

fn bad(path: &str, problem: &'static str) -> BadPath {
    BadPath { path: clip(path, 120), problem }
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

/// A number as JSON Pointer writes an index: no sign, no leading zero.
fn array_index(text: &str) -> Option<usize> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

/// Why something behind a `|` is refused.
const UNKNOWN: &str =
    "of what follows `|` only `select(.KEY == \"VALUE\")` is understood, behind `[]`; or write `[KEY=VALUE]`";

fn parse_dotted(text: &str) -> Result<(Vec<Segment>, &str), &'static str> {
    let mut segments = Vec::new();
    if text == "$" || text.starts_with("$.") || text.starts_with("$[") {
        return Err("it begins with `.`; a key called `$` is written `[\"$\"]`");
    }
    if text.starts_with("..") {
        return Err("`..` is not understood: name each key; an empty one is written `[\"\"]`");
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
                return Err("a key is empty; write `[\"\"]` if that is meant");
            }
            if key.contains(" |") {
                return Err(UNKNOWN);
            }
            if key.contains(['"', '\'', ']', '\n']) || key.trim() != key {
                return Err("a key with outer blanks, quotes or `]` stands in `[\"…\"]`");
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

/// What yq says behind `[]`: ` | select(.KEY == "VALUE")`, and ` | ` if the path goes on. It means `[KEY=VALUE]`.
fn parse_select(segment: Segment, after: &str) -> Result<(Segment, &str), &'static str> {
    let Some(piped) = after.trim_start().strip_prefix('|') else { return Ok((segment, after)) };
    let inner =
        piped.trim_start().strip_prefix("select(").filter(|_| segment == Segment::Each).ok_or(UNKNOWN)?;
    let (key, quoted, rest) =
        parse_word(inner.trim_start().strip_prefix('.').ok_or(UNKNOWN)?, &[' ', '=', ')'])?;
    let rest = rest.trim_start().strip_prefix("==").ok_or(UNKNOWN)?.trim_start();
    let (value, _, rest) = parse_word(rest, &[' ', ')'])?;
    let rest = rest.trim_start().strip_prefix(')').ok_or(UNKNOWN)?;
    if key.is_empty() || !quoted && key.contains(['.', '[']) || value.is_empty() {
        return Err(UNKNOWN);
    }
    let rest = match rest.trim_start().strip_prefix('|') {
        Some(more) => more.trim_start(),
        None => rest,
    };
    Ok((Segment::Match { key, value }, rest))
}

/// What stands between brackets: nothing, an index, a key in quotes, or `key=value`.
fn parse_bracket(text: &str) -> Result<(Segment, &str), &'static str> {
    let inner = &text[1..];
    let (key, quoted, rest) = parse_word(inner, &['=', ']'])?;
    if let Some(rest) = rest.strip_prefix(']') {
        if quoted {
            return Ok((Segment::Key(key), rest));
        }
        return match array_index(&key) {
            Some(index) => Ok((Segment::Index(index), rest)),
            None if matches!(key.as_str(), "" | "*") => Ok((Segment::Each, rest)),
            None if key.starts_with('-') => Err("an index counts from 0 on; there is none from the end"),
            None => Err("brackets hold an index, a key in quotes, `key=value`, or nothing for every item"),
        };
    }
    let Some(rest) = rest.strip_prefix('=') else {
        return Err("`]` is missing");
    };
    if key.starts_with(['?', '@']) && !quoted {
        return Err("a filter is written `[KEY=VALUE]`");
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

/// A word up to one of `ends`, or one in quotes. Says whether it was in quotes.
fn parse_word<'a>(text: &'a str, ends: &[char]) -> Result<(String, bool, &'a str), &'static str> {
    if text.starts_with(['"', '\'']) {
        let (word, rest) = parse_quoted(text)?;
        return Ok((word, true, rest));
    }
    let end = text.find(ends).unwrap_or(text.len());
    Ok((text[..end].into(), false, &text[end..]))
}

/// A word in quotes. In double quotes `\` keeps the next character; in single quotes `''` is one.
fn parse_quoted(text: &str) -> Result<(String, &str), &'static str> {
    let double = text.starts_with('"');
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if double => match characters.next() {
                Some((_, kept)) => word.push(kept),
                None => break,
            },
            '\'' if !double && characters.peek().is_some_and(|&(_, next)| next == '\'') => {
                characters.next();
                word.push('\'');
            }
            '"' if double => return Ok((word, &text[at + 1..])),
            '\'' if !double => return Ok((word, &text[at + 1..])),
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

/// One segment as a dotted path spells it, with the dot in front of a bare key.
pub fn dotted(segment: &Segment) -> String {
    match segment {
        Segment::Key(key) if is_bare(key) => format!(".{key}"),
        Segment::Key(key) => format!("[{}]", quoted(key)),
        Segment::Index(index) | Segment::KeyOrIndex(index) => format!("[{index}]"),
        Segment::Match { key, value } => format!("[{}={}]", word(key), word(value)),
        Segment::Each => "[]".into(),
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
