//! Random files full of anchors, aliases and merges, and one edit in them, in each manner of dealing with what is
//! shared: it means what the model says, and everything else means what it did.
#![no_main]

#[path = "../../../components/lib/yaml/tests/common/generate.rs"]
#[allow(dead_code, reason = "written for more tests than this")]
mod generate;
#[path = "../../../components/lib/yaml/tests/common/model.rs"]
mod model;

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::{AliasMode, FindOptions, Op, Path, PathMatch, RefusalReason, Refusal, Stream, Value};
use model::{Model, Refused};

fuzz_target!(|data: (&[u8], u8, &str)| {
    let (source, pick, value) = data;
    let text = model::file(&mut generate::Choices::new(source));
    let model = Model::read(&text);
    let leaves = model.leaves();
    let places: Vec<&String> =
        leaves.keys().filter(|path| !path.ends_with(['}', '[']) && !path.ends_with("[]")).collect();
    let Some(path) = places.get(usize::from(pick) % places.len().max(1)) else { return };
    for alias in [AliasMode::Refuse, AliasMode::Expand, AliasMode::Follow] {
        let mut wanted = model.clone();
        let expected = wanted.set(&model::steps(path), value, alias);
        match (expected, set(&text, path.trim_start_matches('.'), value, alias)) {
            (Ok(()), Ok(after)) => {
                assert_eq!(Model::read(&after).leaves(), wanted.leaves(), "{path}: {text:?} -> {after:?}")
            }
            (Err(Refused), Err(refusal)) => {
                assert!(matches!(refusal.reason, RefusalReason::Alias { .. } | RefusalReason::Merge { .. }), "{refusal}");
            }
            // The value may be what no style can carry there.
            (Ok(()), Err(refusal)) => assert!(matches!(refusal.reason, RefusalReason::Unproven { .. }), "{refusal}"),
            (Err(Refused), Ok(after)) => panic!("{path}: {text:?} -> {after:?}"),
        }
    }
    let mut wanted = model.clone();
    if wanted.remove(&model::steps(path)).is_ok() {
        let stream = Stream::open(text.as_bytes()).expect("a generated file opens");
        let path = Path::parse(path.trim_start_matches('.')).expect("a path");
        let found = stream.find(stream.documents()[0], &path, FindOptions::default());
        let [Ok(PathMatch::Node(node))] = found[..] else { panic!("{path}: {found:?}") };
        match stream.edit(&[Op::Remove { node }]) {
            Ok(edited) => {
                let after = edited.text.expect("a change");
                assert_eq!(Model::read(&after).leaves(), wanted.leaves(), "{path}: {text:?} -> {after:?}");
            }
            Err(refusal) => assert!(matches!(refusal.reason, RefusalReason::Anchor { .. }), "{refusal}"),
        }
    }
});

/// Sets a place, after it has become a copy of its own where that is asked for.
fn set(text: &str, path: &str, value: &str, alias: AliasMode) -> Result<String, Refusal> {
    let (path, value) = (Path::parse(path).expect("a path"), Value::String(value.into()));
    let mut text = text.to_owned();
    for _ in 0..4 {
        let stream = Stream::open(text.as_bytes()).expect("a generated file opens");
        let lookup = FindOptions { alias, ..FindOptions::default() };
        let place = stream.find(stream.documents()[0], &path, lookup).remove(0)?;
        let (done, op) = match place {
            PathMatch::Node(node) => (true, Op::Set { node, value: value.clone() }),
            PathMatch::Merged { within, key, .. } => {
                (true, Op::Create { within, keys: vec![key], value: value.clone() })
            }
            PathMatch::Shared { shared, .. } => (false, stream.expand(&shared)?),
            PathMatch::Missing { .. } => panic!("{path} is not found"),
        };
        text = stream.edit(&[op])?.text.unwrap_or(text);
        if done {
            return Ok(text);
        }
    }
    panic!("copies without end")
}
