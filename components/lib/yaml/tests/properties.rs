//! Random edits in random files: nothing else changes, and what changes is what was wanted, also in
//! the eyes of another parser.

mod common;

use common::generate::{Choices, File, Spot, file};
use common::judge::leaves;
use lockstep_yaml::{Op, Path, Place, Refusal, Stream, Value};
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

fn place(stream: &Stream<'_>, path: &str) -> Result<Place, Refusal> {
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{error}"));
    let document = *stream.documents().first().expect("a document");
    let mut places = stream.find(document, &path, true);
    assert_eq!(places.len(), 1, "{path}");
    places.remove(0)
}

fn op(place: Place, value: Value) -> Op {
    match place {
        Place::Node(node) => Op::Set { node, value },
        Place::Missing { within, keys } => Op::Create { within, keys, value },
    }
}

/// Makes one change. The result differs from the source or not. `None` if it would give a block scalar at
/// the end of the file the line end it does not have, which is refused.
fn change(file: &File, path: &str, value: &Value) -> Option<String> {
    let stream = Stream::open(file.text.as_bytes()).unwrap_or_else(|e| panic!("{e} in {:?}", file.text));
    let place = place(&stream, path).unwrap_or_else(|error| panic!("{error}"));
    let edited = stream.edit(&[op(place, value.clone())]);
    let edited = match edited {
        Err(error) if error.to_string().contains("ends the file without a line end") => return None,
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
    assert!(matches!(place, Place::Node(_)));
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
            Err(error) if error.to_string().contains("ends the file without a line end") => return Ok(()),
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
    fn arbitrary_bytes_never_panic(source in vec(any::<u8>(), 0..200)) {
        let _ = Stream::open(&source);
    }

    #[test]
    fn arbitrary_yaml_like_text_never_panics(source in "[-:?,{}\\[\\]&*!|>'\"%@# \n\tab1~<\r\u{feff}é]{0,60}") {
        if let Ok(stream) = Stream::open(source.as_bytes()) {
            for &document in stream.documents() {
                for path in ["a", "b", "1", "[0]", "a.b", "[0].a", "a[0]"] {
                    let path = Path::parse(path).expect("a path");
                    for place in stream.find(document, &path, true).into_iter().flatten() {
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
