//! Any text as a path: it is refused, or what it prints is the same path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_path::Path;

fuzz_target!(|text: &str| {
    if let Ok(path) = Path::parse(text) {
        let printed = path.to_string();
        let again = Path::parse(&printed).unwrap_or_else(|error| panic!("{text:?} -> {printed:?}: {error}"));
        assert_eq!(again.segments(), path.segments(), "{text:?} -> {printed:?}");
    }
    let _ = Path::parse_assignment(text);
});
