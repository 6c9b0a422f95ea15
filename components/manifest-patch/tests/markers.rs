//! Markers in files that the YAML library cannot parse.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{inputs, request};
use manifest_patch::apply::apply;
use manifest_patch::{FilePatch, Inputs};

fn patch(inputs: &Inputs, content: &str) -> FilePatch {
    apply(&request(inputs), "a.yaml", content.as_bytes())
}

#[test]
fn markers_alone_match_in_files_that_are_too_deep() {
    let line = "image: web:v1 # {\"$imagepolicy\": \"ns:p\"}\n";
    let alone = Inputs { marker: vec!["ns:p=web:v2".to_owned()], ..inputs() };
    for deep in ["[".repeat(200) + &"]".repeat(200), "- ".repeat(200) + "x", "{{ x }}".into(), "{".into()] {
        let text = format!("{line}deep:\n  {deep}\n");
        let patched = patch(&alone, &text);
        assert_eq!(patched.refusals, []);
        assert_eq!(patched.text, Some(text.replace("v1", "v2")));
        let with_more = patch(&Inputs { set: vec!["image=x".to_owned()], ..alone.clone() }, &text);
        assert_eq!((with_more.text, with_more.refusals.len()), (None, 1));
    }
}
