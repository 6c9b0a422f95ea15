//! Documents held whole: the same texts are taken and refused, by the same names, as when they are read piece by piece.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::marker::PhantomData;

use lockstep_terraform::{Place, Source, Trouble, alone, read, whole};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

fn pieces(bytes: &[u8], size: usize) -> impl FnMut(u64, u32) -> Result<Vec<u8>, String> {
    move |offset, _| {
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes[offset..bytes.len().min(offset + size)].to_vec())
    }
}

fn held(bytes: &[u8], size: usize) -> Result<String, Trouble<String>> {
    let text = whole(&mut Source::new(pieces(bytes, size)), bytes.len() as u64)?;
    assert_eq!(text, bytes);
    Ok(alone::<&RawValue, String>(&text)?.get().to_owned())
}

#[test]
fn the_document_comes_back_as_it_stands() {
    for size in [1, 3, 1 << 20] {
        assert_eq!(held(b" \n{\"a\" : [1.50, \"x\"]}\n\n", size).unwrap(), "{\"a\" : [1.50, \"x\"]}");
    }
}

#[test]
fn what_follows_it_is_named_with_its_place() {
    let refused = |text: &str| held(text.as_bytes(), 4).unwrap_err();
    assert_eq!(refused("{}\n{}"), Trouble::SecondDocument(Place { line: 2, column: 1 }));
    assert_eq!(refused("{}\n\n  ::debug::x"), Trouble::Wrapper(Some(Place { line: 3, column: 3 })));
    assert_eq!(refused("{} done"), Trouble::TextAfter(Place { line: 1, column: 4 }));
    assert!(matches!(refused("{\"a\": "), Trouble::CutOff(_)));
    assert!(matches!(refused("{\"a\": nope}"), Trouble::Syntax(..)));
}

proptest! {
    #[test]
    fn both_ways_agree(text in "[ {}\\[\\]\"a1:,\n]{0,12}") {
        let streamed = read(
            &mut Source::new(pieces(text.as_bytes(), 3)), PhantomData::<IgnoredAny>).map(|_| ());
        let held = held(text.as_bytes(), 3).map(|_| ());
        let name = |result: &Result<(), Trouble<String>>| result.as_ref().err().map(std::mem::discriminant);
        prop_assert_eq!(name(&streamed), name(&held), "{:?} {:?}", streamed, held);
    }
}
