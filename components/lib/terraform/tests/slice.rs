//! Documents in memory: they are accepted and rejected with the same errors as when they are read in chunks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::marker::PhantomData;

use lockstep_terraform::{JsonPosition, ReadError, Source, from_slice, from_source, read_to_end};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

fn chunks(bytes: &[u8], size: usize) -> impl FnMut(u64, u32) -> Result<Vec<u8>, String> {
    move |offset, _| {
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes[offset..bytes.len().min(offset + size)].to_vec())
    }
}

fn parse(bytes: &[u8], size: usize) -> Result<String, ReadError<String>> {
    let text = read_to_end(&mut Source::new(chunks(bytes, size)), bytes.len() as u64)?;
    assert_eq!(text, bytes);
    Ok(from_slice::<&RawValue, String>(&text)?.get().to_owned())
}

#[test]
fn the_document_is_returned_unchanged() {
    for size in [1, 3, 1 << 20] {
        assert_eq!(parse(b" \n{\"a\" : [1.50, \"x\"]}\n\n", size).unwrap(), "{\"a\" : [1.50, \"x\"]}");
    }
}

#[test]
fn trailing_content_has_an_error_with_its_position() {
    let rejected = |text: &str| parse(text.as_bytes(), 4).unwrap_err();
    assert_eq!(rejected("{}\n{}"), ReadError::SecondDocument(JsonPosition { line: 2, column: 1 }));
    assert_eq!(
        rejected("{}\n\n  ::debug::x"),
        ReadError::WrapperLine(Some(JsonPosition { line: 3, column: 3 }))
    );
    assert_eq!(rejected("{} done"), ReadError::TextAfter(JsonPosition { line: 1, column: 4 }));
    assert!(matches!(rejected("{\"a\": "), ReadError::CutOff(_)));
    assert!(matches!(rejected("{\"a\": nope}"), ReadError::Syntax(..)));
}

proptest! {
    #[test]
    fn both_readers_agree(text in "[ {}\\[\\]\"a1:,\n]{0,12}") {
        let streamed = from_source(
            &mut Source::new(chunks(text.as_bytes(), 3)), PhantomData::<IgnoredAny>).map(|_| ());
        let parsed = parse(text.as_bytes(), 3).map(|_| ());
        let name = |result: &Result<(), ReadError<String>>| result.as_ref().err().map(std::mem::discriminant);
        prop_assert_eq!(name(&streamed), name(&parsed), "{:?} {:?}", streamed, parsed);
    }
}
