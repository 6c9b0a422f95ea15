//! Any bytes as a document of outputs: they are refused, or every value comes out as another parser reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::convert::Infallible;
use terraform_parse::document;

fuzz_target!(|data: &[u8]| {
    let fetch = |offset: u64, length: u32| {
        let rest = data.get(offset as usize..).unwrap_or_default();
        Ok::<_, Infallible>(rest[..rest.len().min(length as usize)].to_vec())
    };
    let Ok(text) = document::fetch(data.len() as u64, fetch) else { return };
    let Ok(outputs) = document::outputs(&text) else { return };
    // In what is not looked at there may be text that is not Unicode.
    let Ok(whole) = serde_json::from_slice::<Value>(&text) else { return };
    let inner = whole.pointer("/values/outputs").filter(|_| whole.get("format_version").is_some());
    for output in outputs {
        let Some(other) = inner.unwrap_or(&whole).get(output.name.as_ref()) else {
            panic!("{} is not there", output.name)
        };
        let value: Value = serde_json::from_str(&output.value.compact()).expect("a value is JSON");
        assert_eq!((&value, Some(output.sensitive)), (&other["value"], other["sensitive"].as_bool()));
    }
});
