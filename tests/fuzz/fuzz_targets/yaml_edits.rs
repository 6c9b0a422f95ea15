//! Random files in the many ways people write YAML, and random edits in them: another parser then finds every leaf as it
//! was, but for the one that was set.
#![no_main]

#[path = "../../../components/lib/yaml/tests/common/generate.rs"]
#[allow(dead_code, reason = "written for more tests than this")]
mod generate;
#[path = "../../../components/lib/yaml/tests/common/judge.rs"]
mod judge;

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::{FindOptions, Op, Path, PathMatch, Stream, Value};

fuzz_target!(|data: (&[u8], u8, &str)| {
    let (source, pick, value) = data;
    let file = generate::file(source);
    let mut choices = generate::Choices::new(std::slice::from_ref(&pick));
    let Some(spot) = file.scalars.get(choices.below(file.scalars.len().max(1))) else { return };
    let stream = Stream::open(file.text.as_bytes()).expect("a generated file opens");
    let path = Path::parse(&spot.path).expect("a path");
    let found = stream.find(stream.documents()[0], &path, FindOptions::default());
    let Some(Ok(PathMatch::Node(node))) = found.into_iter().next() else { panic!("{path} is not found") };
    // It may be refused: the value may be what no style can carry there.
    let Ok(edited) = stream.edit(&[Op::Set { node, value: Value::String(value.into()) }]) else { return };
    let Some(after) = edited.text else { return };
    let mut expected = judge::leaves(&file.text);
    let at = format!("0{}", spot.path);
    expected.iter_mut().find(|(path, _)| *path == at).expect("the leaf").1 = value.into();
    assert_eq!(judge::leaves(&after), expected, "{:?} -> {after:?}", file.text);
});
