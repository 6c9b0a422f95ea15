//! Inputs made to hurt: deep, large and multiplying ones. Each gives a result or a refusal, on a stack as
//! small as that of a guest.

mod common;

use common::set_through;
use lockstep_yaml::{
    AliasMode, EditResult, FindOptions, NodeId, Op, Path, PathMatch, Refusal, RefusalReason, Stream, Value,
};

/// Half of what a component has.
const STACK: usize = 512 * 1024;

const MANY: usize = 100_000;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(test).expect("a thread");
    thread.join().expect("neither a panic nor an overflow");
}

fn json(text: &str) -> Value {
    Value::from_json(text).expect("JSON")
}

fn find(stream: &Stream<'_>, path: &str) -> NodeId {
    let path = Path::parse(path).expect("a path");
    match stream.find(stream.documents()[0], &path, FindOptions::default()).remove(0) {
        Ok(PathMatch::Node(node)) => node,
        other => panic!("{other:?}"),
    }
}

/// Edits the node at a path.
fn edit(text: &str, path: &str, op: impl Fn(&Stream<'_>, NodeId) -> Op) -> Result<EditResult, Refusal> {
    let stream = Stream::open(text.as_bytes())?;
    let node = find(&stream, path);
    stream.edit(&[op(&stream, node)])
}

fn edited(text: &str, path: &str, op: impl Fn(&Stream<'_>, NodeId) -> Op) -> String {
    edit(text, path, op).expect("an edit").text.expect("a change")
}

/// Nests something that many levels deep.
fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Mappings of one key each, every one on lines of its own.
fn block(depth: usize) -> String {
    let mut text: String = (0..depth).map(|level| format!("{}k:\n", " ".repeat(level))).collect();
    text.push_str(&format!("{}v: 1\n", " ".repeat(depth)));
    text
}

#[test]
fn ten_thousand_levels_are_refused() {
    on_a_small_stack(|| {
        let texts = [
            nested("[", "1", "]", 10_000),
            nested("[", "", "", 100_000),
            nested("{a: ", "1", "}", 10_000),
            nested("- ", "1", "", 10_000),
            nested("? ", "1", "", 10_000),
            nested("[{a: ", "1", "}]", 10_000),
            block(5_000),
        ];
        for text in texts {
            let refusal = Stream::open(text.as_bytes()).expect_err("a refusal");
            assert!(matches!(refusal.reason, RefusalReason::TooDeep(_)), "{refusal}");
        }
        assert!(Value::from_json(&nested("[", "1", "]", 10_000)).is_err());
    });
}

#[test]
fn the_deepest_files_that_open_can_be_edited() {
    on_a_small_stack(|| {
        let deepest = |make: &dyn Fn(usize) -> String| {
            let depth = (1..140).rev().find(|&depth| Stream::open(make(depth).as_bytes()).is_ok());
            make(depth.expect("a file that opens"))
        };
        let texts = [
            deepest(&|depth| format!("r: {}\n", nested("[", "1", "]", depth))),
            deepest(&|depth| format!("r: {}\n", nested("{a: ", "1", "}", depth))),
            deepest(&|depth| format!("r:\n{}1\n", "- ".repeat(depth))),
            deepest(&|depth| format!("r:\n{}", block(depth).replace("k:", " k:").replace("v:", " v:"))),
        ];
        for text in texts {
            let (mut innermost, mut stack) = (0, Vec::new());
            let stream = Stream::open(text.as_bytes()).expect("YAML");
            stack.push(find(&stream, "r"));
            while let Some(node) = stack.pop() {
                stack.extend(stream.items(node));
                stack.extend(["a", "k", "v"].iter().filter_map(|key| stream.get(node, key)));
                if stack.is_empty() {
                    let set = Op::Set { node, value: json("[{\"x\": 2}]") };
                    let _: Result<EditResult, Refusal> = stream.edit(&[set]);
                    stream.edit(&[Op::Remove { node }]).expect("an edit");
                    stream.edit(&[Op::Set { node, value: json("2") }]).expect("an edit");
                }
                innermost += 1;
            }
            assert!(innermost > 100, "{innermost} levels");
            stream.edit(&[Op::Set { node: find(&stream, "r"), value: Value::Null }]).expect("an edit");
            let deep = json(&nested("[", "1", "]", 120));
            let _ = stream.edit(&[Op::Set { node: find(&stream, "r"), value: deep }]).expect("an edit");
            stream.edit(&[Op::Remove { node: find(&stream, "r") }]).expect("an edit");
        }
    });
}

/// Each level has nine aliases of the one before.
fn bomb(levels: usize, list: impl Fn(&str) -> String) -> String {
    let mut text = "a0: &a0 {k: 0}\n".to_owned();
    for level in 1..levels {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} {}\n", list(&aliases)));
    }
    text
}

#[test]
fn aliases_that_multiply_are_never_multiplied() {
    on_a_small_stack(|| {
        let text = bomb(30, |aliases| format!("[{aliases}]"));
        assert!(set_through(&text, "a3[0][1][2].k", "1", AliasMode::Refuse).is_err());
        let refusal = set_through(&text, "a29[8][8]", "1", AliasMode::Expand).expect_err("a refusal");
        assert!(refusal.to_string().contains("too large"), "{refusal}");
        assert!(set_through(&text, "a0.k", "1", AliasMode::Refuse).is_ok());
        let followed = set_through(&text, "a3[0][1][2].k", "1", AliasMode::Follow);
        assert_eq!(followed, Ok(text.replace("k: 0", "k: 1")));
        // Larger than what it is compared with, or shown as.
        let shorter = edited(&text, "a29", |_, node| Op::Set { node, value: json("[1, [1]]") });
        assert!(shorter.ends_with("a29: &a29 [1, [1]]\n"), "{}", &shorter[shorter.len() - 60..]);
    });
}

#[test]
fn merges_that_multiply_are_searched_once() {
    on_a_small_stack(|| {
        let text = bomb(30, |aliases| format!("{{<<: [{aliases}]}}"));
        let added = set_through(&text, "a14.missing", "1", AliasMode::Refuse).expect("an edit");
        assert!(added.contains("missing: 1"));
        assert!(set_through(&text, "a14.k", "1", AliasMode::Refuse).is_ok());
        assert!(set_through(&text, "a14.missing.inner", "1", AliasMode::Expand).is_ok());
        // The copy needs no mapping twice.
        let _ = set_through(&format!("{text}b: *a14\n"), "b.k", "1", AliasMode::Expand);
    });
}

fn large_scalar(text: &str) {
    let set = |path, value: &str| {
        edited(text, path, |_, node| Op::Set { node, value: Value::String(value.into()) })
    };
    assert!(set("b", "x").ends_with("\nb: x\n"));
    assert!(set("a", "x").ends_with("\nb: 1\n"));
}

#[test]
fn edits_a_scalar_of_twenty_megabytes() {
    let long = "x".repeat(20 << 20);
    on_a_small_stack(move || {
        large_scalar(&format!("a: {long}\nb: 1\n"));
        large_scalar(&format!("# {}\na: '{long}'\nb: 1\n", &long[..10 << 20]));
    });
}

#[test]
fn edits_a_block_scalar_of_twenty_megabytes() {
    let lines = "  0123456789 abcdefg\n".repeat(1 << 20);
    on_a_small_stack(move || {
        large_scalar(&format!("a: |\n{lines}b: 1\n"));
    });
}

fn many_keys(text: &str) {
    let one = |op: &dyn Fn(NodeId) -> Op| edited(text, &format!("r.k{}", MANY / 2), |_, node| op(node));
    assert!(one(&|node| Op::Set { node, value: Value::Null }) != *text);
    assert_eq!(one(&|node| Op::Remove { node }).matches(": ").count(), text.matches(": ").count() - 1);
    let create = |_: &Stream<'_>, within| Op::Create { within, keys: vec!["n".into()], value: Value::Null };
    assert!(edited(text, "r", create).contains("null"));
}

fn keys() -> Vec<String> {
    (0..MANY).map(|key| format!("k{key}: {key}")).collect()
}

#[test]
fn edits_a_mapping_with_a_hundred_thousand_keys() {
    on_a_small_stack(|| many_keys(&format!("r:\n  {}\n", keys().join("\n  "))));
}

#[test]
fn edits_json_with_a_hundred_thousand_keys() {
    let quoted = keys().join(", ").replace('k', "\"k").replace(": ", "\": ");
    on_a_small_stack(move || many_keys(&format!("{{\"r\": {{{quoted}}}}}\n")));
}

#[test]
fn replaces_a_hundred_thousand_keys() {
    on_a_small_stack(|| {
        let lines: String = (0..MANY).map(|key| format!("  k{key}: {key}\n")).collect();
        let text = format!("r: &r\n{lines}");
        let wanted =
            (MANY / 2..MANY + MANY / 2).map(|key| (format!("k{key}"), Value::Number((key & !1).to_string())));
        let value = Value::Mapping(wanted.collect());
        let stream = Stream::open(text.as_bytes()).expect("YAML");
        let edited = stream.edit(&[Op::Set { node: find(&stream, "r"), value }]).expect("an edit");
        assert_eq!(edited.changes.len(), MANY / 2 + MANY / 4 + MANY / 2);
    });
}

#[test]
fn creates_a_hundred_thousand_keys_one_by_one() {
    on_a_small_stack(|| {
        let stream = Stream::open(b"r: {}\n").expect("YAML");
        let within = find(&stream, "r");
        let create = |key| Op::Create { within, keys: vec![format!("k{key}")], value: Value::Null };
        let ops: Vec<Op> = (0..MANY).map(create).collect();
        assert_eq!(stream.edit(&ops).expect("an edit").changes.len(), MANY);
    });
}

#[test]
fn replaces_a_hundred_thousand_values_of_json() {
    on_a_small_stack(|| {
        let quoted = keys().join(", ").replace('k', "\"k").replace(": ", "\": ");
        let text = format!("{{{quoted}}}\n");
        let stream = Stream::open(text.as_bytes()).expect("YAML");
        let value = |key: String| (key, Value::String("v".into()));
        let wanted = Value::Mapping((0..MANY).map(|key| value(format!("k{key}"))).collect());
        let edited = stream.edit(&[Op::Set { node: stream.documents()[0], value: wanted }]).expect("an edit");
        assert_eq!(edited.text.map(|text| text.matches(": \"v\"").count()), Some(MANY));
    });
}

fn list(open: &str, between: &str, close: &str) -> String {
    let numbers: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    format!("{open}{}{close}", numbers.join(between))
}

fn one_line() -> String {
    list("r: [", ", ", "]\n")
}

fn lines() -> String {
    list("r: &r\n- ", "\n- ", "\n")
}

fn one_item(text: &str, added: &str) {
    for index in [0, MANY / 2, MANY] {
        let insert = |_: &Stream<'_>, within| Op::Insert { within, index, value: Value::Null };
        assert_eq!(edited(text, "r", insert).len(), text.len() + added.len());
    }
    let remove = |stream: &Stream<'_>, list| Op::Remove { node: stream.items(list)[MANY / 2] };
    assert!(edited(text, "r", remove).len() < text.len());
}

#[test]
fn edits_a_flow_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| one_item(&one_line(), "null, "));
}

#[test]
fn edits_a_block_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| one_item(&lines(), "- null\n"));
}

#[test]
fn edits_a_flow_sequence_with_a_hundred_thousand_lines() {
    on_a_small_stack(|| one_item(&list("r: [\n  ", ",\n  ", "\n  ]\n"), "  null,\n"));
}

fn half_the_items(text: &str) {
    let stream = Stream::open(text.as_bytes()).expect("YAML");
    let within = find(&stream, "r");
    let half = stream.items(within).iter().step_by(2).map(|&node| Op::Remove { node });
    assert_eq!(stream.edit(&half.collect::<Vec<_>>()).expect("an edit").changes.len(), MANY / 2);
    let half = (0..MANY).step_by(2).map(|index| Op::Insert { within, index, value: Value::Null });
    assert_eq!(stream.edit(&half.collect::<Vec<_>>()).expect("an edit").changes.len(), MANY / 2);
    let path = Path::parse("r[*]").expect("a path");
    let lookup = FindOptions { alias: AliasMode::Follow, ..FindOptions::default() };
    assert_eq!(stream.find(stream.documents()[0], &path, lookup).len(), MANY);
}

#[test]
fn removes_half_of_a_flow_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| half_the_items(&one_line()));
}

#[test]
fn removes_half_of_a_block_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| half_the_items(&lines()));
}

/// Gives the list those numbers and tells how many changes that took.
fn set_items(text: &str, numbers: impl Iterator<Item = usize>) -> usize {
    let stream = Stream::open(text.as_bytes()).expect("YAML");
    let value = Value::Sequence(numbers.map(|number| Value::Number(number.to_string())).collect());
    stream.edit(&[Op::Set { node: find(&stream, "r"), value }]).expect("an edit").changes.len()
}

#[test]
fn replaces_a_flow_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| assert_eq!(set_items(&one_line(), (0..MANY + 7).map(|number| number ^ 1)), MANY + 7));
}

#[test]
fn replaces_a_block_sequence_of_a_hundred_thousand_items() {
    on_a_small_stack(|| assert_eq!(set_items(&lines(), (0..MANY + 7).map(|number| number ^ 1)), MANY + 7));
}

#[test]
fn removes_some_of_a_hundred_thousand_items() {
    on_a_small_stack(|| {
        let some = (0..MANY).filter(|number| number % 1000 != 7);
        assert!(set_items(&lines(), some) >= MANY / 1000);
        assert_eq!(set_items(&lines(), (0..MANY).filter(|number| *number != MANY / 2)), 1);
    });
}
