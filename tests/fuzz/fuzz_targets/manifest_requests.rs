//! Any text as each input of manifest-patch that holds a document or a path, and any bytes as the file: a request is
//! read or refused, the file is changed or refused. A changed file opens, and what is not asked to be in order of
//! operations changes nothing the second time. A file that is passed over has no place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_yaml::Stream;
use manifest_patch::batch::{Batch, Looked};
use manifest_patch::request::{Inputs, Request};

/// The name of the file.
const FILE: &str = "a.yaml";

fuzz_target!(|data: &[u8]| {
    let [kind, data @ ..] = data else { return };
    let Some(cut) = data.iter().position(|&byte| byte == 0) else { return };
    let Ok(text) = std::str::from_utf8(&data[..cut]) else { return };
    let file = &data[cut + 1..];
    let request = || request(*kind, text);
    let Some(asked) = request() else { return };
    let looked = Looked::into(&asked, FILE, file);
    let concerned = Batch::new(asked, Vec::new()).is_concerned(FILE, file);
    let found = looked.matches.iter().any(|&matches| matches > 0);
    assert!(concerned || !found, "a file with a place is passed over");
    let Some(after) = looked.text else { return };
    assert!(looked.problems.is_empty(), "{:?}", looked.problems);
    Stream::open(after.as_bytes()).expect("the result opens");
    // The operations of JSON 6902 are not made to be repeated, and a path may lead elsewhere after an append.
    if kind % 8 < 5 {
        let again = Looked::into(&request().expect("it was read before"), FILE, after.as_bytes());
        assert_eq!(again.text, None, "the second time something changes");
    }
});

/// The request that one input makes; nothing if it cannot be read.
fn request(kind: u8, text: &str) -> Option<Request> {
    let one = [text.to_owned()];
    let list_key = ["name".to_owned()];
    let create = kind & 8 != 0;
    let base = Inputs { create, expect: "any", ..Inputs::default() };
    let inputs = match kind % 8 {
        0 => Inputs { set: &one, ..base },
        1 => Inputs { image: &one, ..base },
        2 => Inputs { marker: &one, ..base },
        3 => Inputs { delete: &one, ..base },
        4 => Inputs { set_json: &one, ..base },
        5 => Inputs { updates: text, ..base },
        6 => Inputs { changes: text, ..base },
        _ => Inputs { patch: text, list_key: &list_key, ..base },
    };
    let (request, problems) = Request::read(&inputs);
    problems.is_empty().then_some(request)
}
