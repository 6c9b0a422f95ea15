//! Random edits in random files: nothing else changes, and what changes is what was wanted, also in
//! the eyes of another parser.

mod common;

use common::generate::{Choices, File, Spot, file};
use common::judge::leaves;
use lockstep_yaml::{FindOptions, NodeId, Op, Path, PathMatch, Refusal, RefusalReason, Stream, Value};
use proptest::collection::vec;
use proptest::prelude::*;

const VALUES: [&str; 28] = [
    "v2",
    "",
    " lead",
    "trail ",
    "yes",
    "~",
    "1e3",
    "08",
    "a: b",
    "*r",
    "{a",
    "#x",
    "x #y",
    "- a",
    "'",
    "\"",
    "l1\nl2\n",
    "l1\nl2",
    "\n",
    "l1\n\n\nl2\n\n",
    "  in\nout\n",
    "\ttab",
    "☃ é",
    "\u{85}x",
    "null",
    "---",
    "a,b]",
    "x\\y",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..160)
}

fn place(stream: &Stream<'_>, path: &str) -> Result<PathMatch, Refusal> {
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{error}"));
    let document = *stream.documents().first().expect("a document");
    let mut places = stream.find(document, &path, FindOptions { create: true, ..FindOptions::default() });
    assert_eq!(places.len(), 1, "{path}");
    places.remove(0)
}

fn op(place: PathMatch, value: Value) -> Op {
    match place {
        PathMatch::Node(node) => Op::Set { node, value },
        PathMatch::Missing { within, keys } => Op::Create { within, keys, value },
        other => panic!("{other:?}"),
    }
}

/// Makes one change. The result differs from the source or not. `None` if it would give a block scalar at
/// the end of the file the line end it does not have, which is refused.
fn change(file: &File, path: &str, value: &Value) -> Option<String> {
    let stream = Stream::open(file.text.as_bytes()).unwrap_or_else(|e| panic!("{e} in {:?}", file.text));
    let place = place(&stream, path).unwrap_or_else(|error| panic!("{error}"));
    let edited = stream.edit(&[op(place, value.clone())]);
    let edited = match edited {
        Err(error) if is_known(&error) => return None,
        other => other.unwrap_or_else(|error| panic!("{error}: {path} in {:?}", file.text)),
    };
    let text = edited.text.unwrap_or_else(|| file.text.clone());
    again(&text, path, value);
    Some(text)
}

/// The same change a second time changes no byte.
fn again(text: &str, path: &str, value: &Value) {
    let stream = Stream::open(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let place = place(&stream, path).unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(place, PathMatch::Node(_)));
    let edited = stream.edit(&[op(place, value.clone())]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(edited.text, None, "{path} is edited twice in {text:?}");
}

/// The lines that differ, as counts: how many of the old, how many of the new.
fn changed_lines(before: &str, after: &str) -> (usize, usize) {
    let (old, new): (Vec<_>, Vec<_>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    (old.len() - tail, new.len() - tail)
}

/// A refusal that is right: a block scalar at the end of the file would get the line end it does not have.
fn is_known(error: &Refusal) -> bool {
    error.to_string().contains("ends the file without a line end")
}

/// How many lines the two have in common, in the same order.
fn common_lines(before: &str, after: &str) -> usize {
    let new: Vec<&str> = after.lines().collect();
    let mut row = vec![0; new.len() + 1];
    for old in before.lines() {
        let mut diagonal = 0;
        for (column, line) in new.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = if *line == old { diagonal + 1 } else { above.max(row[column]) };
            diagonal = above;
        }
    }
    row[new.len()]
}

/// Edits the random file. `None` if that would give a block scalar at the end of the file the line end it
/// does not have, or one that keeps empty lines (`|+`) those behind the next key: both are refused.
fn edit(text: &str, ops: impl Fn(&Stream<'_>) -> Vec<Op>) -> Option<String> {
    let stream = Stream::open(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    match stream.edit(&ops(&stream)) {
        Err(error) if is_known(&error) => None,
        Err(Refusal { reason: RefusalReason::Unproven { .. }, .. }) if text.contains("|+") => None,
        Err(error) => panic!("{error} in {text:?}"),
        Ok(edited) => Some(edited.text.expect("a change")),
    }
}

fn node(stream: &Stream<'_>, path: &str) -> NodeId {
    match place(stream, path) {
        Ok(PathMatch::Node(node)) => node,
        other => panic!("{path}: {other:?}"),
    }
}

/// The leaves after a removal: later items of the same list move up, an emptied collection is a leaf.
fn without(leaves: Vec<(String, String)>, gone: &str) -> Vec<(String, String)> {
    let at = gone.rfind('[').expect("a part of a collection");
    let (outer, last) = gone.split_at(at);
    let index = last[1..last.len() - 1].parse::<usize>().ok();
    let mut kept = Vec::new();
    let mut first = None;
    for (number, (path, text)) in leaves.into_iter().enumerate() {
        if path == gone || path.starts_with(&format!("{gone}[")) {
            first.get_or_insert(number);
            continue;
        }
        let Some(rest) = path.strip_prefix(outer).filter(|_| index.is_some()) else {
            kept.push((path, text));
            continue;
        };
        let end = rest.find(']').unwrap_or_default();
        let moved = match (rest.get(1..end).and_then(|rest| rest.parse::<usize>().ok()), index) {
            (Some(number), Some(index)) if number > index => {
                format!("{outer}[{}{}", number - 1, &rest[end..])
            }
            _ => path.clone(),
        };
        kept.push((moved, text));
    }
    if !kept.iter().any(|(path, _)| path.starts_with(&format!("{outer}["))) {
        let empty = if index.is_some() { "[]" } else { "{}" };
        kept.insert(first.unwrap_or(kept.len()), (outer.to_owned(), empty.into()));
    }
    kept
}

fn spot<'f>(spots: &'f [Spot], choices: &mut Choices<'_>) -> Option<&'f Spot> {
    spots.get(choices.below(spots.len().max(1)))
}

fn config() -> ProptestConfig {
    // PROPTEST_CASES asks for more.
    let cases = ProptestConfig::default().cases * 4;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn setting_a_scalar_changes_only_its_lines(source in bytes(), pick in any::<[u8; 2]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let value = VALUES[choices.below(VALUES.len())];
        let Some(spot) = spot(&file.scalars, &mut choices) else { return Ok(()) };
        let Some(after) = change(&file, &spot.path, &Value::String(value.into())) else { return Ok(()) };
        if spot.one_line {
            let (old, new) = changed_lines(&file.text, &after);
            prop_assert!(old <= 1 && new <= 1, "{:?} -> {after:?}", file.text);
        }
        let mut expected = leaves(&file.text);
        let path = format!("0{}", spot.path);
        let leaf = expected.iter_mut().find(|(at, _)| *at == path);
        leaf.expect("the place").1 = value.into();
        prop_assert_eq!(leaves(&after), expected, "{:?} -> {:?}", file.text, after);
    }

    #[test]
    fn creating_a_key_is_a_pure_insertion(source in bytes(), pick in any::<[u8; 2]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let value = VALUES[choices.below(VALUES.len())];
        let Some(spot) = spot(&file.mappings, &mut choices) else { return Ok(()) };
        let path = format!("{}[\"new key\"].inner", spot.path);
        let Some(after) = change(&file, &path, &Value::String(value.into())) else { return Ok(()) };
        let (old, _) = changed_lines(&file.text, &after);
        // Behind an open last line, and within brackets, one line changes; else only new ones come.
        prop_assert!(old <= usize::from(spot.flow || !file.text.ends_with('\n')));
        let mut before = leaves(&file.text);
        before.retain(|(at, text)| *at != format!("0{}", spot.path) || text != "{}");
        let (mut new, rest): (Vec<_>, Vec<_>) =
            leaves(&after).into_iter().partition(|(at, _)| at.contains("new key"));
        prop_assert_eq!(rest, before, "{:?} -> {:?}", file.text, after);
        prop_assert_eq!(new.pop().map(|(_, text)| text), Some(value.to_owned()));
    }

    #[test]
    fn replacing_a_collection_keeps_the_rest(source in bytes(), pick in any::<[u8; 2]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let json = choices.pick(&[
            "1", "null", "\"yes\"", "[]", "{}", "[1]", "{\"k\": [true, {\"v\": \"a\\nb\\n\"}]}",
            "[[1, 2], {\"m\": {}}]", "[1, 2]", "{\"name\": \"x\", \"spec\": {\"t\": []}}",
        ]);
        let all: Vec<Spot> = file.collections.iter().chain(&file.scalars).cloned().collect();
        let Some(spot) = spot(&all, &mut choices) else { return Ok(()) };
        let value = Value::from_json(json).expect("JSON");
        let Some(after) = change(&file, &spot.path, &value) else { return Ok(()) };
        let inside = format!("0{}", spot.path);
        let outside = |text: &str| -> Vec<(String, String)> {
            leaves(text).into_iter().filter(|(at, _)| !at.starts_with(&inside)).collect()
        };
        prop_assert_eq!(outside(&after), outside(&file.text), "{:?} -> {:?}", file.text, after);
    }

    #[test]
    fn several_edits_at_once_equal_one_after_the_other(source in bytes(), pick in any::<[u8; 6]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let mut edits: Vec<(String, Value)> = Vec::new();
        for _ in 0..2 {
            let value = Value::String(VALUES[choices.below(VALUES.len())].into());
            let Some(spot) = spot(&file.scalars, &mut choices) else { return Ok(()) };
            if edits.iter().all(|(path, _)| *path != spot.path) {
                edits.push((spot.path.clone(), value));
            }
        }
        let Some(spot) = spot(&file.mappings, &mut choices) else { return Ok(()) };
        edits.push((format!("{}[\"new key\"]", spot.path), Value::String("v".into())));
        let stream = Stream::open(file.text.as_bytes()).expect("YAML");
        let ops: Vec<Op> = edits.iter().map(|(path, value)| {
            op(place(&stream, path).expect("a place"), value.clone())
        }).collect();
        let together = match stream.edit(&ops) {
            Ok(edited) => edited.text.unwrap_or_else(|| file.text.clone()),
            Err(error) if is_known(&error) => return Ok(()),
            Err(error) => panic!("{error}: {edits:?} in {:?}", file.text),
        };
        let mut text = file.text.clone();
        for (path, value) in &edits {
            let Some(next) = change(&File { text, ..file.clone() }, path, value) else { return Ok(()) };
            text = next;
        }
        prop_assert_eq!(leaves(&together), leaves(&text), "{:?}", file.text);
    }

    #[test]
    fn appending_is_a_pure_insertion_that_removing_undoes(source in bytes(), pick in any::<[u8; 3]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let value = VALUES[choices.below(VALUES.len())];
        let more = choices.pick(&["2", "{\"k\": [1], \"l\": \"a\\nb\\n\"}", "[]", "\"x\""]);
        let Some((spot, count)) = file.lists.get(choices.below(file.lists.len().max(1))) else {
            return Ok(());
        };
        let new = [Value::String(value.into()), Value::from_json(more).expect("JSON")];
        let Some(after) = edit(&file.text, |stream| {
            let within = node(stream, &spot.path);
            let op = |value: &Value| Op::Append { within, keys: vec![], value: value.clone() };
            new.iter().map(op).collect()
        }) else { return Ok(()) };
        let (old, _) = changed_lines(&file.text, &after);
        prop_assert!(old <= usize::from(spot.flow || *count == 0 || !file.text.ends_with('\n')));
        let path = format!("0{}", spot.path);
        let (first, second) = (format!("{path}[{count}]"), format!("{path}[{}]", count + 1));
        let mut rest = leaves(&after);
        let at = rest.iter().position(|(at, _)| *at == first).expect("the new item");
        prop_assert_eq!(&rest[at].1, value);
        prop_assert!(rest[at + 1].0.starts_with(&second));
        rest.retain(|(at, _)| *at != first && !at.starts_with(&second));
        if *count == 0 {
            rest.insert(at, (path, "[]".into()));
        }
        prop_assert_eq!(rest, leaves(&file.text), "{:?} -> {:?}", file.text, after);
        let Some(undone) = edit(&after, |stream| {
            let list = node(stream, &spot.path);
            stream.items(list)[*count..].iter().map(|&node| Op::Remove { node }).collect()
        }) else { return Ok(()) };
        // Blanks within empty brackets are not kept.
        prop_assert!(*count == 0 || undone == file.text, "{:?} -> {after:?} -> {undone:?}", file.text);
    }

    #[test]
    fn removing_takes_the_lines_of_one_value_and_no_others(source in bytes(), pick in any::<[u8; 1]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let all: Vec<Spot> = file.collections.iter().chain(&file.scalars).cloned().collect();
        let Some(spot) = spot(&all, &mut choices) else { return Ok(()) };
        let Some(after) = edit(&file.text, |stream| vec![Op::Remove { node: node(stream, &spot.path) }])
        else { return Ok(()) };
        // What moves up behind a dash, or becomes empty, or has lost its comma.
        let new = after.lines().count() - common_lines(&file.text, &after);
        prop_assert!(new <= 1, "{:?} -> {after:?}", file.text);
        let expected = without(leaves(&file.text), &format!("0{}", spot.path));
        prop_assert_eq!(leaves(&after), expected, "{:?} -> {:?}", file.text, after);
    }

    #[test]
    fn removing_undoes_creating(source in bytes(), pick in any::<[u8; 2]>()) {
        let file = file(&source);
        let mut choices = Choices::new(&pick);
        let value = Value::String(VALUES[choices.below(VALUES.len())].into());
        let Some(spot) = spot(&file.mappings, &mut choices) else { return Ok(()) };
        let stream = Stream::open(file.text.as_bytes()).expect("YAML");
        let outer = leaves(&file.text);
        let empty = outer.contains(&(format!("0{}", spot.path), "{}".into()));
        let path = format!("{}[\"new key\"]", spot.path);
        let created = stream.edit(&[op(place(&stream, &path).expect("a place"), value)]);
        let Some(created) = created.ok().and_then(|edited| edited.text) else { return Ok(()) };
        let Some(undone) = edit(&created, |stream| vec![Op::Remove { node: node(stream, &path) }])
        else { return Ok(()) };
        prop_assert!(empty || undone == file.text, "{:?} -> {created:?} -> {undone:?}", file.text);
    }

    #[test]
    fn arbitrary_bytes_never_panic(source in vec(any::<u8>(), 0..200)) {
        let _ = Stream::open(&source);
    }

    #[test]
    fn arbitrary_yaml_like_text_never_panics(source in "[-:?,{}\\[\\]&*!|>'\"%@# \n\tab1~<\r\u{feff}é]{0,60}") {
        if let Ok(stream) = Stream::open(source.as_bytes()) {
            for &document in stream.documents() {
                for path in ["a", "b", "1", "[0]", "a.b", "[0].a", "a[0]"] {
                    let path = Path::parse(path).expect("a path");
                    for place in stream.find(document, &path, FindOptions { create: true, ..FindOptions::default() }).into_iter().flatten() {
                        if let PathMatch::Node(node) = place {
                            let value = Value::String("l1\nl2\n".into());
                            let _ = stream.edit(&[Op::Remove { node }]);
                            let _ = stream.edit(&[Op::Append { within: node, keys: vec![], value }]);
                        }
                        for json in ["\"x\"", "\"l1\\nl2\\n\"", "{\"k\": [1]}", "[]"] {
                            let value = Value::from_json(json).expect("JSON");
                            let _ = stream.edit(&[op(place.clone(), value)]);
                        }
                    }
                }
            }
        }
    }
}
