//! The step skips a file by its bytes only if no edit could match in it, however the file spells the texts.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{inputs, request};
use manifest_patch::Inputs;
use manifest_patch::apply::apply;
use manifest_patch::prefilter::Prefilter;

fn may_match(inputs: &Inputs, content: &[u8]) -> bool {
    Prefilter::new(&request(inputs)).may_match("a.yaml", content)
}

/// Whether the step parses the file, and how often the edits match if it does.
fn inspect(inputs: &Inputs, content: &str) -> (bool, u32) {
    let patched = apply(&request(inputs), "a.yaml", content.as_bytes());
    (may_match(inputs, content.as_bytes()), patched.matches.iter().sum())
}

#[test]
fn a_file_in_which_an_edit_matches_is_parsed() {
    let set = vec!["/spec/image of it/[name=it's]/tag=v2".to_owned()];
    for spelled in [
        "spec: {image of it: [{name: it's, tag: v1}]}\n",
        "\"spec\": {'image of it': [{name: 'it''s', tag: v1}]}\n",
        "\"sp\\u0065c\":\n  \"image of it\":\n    - \"name\": \"it's\"\n      tag: v1\n",
        "? spec\n: image of it:\n    - name: it's\n      ? tag\n      : v1\n",
        "spec: {\"image\n  of it\": [{name: it's, tag: v1}]}\n",
    ] {
        let inputs = Inputs { set: set.clone(), ..inputs() };
        assert_eq!(inspect(&inputs, spelled), (true, 1), "{spelled}");
    }
}

#[test]
fn every_kind_of_edit_parses_the_files_it_matches() {
    let one = |text: &str| vec![text.to_owned()];
    let manifest =
        "kind: Deployment\na: {c: 1}\nimage: r.example:5000/web:v1 # {\"$imagepolicy\": \"ns:p:tag\"}\n";
    for inputs in [
        Inputs { set: one(".a.new=1"), create: true, ..inputs() },
        Inputs { delete: one(".a.gone"), ..inputs() },
        Inputs { image: one("r.example:5000/web:v2"), ..inputs() },
        Inputs { marker: one("ns:p=web:v2"), ..inputs() },
        Inputs { set: one(".a.b=1"), create: true, where_: one("kind=Deployment"), ..inputs() },
    ] {
        assert_eq!(inspect(&inputs, manifest), (true, 1), "{inputs:?}");
    }
}

#[test]
fn a_file_without_the_texts_is_skipped_in_any_format() {
    let inputs = Inputs {
        set: vec![".spec.replicas=2".to_owned()],
        where_: vec!["kind=Deployment".to_owned()],
        ..inputs()
    };
    for other in [
        "spec: {size: 2}\nkind: Deployment\n",
        "{{ if }} replicas spec",
        "kind: Service\nspec: {replicas: 1}\n",
    ] {
        assert!(!may_match(&inputs, other.as_bytes()), "{other}");
    }
    // A file with another spelling or another encoding of the texts is not skipped.
    for other in [&b"\xff\xfes\0p\0e\0c\0"[..], b"s\0p\0", b"a: \"\\u0073\"\n"] {
        assert!(may_match(&inputs, other), "{other:?}");
    }
}
