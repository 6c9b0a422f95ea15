//! Hazardous strings: what is written plain must be the same string to real readers.
//! `readers.tsv` was recorded with the readers it names.

mod common;

use common::{edit, json};
use lockstep_yaml::{ResolvedScalar, Value, resolve_for_all};

/// A string, and what each reader makes of it when it stands plain.
fn rows() -> impl Iterator<Item = (String, Vec<&'static str>)> {
    let lines = include_str!("readers.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let mut fields = line.split('\t');
        let text = match Value::from_json(fields.next().expect("a string")) {
            Ok(Value::String(text)) => text,
            other => panic!("{line}: {other:?}"),
        };
        (text, fields.collect())
    })
}

#[test]
fn a_plain_string_is_a_string_for_all_readers() {
    let mut plain = 0;
    for (text, readings) in rows() {
        let written = edit("a: old\n", "a", &Value::String(text.clone()), false).expect("an edit");
        if written == format!("a: {text}\n") {
            assert!(readings.iter().all(|reading| *reading == "text"), "{text}: {readings:?}");
            plain += 1;
        }
    }
    assert!(plain > 100, "the table holds harmless strings too");
}

#[test]
fn few_strings_get_needless_quotes() {
    let needless = rows().filter(|(text, readings)| {
        readings.iter().all(|reading| *reading == "text")
            && resolve_for_all(text) != Some(ResolvedScalar::Text)
    });
    let needless: Vec<String> = needless.map(|(text, _)| text).collect();
    // These are floats too large for 64 bits (in 1.2 floats all the same), numbers to the base of 60
    // that begin with 0, and times of day that Go and PyYAML find malformed. Others may not.
    let known = [
        "0:0",
        "._5",
        "1e400",
        "123e4567",
        "6e1234",
        "2024-01-01 1:2",
        "2024-01-01T1:2:3",
        "2024-01-01 00:00",
        "017:1",
    ];
    assert_eq!(needless, known);
}

#[test]
fn agrees_with_readers_about_numbers_and_words() {
    for (text, readings) in rows() {
        let expected = match resolve_for_all(&text) {
            Some(ResolvedScalar::Null) => vec!["null".to_owned()],
            Some(ResolvedScalar::Bool(flag)) => vec![flag.to_string()],
            Some(ResolvedScalar::Int(number)) => vec![format!("int:{number}"), format!("float:{number}")],
            _ => continue,
        };
        let same = |reading: &&str| expected.iter().any(|expected| expected == reading) || long(reading);
        assert!(readings.iter().all(same), "{text}: {readings:?}");
    }
}

/// A number that the Kubernetes reader printed with an exponent, having gone through a float.
fn long(reading: &str) -> bool {
    reading.starts_with("float:") && reading.contains("e+")
}

#[test]
fn writes_json_numbers_in_a_form_that_is_a_number_everywhere() {
    for number in ["0", "-1", "3", "1.5", "-0.25", "1e3", "1.5E3", "2e-7", "12345678901234567890"] {
        let written = json("a: old\n", "a", number);
        let plain = written.trim_start_matches("a: ").trim_end();
        assert!(
            matches!(resolve_for_all(plain), Some(ResolvedScalar::Int(_) | ResolvedScalar::Float(_))),
            "{written}"
        );
    }
}
