//! Replacements of byte ranges.

use std::ops::Range;

use crate::order::sorted;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Splice {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }
}

/// Applies all splices to `source`. Insertions at one place keep their order. `None` if two overlap
/// or one does not lie on characters.
pub(crate) fn apply(source: &str, splices: Vec<Splice>) -> Option<String> {
    let splices = sorted(splices, |splice| (splice.range.start, splice.range.end));
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut out = String::with_capacity(source.len() + added);
    let mut at = 0;
    for splice in &splices {
        out.push_str(source.get(at..splice.range.start)?);
        out.push_str(&splice.text);
        at = splice.range.end;
    }
    out.push_str(source.get(at..)?);
    Some(out)
}
