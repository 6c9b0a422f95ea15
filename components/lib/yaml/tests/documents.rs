//! An edit in one of several documents is the edit in that document alone: what is around it makes no difference.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "common/generate.rs"]
mod generate;

use generate::{Choices, file};
use lockstep_yaml::{FindOptions, Op, Path, PathMatch, Stream, Value};
use proptest::collection::vec;
use proptest::prelude::*;

const VALUES: [&str; 12] = [
    "v2",
    "",
    "yes",
    "a: b",
    "'",
    "\"",
    "l1\nl2\n",
    "---",
    "---\n",
    "x\n---\ny\n",
    "...\n",
    "%TAG ! x\n---\n",
];
const MARKS: [&str; 5] = ["---\n", "--- # next\n", "# of both\n---\n", "\n---\n", "...\n---\n"];

/// Sets a path of one document, by its number.
fn set(text: &str, document: usize, path: &Path, value: &str) -> Result<Option<String>, String> {
    let stream = Stream::open(text.as_bytes()).map_err(|error| error.to_string())?;
    let lookup = FindOptions { create: true, ..FindOptions::default() };
    let mut places = stream.find(stream.documents()[document], path, lookup);
    let value = Value::String(value.into());
    let op = match places.remove(0).map_err(|error| error.to_string())? {
        PathMatch::Node(node) => Op::Set { node, value },
        PathMatch::Missing { within, keys } => Op::Create { within, keys, value },
        other => panic!("{other:?}"),
    };
    stream.edit(&[op]).map(|edited| edited.text).map_err(|error| error.to_string())
}

/// A file of one document that ends its last line and has no mark of its own. None that keeps the empty lines at the
/// end of a text: those of a mark would become part of it.
fn document(bytes: &[u8]) -> Option<String> {
    let text = file(bytes).text;
    let plain = text.ends_with('\n') && !text.starts_with('\u{feff}') && !text.contains('\r');
    let marked =
        text.lines().any(|line| line.starts_with("---") || line.starts_with("...") || line.starts_with('%'));
    (plain && !marked && !text.contains("|+") && !text.contains(">+")).then_some(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn other_documents_do_not_affect_an_edit(
        sources in [vec(any::<u8>(), 0..120), vec(any::<u8>(), 0..120), vec(any::<u8>(), 0..120)],
        which in 0..3_usize,
        pick in any::<[u8; 4]>(),
    ) {
        let documents = sources.each_ref().map(|bytes| document(bytes));
        let [Some(_), Some(_), Some(_)] = &documents else { return Ok(()) };
        let documents = documents.map(Option::unwrap_or_default);
        let mut choices = Choices::new(&pick);
        let (mark, value) = (MARKS[choices.below(MARKS.len())], VALUES[choices.below(VALUES.len())]);
        let mappings = file(&sources[which]).mappings;
        if mappings.is_empty() {
            return Ok(());
        }
        let path = format!("{}[\"new key\"]", mappings[choices.below(mappings.len())].path);
        let path = Path::parse(&path).unwrap();
        let alone = set(&documents[which], 0, &path, value);
        let together = set(&documents.join(mark), which, &path, value);
        if let Ok(Some(alone)) = alone {
            let mut expected = documents.clone();
            expected[which] = alone;
            // How deep a block scalar stands is up to the whole file.
            let flat = |text: &str| text.lines().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>();
            let together = together.map(|text| flat(&text.unwrap_or_default()));
            prop_assert_eq!(together, Ok(flat(&expected.join(mark))));
        }
    }
}
