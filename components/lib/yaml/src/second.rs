//! A second parser, which must read the same documents in a result.
//!
//! It rejects some valid YAML. The library shows it a blank for a tab after the colon of a quoted key, and ignores it for a
//! file that it could not parse before the edit.

use std::collections::HashMap;

use granit_parser::ScalarStyle;
use saphyr_parser::{Event, Parser, ScalarStyle as Style, Tag};

use crate::tree::{Data, NodeId, Tree};

/// Whether the other parser reads the edited text as `after` has it. It need not if it cannot read `before`.
///
/// # Errors
/// Where the two differ, in words.
pub(crate) fn confirms(before: &str, after: &Tree<'_>) -> Result<(), String> {
    let blanks = |problem| agrees(after, &without_tabs(after)).map_err(|_| problem);
    let first = agrees(after, after.text).or_else(blanks);
    first.or_else(|problem| if reads(before) { Err(problem) } else { Ok(()) })
}

/// The text with a blank for each tab right behind a colon that leads to a value.
fn without_tabs(tree: &Tree<'_>) -> String {
    let mut bytes = tree.text.as_bytes().to_vec();
    for slot in tree.nodes.iter().map(|node| node.slot as usize) {
        if bytes.get(slot) == Some(&b'\t') && slot > 0 && bytes[slot - 1] == b':' {
            bytes[slot] = b' ';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn reads(text: &str) -> bool {
    parser(text).all(|event| event.is_ok())
}

fn parser(
    text: &str,
) -> impl Iterator<Item = Result<(Event<'_>, saphyr_parser::Span), saphyr_parser::ScanError>> {
    Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Compares what another parser reads in `text` with the tree, node by node: kind, text, whether it is plain, tag,
/// anchor and the target of an alias.
///
/// # Errors
/// Where the two differ, in words.
fn agrees(tree: &Tree<'_>, text: &str) -> Result<(), String> {
    let mut reader = Reader { tree, next: 0, open: Vec::new(), anchors: HashMap::new() };
    for event in parser(text) {
        let (event, _) = event.map_err(|error| format!("a second parser says: {error}"))?;
        reader.take(&event)?;
    }
    if reader.next == tree.nodes.len() { Ok(()) } else { Err(reader.differs()) }
}

/// Walks the nodes of the tree, which are in the order of the events.
struct Reader<'t> {
    tree: &'t Tree<'t>,
    next: usize,
    open: Vec<NodeId>,
    anchors: HashMap<usize, NodeId>,
}

impl Reader<'_> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), String> {
        let same = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tree = self.tree;
                let Some(id) = self.node(*anchor, tag.as_deref()) else { return Err(self.differs()) };
                let node = tree.node(id);
                match &node.data {
                    // An absent value is `~` to the parsers and nothing to the tree.
                    Data::Scalar { text: ours, style: ScalarStyle::Plain, .. } => {
                        *style == Style::Plain && (ours == text || ours.is_empty() && text == "~")
                    }
                    Data::Scalar { text: ours, .. } => *style != Style::Plain && ours == text,
                    _ => false,
                }
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(anchor).copied();
                let Some(id) = self.node(0, None) else { return Err(self.differs()) };
                matches!(self.tree.node(id).data, Data::Alias { target: ours } if Some(ours) == target)
            }
            Event::SequenceStart(anchor, tag) => {
                self.enter(*anchor, tag.as_deref(), |data| matches!(data, Data::Sequence { .. }))
            }
            Event::MappingStart(anchor, tag) => {
                self.enter(*anchor, tag.as_deref(), |data| matches!(data, Data::Mapping { .. }))
            }
            Event::SequenceEnd | Event::MappingEnd => self.open.pop().is_some(),
            _ => true,
        };
        if same { Ok(()) } else { Err(self.differs()) }
    }

    fn enter(&mut self, anchor: usize, tag: Option<&Tag>, kind: impl Fn(&Data<'_>) -> bool) -> bool {
        let Some(id) = self.node(anchor, tag) else {
            return false;
        };
        self.open.push(id);
        kind(&self.tree.node(id).data)
    }

    /// The next node of the tree, if it is at the same depth and has the same anchor and tag.
    fn node(&mut self, anchor: usize, tag: Option<&Tag>) -> Option<NodeId> {
        let id = NodeId(u32::try_from(self.next).ok()?);
        let node = self.tree.nodes.get(self.next)?;
        self.next += 1;
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        let same = node.parent == self.open.last().copied()
            && node.anchor().is_some() == (anchor != 0)
            && node.tag().map(|tag| &tag.full) == tag.as_ref();
        same.then_some(id)
    }

    /// What differs: the node that was looked at last.
    fn differs(&self) -> String {
        match self.next.checked_sub(1).and_then(|last| u32::try_from(last).ok()) {
            Some(last) => format!("two parsers differ about `{}`", self.tree.path(NodeId(last))),
            None => "two parsers differ about what is in it".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn both_parsers_agree_about_the_same_text() {
        for text in [
            "a: 1\r\nb: [x, 'y', {z: }]\r\n",
            "\u{feff}--- &r\na: &x !!str 1\nb: *x\n? k\n: !v {}\n---\n- |+\n  t\n\n- >-\n  a\n  b\n...\n",
            "a: [\n  1\n  ]\nb: {\n  }\n",
            "\ta: 1\n",
            "a:\t'x\n\n  y'\t# c\n",
            "# nothing\n",
        ] {
            assert_eq!(agrees(&parse(text).unwrap(), text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn a_text_that_the_second_parser_cannot_read_is_not_compared() {
        let open = parse("a: {\n}\n").unwrap();
        assert_eq!((agrees(&open, open.text).is_err(), confirms(open.text, &open)), (true, Ok(())));
        assert!(confirms("a: 1\n", &open).is_err());
    }

    #[test]
    fn reads_a_tab_behind_a_quoted_key_as_a_blank() {
        let before = "\"a\":\t{}\n";
        let after = parse("\"a\":\tx\nb: |\n  \"c\":\tx\n'd':\t1\n").unwrap();
        assert!(agrees(&after, after.text).is_err());
        assert_eq!(confirms(before, &after), Ok(()));
        let mut other = parse("\"a\":\tx\n").unwrap();
        other.text = "\"a\":\ty\n";
        assert!(confirms(before, &other).is_err());
    }

    #[test]
    fn every_difference_is_reported() {
        for (ours, theirs) in [
            ("a: 1\n", "a: 2\n"),
            ("a: 1\n", "a: '1'\n"),
            ("a: x\n", "a: &y x\n"),
            ("a: x\n", "a: !t x\n"),
            ("a: [x]\n", "a: [x, y]\n"),
            ("a: [x, y]\n", "a: [x]\n"),
            ("a: [[x], y]\n", "a: [[x, y]]\n"),
            ("a: {x: y}\n", "a: [x, y]\n"),
            ("a: &x 1\nb: &y 1\nc: *x\n", "a: &x 1\nb: &y 1\nc: *y\n"),
            ("a: 1\n", "a: @\n"),
            ("a: 1\n---\nb: 1\n", "a: 1\n"),
        ] {
            assert!(agrees(&parse(ours).unwrap(), theirs).is_err(), "{ours:?} {theirs:?}");
        }
    }
}
