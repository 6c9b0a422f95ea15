//! A file is passed over by its bytes alone only if no edit could match in it, however its texts are spelled.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use manifest_patch::batch::{Batch, Looked};
use manifest_patch::request::{Inputs, Request};

fn request(inputs: &Inputs<'_>) -> Request {
    let (request, problems) = Request::read(&Inputs { expect: "any", ..*inputs });
    assert_eq!(problems, []);
    request
}

/// Whether the file is looked into, and how often the edits match when it is.
fn look(inputs: &Inputs<'_>, content: &str) -> (bool, u32) {
    let concerned = Batch::new(request(inputs), Vec::new()).is_concerned("a.yaml", content.as_bytes());
    let looked = Looked::into(&request(inputs), "a.yaml", content.as_bytes());
    (concerned, looked.matches.iter().sum())
}

#[test]
fn a_file_in_which_an_edit_matches_is_looked_into() {
    let set = ["/spec/image of it/[name=it's]/tag=v2".to_owned()];
    for spelled in [
        "spec: {image of it: [{name: it's, tag: v1}]}\n",
        "\"spec\": {'image of it': [{name: 'it''s', tag: v1}]}\n",
        "\"sp\\u0065c\":\n  \"image of it\":\n    - \"name\": \"it's\"\n      tag: v1\n",
        "? spec\n: image of it:\n    - name: it's\n      ? tag\n      : v1\n",
        "spec: {\"image\n  of it\": [{name: it's, tag: v1}]}\n",
    ] {
        let inputs = Inputs { set: &set, ..Inputs::default() };
        assert_eq!(look(&inputs, spelled), (true, 1), "{spelled}");
    }
}

#[test]
fn every_kind_of_edit_looks_into_what_it_matches() {
    let one = |text: &str| [text.to_owned()];
    let (set, delete) = (one(".a.new=1"), one(".a.gone"));
    let (image, marker) = (one("r.example:5000/web:v2"), one("ns:p=web:v2"));
    let (kind, a) = (one("kind=Deployment"), one(".a.b=1"));
    let manifest =
        "kind: Deployment\na: {c: 1}\nimage: r.example:5000/web:v1 # {\"$imagepolicy\": \"ns:p:tag\"}\n";
    for inputs in [
        Inputs { set: &set, create: true, ..Inputs::default() },
        Inputs { delete: &delete, ..Inputs::default() },
        Inputs { image: &image, ..Inputs::default() },
        Inputs { marker: &marker, ..Inputs::default() },
        Inputs { set: &a, create: true, conditions: &kind, ..Inputs::default() },
    ] {
        assert_eq!(look(&inputs, manifest), (true, 1), "{inputs:?}");
    }
}

#[test]
fn a_file_without_the_texts_is_passed_over_whatever_it_is() {
    let set = [".spec.replicas=2".to_owned()];
    let conditions = ["kind=Deployment".to_owned()];
    let inputs = Inputs { set: &set, conditions: &conditions, ..Inputs::default() };
    for other in [
        "spec: {size: 2}\nkind: Deployment\n",
        "{{ if }} replicas spec",
        "kind: Service\nspec: {replicas: 1}\n",
    ] {
        assert!(
            !Batch::new(request(&inputs), Vec::new()).is_concerned("a.yaml", other.as_bytes()),
            "{other}"
        );
    }
    // Not so where the texts could stand in another way, or in another encoding.
    for other in [&b"\xff\xfes\0p\0e\0c\0"[..], b"s\0p\0", b"a: \"\\u0073\"\n"] {
        assert!(Batch::new(request(&inputs), Vec::new()).is_concerned("a.yaml", other), "{other:?}");
    }
}
