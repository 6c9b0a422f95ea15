//! Any bytes as a YAML file: they are opened or refused. Then one edit, `PATH` and `VALUE` on the first two lines: what
//! another parser reads afterwards is what it read before, but for the places that were set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::{FindOptions, Op, Path, PathMatch, Stream, Value};
use saphyr_parser::{Event, Parser};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |&byte| byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (path, value, text) = (part(), part(), part());
    let Ok(stream) = Stream::open(text) else { return };
    let (Ok(path), Ok(value)) = (std::str::from_utf8(path), std::str::from_utf8(value)) else { return };
    let Ok(path) = Path::parse(path) else { return };
    let ops = ops(&stream, &path, value);
    let Ok(edited) = stream.edit(&ops) else { return };
    let Some(after) = edited.text else { return };

    let again = Stream::open(after.as_bytes()).expect("the result opens");
    let edited = again.edit(&self::ops(&again, &path, value)).expect("the result can be edited");
    assert_eq!(edited.text, None, "the second time something changes");

    let before = scalars(std::str::from_utf8(text).expect("it was opened"));
    let (Some(before), Some(after)) = (before, scalars(&after)) else { return };
    assert_eq!(before.len(), after.len(), "scalars come or go");
    let changed = before.iter().zip(&after).filter(|(old, new)| old != new);
    let changed: Vec<_> = changed.map(|(_, new)| new).collect();
    assert!(changed.len() <= ops.len() && changed.iter().all(|new| *new == value), "{changed:?}");
});

/// Sets the scalars that the path means in each document.
fn ops(stream: &Stream<'_>, path: &Path, value: &str) -> Vec<Op> {
    let mut ops = Vec::new();
    for &document in stream.documents() {
        for place in stream.find(document, path, FindOptions::default()) {
            match place {
                Ok(PathMatch::Node(node)) if stream.scalar(node).is_some() => {
                    ops.push(Op::Set { node, value: Value::String(value.into()) });
                }
                _ => {}
            }
        }
    }
    ops
}

/// The texts of all scalars, in order; nothing if this parser does not read the file.
fn scalars(text: &str) -> Option<Vec<String>> {
    let mut scalars = Vec::new();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        if let (Event::Scalar(text, ..), _) = event.ok()? {
            scalars.push(text.into_owned());
        }
    }
    Some(scalars)
}
