//! Why the library does not edit a file: reasons, positions and messages.

use thiserror::Error;

/// Why the library does not edit a file, and the position.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{reason}")]
pub struct Refusal {
    /// The position, if there is one.
    pub at: Option<Position>,
    /// The reason.
    pub reason: RefusalReason,
}

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

/// Why the library cannot change a file, or a place in it, byte-exactly.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum RefusalReason {
    /// The file is larger than the limit.
    #[error("the file has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is UTF-16 or UTF-32.
    #[error("the file is {0}, only UTF-8 can be edited")]
    Encoding(&'static str),
    /// The file has a byte that is not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// A carriage return has no line feed after it.
    #[error("a carriage return without a line feed")]
    LoneCarriageReturn,
    /// The file is not YAML.
    #[error("invalid YAML: {0}")]
    InvalidYaml(String),
    /// The file has too many levels of collections.
    #[error("more than {0} collections within one another")]
    TooDeep(usize),
    /// The file is a Go template.
    #[error("a Helm or Go template (`{{{{ … }}}}`), which is not YAML until it is rendered")]
    Template,
    /// A mapping has a duplicate key.
    #[error("the key `{key}` stands twice in one mapping, first in line {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of the first one.
        first: u32,
    },
    /// The path goes through an alias.
    #[error("`{path}` is reached through the alias `*{anchor}`; changing it would change {}", lines(.places))]
    Alias {
        /// The path.
        path: String,
        /// The name of the anchor.
        anchor: String,
        /// The lines that would change with it.
        places: Vec<u32>,
    },
    /// The path goes to a key that comes from a merge (`<<`).
    #[error("`{path}` comes from a merge (`<<`); changing it would change {}", lines(.places))]
    Merge {
        /// The path.
        path: String,
        /// The lines that would change with it.
        places: Vec<u32>,
    },
    /// A removed value has an anchor that another place uses.
    #[error("`{path}` holds the anchor `&{anchor}`, which is used in {}", lines(.places))]
    Anchor {
        /// The path of the removed value.
        path: String,
        /// The name of the anchor.
        anchor: String,
        /// The lines with its aliases.
        places: Vec<u32>,
    },
    /// An edit would replace a mapping or a sequence by a scalar.
    #[error("`{path}` is a {found}, not a scalar")]
    NotScalar {
        /// The path.
        path: String,
        /// The kind of the value there.
        found: &'static str,
    },
    /// An edit would add an item to a value that is not a list.
    #[error("`{path}` is a {found}, not a list")]
    NotList {
        /// The path.
        path: String,
        /// The kind of the value there.
        found: &'static str,
    },
    /// An edit would insert an item before a missing one.
    #[error("`{path}` has {length} items, so nothing can stand in front of the one with index {index}")]
    NoItem {
        /// The path of the list.
        path: String,
        /// The index, counted from 0.
        index: usize,
        /// How many items there are.
        length: usize,
    },
    /// The tag of a scalar would change the type of the new value.
    #[error("`{path}` has the tag `{tag}`, which does not fit the new value")]
    Tag {
        /// The path.
        path: String,
        /// The tag as in the file.
        tag: String,
    },
    /// Two edits of the same place contradict each other.
    #[error("two edits disagree about `{0}`")]
    Disagreement(String),
    /// SOPS signed the file.
    #[error("the file is encrypted with SOPS and sealed by `sops.mac`, which an edit would break")]
    Sops,
    /// The library does not support this syntax or this edit.
    #[error("{0}")]
    Unsupported(String),
    /// The result does not have the intended values. The library returns no result.
    #[error("the edited file would not read as intended: {problem}\nbefore: {before}\nafter:  {after}")]
    Unproven {
        /// What differs.
        problem: String,
        /// The lines before the edit.
        before: String,
        /// The lines after the edit.
        after: String,
    },
}

impl RefusalReason {
    /// The next act, if there is one.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooDeep(_) => "nest its mappings and lists less deeply",
            Self::Template => "edit the values file of the chart, or the rendered manifests",
            Self::Encoding(_) | Self::NotUtf8(_) => "convert the file to UTF-8",
            Self::LoneCarriageReturn => "make every line end with LF or CRLF",
            Self::DuplicateKey { .. } => "remove one of the two",
            Self::Alias { .. } => {
                "edit the anchored value; or `alias` `expand` gives this place a copy, `follow` edits the anchor"
            }
            Self::Merge { .. } => {
                "edit the merged mapping; or `alias` `expand` gives this mapping a copy, `follow` edits the merged one"
            }
            Self::Anchor { .. } => "give those places a value of their own first",
            Self::NotScalar { .. } => "`set-json` can replace it as a whole",
            Self::Tag { .. } => "remove the tag first",
            Self::Sops => "edit it with `sops`, or encrypt it with `mac_only_encrypted: true`",
            _ => return None,
        })
    }

    /// The refusal for this reason at a position.
    pub fn at(self, at: Position) -> Refusal {
        Refusal { at: Some(at), reason: self }
    }
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { at: None, reason }
    }
}

/// `line 3`, `lines 3, 9 and 12`.
fn lines(places: &[u32]) -> String {
    let words: Vec<String> = places.iter().map(u32::to_string).collect();
    match words.as_slice() {
        [] => "other places".into(),
        [one] => format!("line {one}"),
        [others @ .., last] => format!("lines {} and {last}", others.join(", ")),
    }
}
