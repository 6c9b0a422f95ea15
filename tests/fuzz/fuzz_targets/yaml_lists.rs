//! Random files in the many ways people write YAML, and items that come, change and go in their lists at once: another
//! parser then finds the items that are wanted, and every other leaf as it was.
#![no_main]

#[path = "../../../components/lib/yaml/tests/common/generate.rs"]
#[allow(dead_code, reason = "written for more tests than this")]
mod generate;
#[path = "../../../components/lib/yaml/tests/common/judge.rs"]
mod judge;

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::{FindOptions, Op, Path, PathMatch, Stream, Value};

/// What an item of the list is afterwards.
enum Item<'a> {
    Old(usize),
    New(&'a str),
}

fuzz_target!(|data: (&[u8], u8, [u8; 4], &str)| {
    let (source, pick, marks, value) = data;
    let file = generate::file(source);
    let Some((spot, count)) = file.lists.get(usize::from(pick) % file.lists.len().max(1)) else { return };
    let stream = Stream::open(file.text.as_bytes()).expect("a generated file opens");
    let path = Path::parse(&spot.path).expect("a path");
    let found = stream.find(stream.documents()[0], &path, FindOptions::default());
    let Some(Ok(PathMatch::Node(within))) = found.into_iter().next() else { panic!("{path} is not found") };
    let new = Value::String(value.into());
    let (mut ops, mut wanted) = (Vec::new(), Vec::new());
    for (index, mark) in marks.iter().enumerate().take(*count) {
        for _ in 0..(mark >> 2) & 3 {
            ops.push(Op::Insert { within, index, value: new.clone() });
            wanted.push(Item::New(value));
        }
        let node = stream.items(within)[index];
        match mark & 3 {
            0 => ops.push(Op::Remove { node }),
            1 => {
                ops.push(Op::Set { node, value: new.clone() });
                wanted.push(Item::New(value));
            }
            _ => wanted.push(Item::Old(index)),
        }
    }
    if marks[3] & 16 != 0 {
        ops.push(Op::Append { within, keys: vec![], value: new.clone() });
        wanted.push(Item::New(value));
    }
    // It may be refused: the value may be what no style can carry there, or a comment nobody's.
    let Ok(edited) = stream.edit(&ops) else { return };
    let Some(after) = edited.text else { return };
    let list = format!("0{}", spot.path);
    let (old, new) = (judge::leaves(&file.text), judge::leaves(&after));
    let below = |leaves: &[(String, String)], index: usize| -> Vec<(String, String)> {
        let from = format!("{list}[{index}]");
        let found =
            leaves.iter().filter_map(|(at, text)| Some((at.strip_prefix(&from)?.to_owned(), text.clone())));
        found.collect()
    };
    for (index, item) in wanted.iter().enumerate() {
        let expected = match item {
            Item::Old(before) => below(&old, *before),
            Item::New(text) => vec![(String::new(), (*text).to_owned())],
        };
        assert_eq!(below(&new, index), expected, "{:?} -> {after:?}", file.text);
    }
    assert!(below(&new, wanted.len()).is_empty(), "{:?} -> {after:?}", file.text);
    let outside = |leaves: Vec<(String, String)>| -> Vec<(String, String)> {
        leaves.into_iter().filter(|(at, _)| !at.starts_with(&list)).collect()
    };
    assert_eq!(outside(new), outside(old), "{:?} -> {after:?}", file.text);
});
