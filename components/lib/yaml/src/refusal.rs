//! Why a file is left alone. Never decides; it only words the reason and says where.

use thiserror::Error;

/// A reason not to touch a file, and the place.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{reason}")]
pub struct Refusal {
    /// Where, if it is one place.
    pub at: Option<Position>,
    /// Why.
    pub reason: Reason,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

/// Why a file, or one place in it, cannot be changed byte-exactly.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Reason {
    /// Larger than the limit.
    #[error("the file has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// UTF-16 or UTF-32.
    #[error("the file is {0}, only UTF-8 can be edited")]
    Encoding(&'static str),
    /// A byte that cannot be part of UTF-8.
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// A carriage return that does not belong to a line end.
    #[error("a carriage return without a line feed")]
    LoneCarriageReturn,
    /// Not YAML.
    #[error("invalid YAML: {0}")]
    InvalidYaml(String),
    /// Collections within collections beyond all measure.
    #[error("more than {0} collections within one another")]
    TooDeep(usize),
    /// A Go template where YAML is expected.
    #[error("a Helm or Go template (`{{{{ … }}}}`), which is not YAML until it is rendered")]
    Template,
    /// A key stands twice in one mapping.
    #[error("the key `{key}` stands twice in one mapping, first in line {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of its first appearance.
        first: u32,
    },
    /// The path leads through an alias.
    #[error("`{path}` is reached through the alias `*{anchor}`; changing it would change {}", lines(.places))]
    Alias {
        /// The path that was followed.
        path: String,
        /// The name of the anchor.
        anchor: String,
        /// The lines that would change with it.
        places: Vec<u32>,
    },
    /// The path leads to a key that comes from a merge (`<<`).
    #[error("`{path}` comes from a merge (`<<`); changing it would change {}", lines(.places))]
    Merge {
        /// The path that was followed.
        path: String,
        /// The lines that would change with it.
        places: Vec<u32>,
    },
    /// What is to go holds an anchor that is used elsewhere.
    #[error("`{path}` holds the anchor `&{anchor}`, which is used in {}", lines(.places))]
    Anchor {
        /// What was to go.
        path: String,
        /// The name of the anchor.
        anchor: String,
        /// The lines with its aliases.
        places: Vec<u32>,
    },
    /// A string was to be set where a mapping or sequence stands.
    #[error("`{path}` is a {found}, not a scalar")]
    NotScalar {
        /// The path.
        path: String,
        /// What stands there.
        found: &'static str,
    },
    /// An item was to be added where something else than a list stands.
    #[error("`{path}` is a {found}, not a list")]
    NotList {
        /// The path.
        path: String,
        /// What stands there.
        found: &'static str,
    },
    /// An item was to be put in front of one that is not there.
    #[error("`{path}` has {length} items, so nothing can stand in front of the one with index {index}")]
    NoItem {
        /// The path of the list.
        path: String,
        /// The index, counted from 0.
        index: usize,
        /// How many items there are.
        length: usize,
    },
    /// The tag of a scalar would make something else of the new value.
    #[error("`{path}` has the tag `{tag}`, which does not fit the new value")]
    Tag {
        /// The path.
        path: String,
        /// The tag as it is written.
        tag: String,
    },
    /// Two edits want different things of the same place.
    #[error("two edits disagree about `{0}`")]
    Disagreement(String),
    /// A file that SOPS has sealed.
    #[error("the file is encrypted with SOPS and sealed by `sops.mac`, which an edit would break")]
    Sops,
    /// A way of writing YAML that this engine does not edit.
    #[error("{0}")]
    Unsupported(String),
    /// The result is not what it should be. Nothing was changed.
    #[error("the edited file would not read as intended: {problem}\nbefore: {before}\nafter:  {after}")]
    Unproven {
        /// What differs.
        problem: String,
        /// The lines concerned, before.
        before: String,
        /// The lines concerned, after.
        after: String,
    },
}

impl Reason {
    /// The exact next act, where there is one.
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

    /// The refusal for this reason at a place.
    pub fn at(self, at: Position) -> Refusal {
        Refusal { at: Some(at), reason: self }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { at: None, reason }
    }
}

/// `line 3`, `lines 3, 9 and 12`.
fn lines(places: &[u32]) -> String {
    let words: Vec<String> = places.iter().map(u32::to_string).collect();
    match words.as_slice() {
        [] => "other places".into(),
        [one] => format!("line {one}"),
        [most @ .., last] => format!("lines {} and {last}", most.join(", ")),
    }
}
