//! The documents of a file that an edit can have changed, so that the others need no second parse. A document begins at its
//! `---` independently of the text before it, unless directives or `...` come between; then all documents count as changed.

use std::ops::Range;

use crate::tree::{Data, NodeId, Tree};

/// The documents that may have changed, with their bytes before and after. What is around them is the same, and the
/// documents in front of and behind them end and begin at the same lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The documents by their number.
    pub(crate) documents: Range<usize>,
    pub(crate) before: Range<usize>,
    pub(crate) after: Range<usize>,
}

/// The bytes of `---` and of what ends it.
const MARK: usize = 4;

impl Part {
    /// The smallest part outside of which the two texts are the same.
    pub(crate) fn between(before: &Tree<'_>, after: &str) -> Self {
        let (old, new) = (before.text.as_bytes(), after.as_bytes());
        let whole = Self { documents: 0..before.roots.len(), before: 0..old.len(), after: 0..new.len() };
        let Some(marks) = marks(before) else {
            return whole;
        };
        let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let most = old.len().min(new.len()) - head;
        let tail =
            old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
        // The mark that it begins with has not changed.
        let from = marks.iter().rposition(|mark| mark + MARK <= head).unwrap_or(0);
        // Nor has the one behind it, which still begins a line.
        let begins = |mark: usize| {
            let now = new.len() - (old.len() - mark);
            now > 0 && new[now - 1] == b'\n'
        };
        let behind =
            |&(number, &mark): &(usize, &usize)| number > from && mark + tail >= old.len() && begins(mark);
        let next = marks.iter().enumerate().find(behind);
        let start = if from == 0 { 0 } else { marks[from] };
        let (to, end) = next.map_or((marks.len(), old.len()), |(number, &mark)| (number, mark));
        let part =
            Self { documents: from..to, before: start..end, after: start..new.len() - (old.len() - end) };
        // What came with the edit and reaches into the next document.
        if is_plain(&after[part.after.clone()]) { part } else { whole }
    }
}

/// Where the `---` of each document stands, the first one apart; none if a document does not begin with one, or not
/// with that alone, or is no collection.
fn marks(tree: &Tree<'_>) -> Option<Vec<usize>> {
    let bytes = tree.text.as_bytes();
    if tree.roots.len() < 2 || !is_plain(tree.text) {
        return None;
    }
    // Of a text that is a whole document some readers take the marks behind it for a part.
    let collection =
        |&root: &NodeId| matches!(tree.node(root).data, Data::Mapping { .. } | Data::Sequence { .. });
    if !tree.roots.iter().all(collection) {
        return None;
    }
    // The slot of a root begins right behind its mark.
    let mark = |&root: &NodeId| (tree.node(root).slot as usize).saturating_sub(MARK - 1);
    let marks: Vec<usize> = tree.roots.iter().map(mark).collect();
    let good = |&mark: &usize| {
        mark > 0
            && bytes[mark - 1] == b'\n'
            && bytes[mark..].starts_with(b"---")
            && bytes.len() >= mark + MARK
    };
    marks[1..].iter().all(good).then_some(marks)
}

/// Whether no line begins a directive or ends a document.
fn is_plain(text: &str) -> bool {
    let begins = |mark: &str| text.starts_with(mark);
    !begins("%") && !begins("...") && !text.contains("\n%") && !text.contains("\n...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn between(before: &str, after: &str) -> (Range<usize>, String, String) {
        let tree = parse(before).unwrap();
        let part = Part::between(&tree, after);
        (part.documents, before[part.before].to_owned(), after[part.after].to_owned())
    }

    #[test]
    fn a_part_contains_only_the_changed_documents() {
        let before = "a: 1\n---\nb: 1\n--- # c\nc: 1\n---\nd: 1\n";
        let (a, b, c, d) = ("a: 1\n", "---\nb: 1\n", "--- # c\nc: 1\n", "---\nd: 1\n");
        for (from, to, documents, old, new) in [
            ("a: 1", "a: 22", 0..1, a.to_owned(), "a: 22\n".to_owned()),
            ("b: 1", "b: 2", 1..2, b.to_owned(), "---\nb: 2\n".to_owned()),
            ("b: 1\n", "b: 1\ne: 1\n", 1..2, b.to_owned(), "---\nb: 1\ne: 1\n".to_owned()),
            ("d: 1", "d: 11", 3..4, d.to_owned(), "---\nd: 11\n".to_owned()),
            ("# c\nc: 1", "# d\nc: 2", 2..3, c.to_owned(), "--- # d\nc: 2\n".to_owned()),
            // The end of a document and the mark of the next one are not taken for the same.
            ("b: 1\n---", "b: 1---", 1..3, format!("{b}{c}"), "---\nb: 1--- # c\nc: 1\n".to_owned()),
            ("b: 1\n---", "b: 1\n\n---", 1..2, b.to_owned(), "---\nb: 1\n\n".to_owned()),
            ("a: 1\n---\nb: 1", "a: 2\n---\nb: 2", 0..2, format!("{a}{b}"), "a: 2\n---\nb: 2\n".to_owned()),
        ] {
            assert_eq!(between(before, &before.replacen(from, to, 1)), (documents, old, new), "{from:?}");
        }
    }

    #[test]
    fn directives_and_document_ends_require_the_whole_file() {
        for before in [
            "a: 1\n---\n|\nb\n---\nc: 1\n",
            "a: 1\n...\n---\nb: 1\n",
            "%YAML 1.2\n---\na: 1\n---\nb: 1\n",
            "a: 1\n",
            "a: 1\n--- b\n",
        ] {
            let after = before.replacen('1', "2", 1);
            let whole = (before.to_owned(), after.clone());
            let (_, old, new) = between(before, &after);
            assert_eq!((old, new), whole, "{before:?}");
        }
        for comes in ["b: |\n...\n", "b: 1\n...\n%TAG ! x:\n"] {
            let (documents, _, _) =
                between("a: 1\n---\nb: 1\n---\nc: 1\n", &format!("a: 1\n---\n{comes}---\nc: 1\n"));
            assert_eq!(documents, 0..3);
        }
    }
}
