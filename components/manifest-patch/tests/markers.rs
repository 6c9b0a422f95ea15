//! Markers in files that the engine of YAML does not read.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use manifest_patch::batch::Looked;
use manifest_patch::request::{Inputs, Request};

fn looked(inputs: &Inputs<'_>, content: &str) -> Looked {
    let (request, problems) = Request::read(&Inputs { expect: "any", ..*inputs });
    assert_eq!(problems, []);
    Looked::into(&request, "a.yaml", content.as_bytes())
}

#[test]
fn markers_alone_are_found_in_what_is_too_deep() {
    let line = "image: web:v1 # {\"$imagepolicy\": \"ns:p\"}\n";
    let (marker, set) = (["ns:p=web:v2".to_owned()], ["image=x".to_owned()]);
    let alone = Inputs { marker: &marker, ..Inputs::default() };
    for deep in ["[".repeat(200) + &"]".repeat(200), "- ".repeat(200) + "x", "{{ x }}".into(), "{".into()] {
        let text = format!("{line}deep:\n  {deep}\n");
        let found = looked(&alone, &text);
        assert_eq!(found.problems, []);
        assert_eq!(found.text, Some(text.replace("v1", "v2")));
        let with_more = looked(&Inputs { set: &set, ..alone }, &text);
        assert_eq!((with_more.text, with_more.problems.len()), (None, 1));
    }
}
