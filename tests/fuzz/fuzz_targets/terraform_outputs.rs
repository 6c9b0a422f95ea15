//! Any bytes as a document of outputs: the step rejects them, or reads every value as another parser does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_sdk::fake::FakeFile;
use serde_json::Value;
use terraform_parse::document;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = document::read(&FakeFile(data.to_vec())) else { return };
    let Ok(outputs) = document::parse(&text) else { return };
    // Parts that the step skips may hold text that is not Unicode.
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
