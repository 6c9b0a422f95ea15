//! Any bytes as a plan: the step reads or rejects them, and lists the changes of what it reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plan_gate::{document, messages};
use std::convert::Infallible;

fuzz_target!(|data: &[u8]| {
    let fetch = |offset: u64, length: u32| {
        let rest = data.get(offset as usize..).unwrap_or_default();
        Ok::<_, Infallible>(rest[..rest.len().min(length as usize)].to_vec())
    };
    if let Ok(document) = document::read(fetch) {
        let _ = (document.plan.has_changes(), messages::changes(std::slice::from_ref(&document.plan)));
    }
});
