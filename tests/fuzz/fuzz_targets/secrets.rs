//! Any secrets in any text: nothing of them is left, in no form, and a text too short for one stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_model::redact::{Redactor, forms};

fuzz_target!(|data: (Vec<&str>, &str)| {
    let (secrets, text) = data;
    let Ok(redactor) = Redactor::new(&secrets) else { return };
    let forms = forms(&secrets);
    let redacted = redactor.redact(text);
    if text.len() < lockstep_model::redact::MIN_BYTES {
        assert_eq!(redacted, text);
    }
    for form in forms {
        assert!(!redacted.contains(&form), "{form:?} is in {redacted:?}");
    }
});
