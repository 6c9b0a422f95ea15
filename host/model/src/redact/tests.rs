//! Tests of the redactor.

use super::*;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets).unwrap()
}

#[test]
fn every_common_form_of_a_secret_is_found() {
    let secret = "p/ss w\"rd\n\u{e9}+?>";
    let redactor = redactor(&[secret]);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [
        secret.to_owned(),
        serde_json::to_string(secret).unwrap(),
        hex.to_uppercase(),
        hex,
        "p%2Fss%20w%22rd%0A%C3%A9%2B%3F%3E".to_owned(),
        "p%2fss+w%22rd%0a%c3%a9%2b%3f%3e".to_owned(),
    ] {
        let text = format!("before {form} after");
        let redacted = redactor.redact(&text);
        assert!(redacted.contains(STARS), "{form} was not found");
        assert!(!redacted.contains(&form));
    }
}

#[test]
fn base64_is_found_wherever_the_secret_stands() {
    let redactor = redactor(&["hunter2-hunter2"]);
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "z", "zz", "zzz"] {
            let text = format!("{before}hunter2-hunter2{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let redacted = redactor.redact(&encoded);
                assert!(redacted.contains(STARS), "{text} as {encoded}");
                // What is left cannot hold more than the two ends of the secret.
                assert!(redacted.len() < encoded.len() - 12, "{encoded} became {redacted}");
            }
        }
    }
}

#[test]
fn a_line_of_a_secret_is_a_secret() {
    let key = "-----BEGIN KEY-----\r\nMIIEabcd\r\nab\r\n";
    let redactor = redactor(&[key]);
    assert_eq!(redactor.redact("x MIIEabcd y"), "x *** y");
    assert_eq!(redactor.redact("ab"), "ab", "two characters are no secret");
    let masks: Vec<_> = redactor.masks().into_iter().collect();
    assert_eq!(masks, ["-----BEGIN KEY-----", key, "MIIEabcd"]);
}

#[test]
fn secrets_that_overlap_touch_or_nest_leave_nothing_behind() {
    let redactor = redactor(&["abcdef", "defghi", "abcd", "efgh-longer"]);
    assert_eq!(redactor.redact("xabcdefghiy"), "x***y");
    assert_eq!(redactor.redact("abcdabcdef"), "***");
    assert_eq!(redactor.redact("abcdefgh-longer"), "***");
    assert_eq!(redactor.redact("abc"), "abc");
}

#[test]
fn no_secret_costs_nothing() {
    for redactor in [Redactor::empty(), redactor(&["", "abc"])] {
        assert!(matches!(redactor.redact("abc"), Cow::Borrowed("abc")));
        assert_eq!(redactor.masks().len(), 0);
    }
}

#[test]
fn json_is_redacted_everywhere_in_it() {
    let value = serde_json::json!({"tok-123456": ["xtok-123456", 987_654_321, true, null], "n": 5});
    let redacted = redactor(&["tok-123456", "987654321"]).redact_json(value);
    assert_eq!(redacted, serde_json::json!({"***": ["x***", "***", true, null], "n": 5}));
}

#[test]
fn it_does_not_print_what_it_knows() {
    assert!(!format!("{:?}", redactor(&["hunter2"])).contains("hunter2"));
}

proptest! {
    #[test]
    fn no_registered_form_survives(
        secrets in prop::collection::vec("[a-c*%\n\"\u{e9}]{4,9}", 1..5),
        parts in prop::collection::vec((0_usize..20, "[a-c*]{0,3}"), 0..8),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let redactor = redactor(&secrets);
        let mut forms = BTreeSet::new();
        for secret in &secrets {
            encoded(secret, &mut forms);
        }
        forms.extend(redactor.masks().into_iter().map(str::to_owned));
        let forms: Vec<String> = forms.into_iter().collect();
        let text: String = parts.iter().map(|(i, filler)| format!("{}{filler}", forms[i % forms.len()])).collect();
        let redacted = redactor.redact(&text);
        for form in &forms {
            prop_assert!(!redacted.contains(form.as_str()), "{form:?} is in {redacted:?}");
        }
    }
}

#[test]
fn a_long_secret_is_found_whole_and_its_beginning_is_not_one() {
    let long = format!("https://storage.example.com/{}", "x".repeat(3_000_000));
    let redactor = redactor(&[&long]);
    assert_eq!(redactor.redact(&format!("a {long} b")), "a *** b");
    let other = "https://storage.example.com/public-and-long-enough";
    assert_eq!(redactor.redact(other), other);
}

#[test]
fn secrets_can_be_learned_later() {
    let first = redactor(&["hunter2"]);
    let both = first.with(&["swordfish", "abc"]).unwrap();
    assert_eq!(both.redact("hunter2 swordfish abc"), "*** *** abc");
    assert_eq!(first.redact("swordfish"), "swordfish");
}

#[test]
fn text_that_repeats_itself_takes_no_longer() {
    // Each would take minutes if the time grew with the length of the secret, their number, or the rounds.
    let long = "a".repeat(1 << 20);
    let text = format!("before {}{} after", "b".repeat(100), "a".repeat(16 << 20));
    let redacted = redactor(&[&long]).redact(&text).into_owned();
    assert!(redacted.starts_with("before bbb") && redacted.ends_with(STARS), "{}", redacted.len());

    let secrets: Vec<String> = (0..50_000).map(|i| format!("https://storage.example.com/{i:06}")).collect();
    let alike = redactor(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    let text = "https://storage.example.com/x ".repeat(20_000) + "https://storage.example.com/000007";
    let redacted = alike.redact(&text);
    assert!(!redacted.contains("000007"));

    let strange = redactor(&["secret", "***a"]);
    assert_eq!(strange.redact(&format!("secret{}", "a".repeat(1 << 20))), STARS);
}

#[test]
fn ordinary_text_is_told_apart_to_the_end() {
    let keys: Vec<String> = (0..500)
        .map(|i| format!("-----BEGIN PRIVATE KEY-----\n{i:064}\n-----END PRIVATE KEY-----\n"))
        .collect();
    let redactor = redactor(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let public = "BEGIN and a line of 64\n".repeat(50_000);
    assert_eq!(redactor.redact(&public), public);
    assert_eq!(redactor.redact(&format!("{public}{}!", keys[7])), format!("{public}***!"));
}
