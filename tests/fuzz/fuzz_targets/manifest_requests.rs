//! Any text as each input of manifest-patch that is a document or a path, and any bytes as the file: the step reads or rejects
//! the request, and changes or rejects the file. A changed file parses, and a second run changes nothing unless the edits depend
//! on their order. No edit matches in a file that the step skips.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::Stream;
use manifest_patch::apply::apply;
use manifest_patch::inputs::Request;
use manifest_patch::prefilter::Prefilter;
use manifest_patch::{Alias, Inputs};

/// The name of the file.
const FILE: &str = "a.yaml";

fuzz_target!(|data: &[u8]| {
    let [kind, data @ ..] = data else { return };
    let Some(cut) = data.iter().position(|&byte| byte == 0) else { return };
    let Ok(text) = std::str::from_utf8(&data[..cut]) else { return };
    let file = &data[cut + 1..];
    let Some(request) = request(*kind, text) else { return };
    let patch = apply(&request, FILE, file);
    let matches = patch.matches.iter().any(|&matches| matches > 0);
    assert!(
        Prefilter::new(&request).may_match(FILE, file) || !matches,
        "the step skips a file in which an edit matches"
    );
    let Some(after) = patch.text else { return };
    assert!(patch.refusals.is_empty(), "{:?}", patch.refusals);
    Stream::open(after.as_bytes()).expect("the result parses");
    // A second run of JSON 6902 operations may fail, and a path may lead to another place after an append.
    if kind % 8 < 5 {
        let again = apply(&request, FILE, after.as_bytes());
        assert_eq!(again.text, None, "a second run changes something");
    }
});

/// The request of one input; none if the input is invalid.
fn request(kind: u8, text: &str) -> Option<Request> {
    let one = || vec![text.to_owned()];
    let base = inputs(kind & 8 != 0);
    let inputs = match kind % 8 {
        0 => Inputs { set: one(), ..base },
        1 => Inputs { image: one(), ..base },
        2 => Inputs { marker: one(), ..base },
        3 => Inputs { delete: one(), ..base },
        4 => Inputs { set_json: one(), ..base },
        5 => Inputs { updates: text.to_owned(), ..base },
        6 => Inputs { changes: text.to_owned(), ..base },
        _ => Inputs { patch: text.to_owned(), list_key: vec!["name".to_owned()], ..base },
    };
    let (request, errors) = Request::read(&inputs, &[]);
    errors.is_empty().then_some(request)
}

/// The inputs of a run without edits, which may match any number of places.
fn inputs(create: bool) -> Inputs {
    Inputs {
        files: vec![FILE.to_owned()],
        set: Vec::new(),
        set_json: Vec::new(),
        append: Vec::new(),
        append_json: Vec::new(),
        delete: Vec::new(),
        image: Vec::new(),
        marker: Vec::new(),
        updates: String::new(),
        changes: String::new(),
        patch: String::new(),
        patch_file: Vec::new(),
        list_key: Vec::new(),
        where_: Vec::new(),
        create,
        alias: Alias::Refuse,
        expect: "any".to_owned(),
    }
}
