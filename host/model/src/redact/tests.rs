//! Tests of the redactor.

use super::*;
use base64::Engine as _;
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
        assert!(redacted.contains(REDACTED), "{form} was not found");
        assert!(!redacted.contains(&form));
    }
}

#[test]
fn base64_is_found_at_any_offset_of_the_secret() {
    let redactor = redactor(&["hunter2-hunter2"]);
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "z", "zz", "zzz"] {
            let text = format!("{before}hunter2-hunter2{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let redacted = redactor.redact(&encoded);
                assert!(redacted.contains(REDACTED), "{text} as {encoded}");
                // The rest has at most the two ends of the secret.
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
fn a_redactor_without_secrets_copies_no_text() {
    for redactor in [Redactor::empty(), redactor(&["", "abc"])] {
        assert!(matches!(redactor.redact("abc"), Cow::Borrowed("abc")));
    }
}

#[test]
fn json_is_redacted_everywhere_in_it() {
    let value = serde_json::json!({"tok-123456": ["xtok-123456", 987_654_321, true, null], "n": 5});
    let redacted = redactor(&["tok-123456", "987654321"]).redact_json(value);
    assert_eq!(redacted, serde_json::json!({"***": ["x***", "***", true, null], "n": 5}));
}

#[test]
fn the_debug_text_of_a_redactor_has_no_secret() {
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
        let forms: Vec<String> = forms(&secrets).into_iter().collect();
        prop_assume!(!forms.is_empty());
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
fn a_secret_can_be_added_later() {
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
    assert!(redacted.starts_with("before bbb") && redacted.ends_with(REDACTED), "{}", redacted.len());

    let secrets: Vec<String> = (0..50_000).map(|i| format!("https://storage.example.com/{i:06}")).collect();
    let alike = redactor(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    let text = "https://storage.example.com/x ".repeat(20_000) + "https://storage.example.com/000007";
    let redacted = alike.redact(&text);
    assert!(!redacted.contains("000007"));

    let strange = redactor(&["secret", "***a"]);
    assert_eq!(strange.redact(&format!("secret{}", "a".repeat(1 << 20))), REDACTED);
}

#[test]
fn ordinary_text_stays_to_the_end() {
    let keys: Vec<String> = (0..500)
        .map(|i| format!("-----BEGIN PRIVATE KEY-----\n{i:064}\n-----END PRIVATE KEY-----\n"))
        .collect();
    let redactor = redactor(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let public = "BEGIN and a line of 64\n".repeat(50_000);
    assert_eq!(redactor.redact(&public), public);
    assert_eq!(redactor.redact(&format!("{public}{}!", keys[7])), format!("{public}***\n!"));
}

const TOKEN: &str = "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

/// The most characters of the token that stand in the text one after the other, in this form of it.
fn longest_piece(text: &str, form: &str) -> usize {
    let pieces = (0..form.len()).map(|from| {
        (from..=form.len()).rev().find(|to| text.contains(&form[from..*to])).map_or(0, |to| to - from)
    });
    pieces.max().unwrap_or_default()
}

/// The largest visible length of a form: in an encoded form, some more characters show no more of the token.
fn few(form: &str) -> usize {
    if form == TOKEN { 8 } else { 12 }
}

fn encodings() -> Vec<String> {
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        TOKEN.to_owned(),
        STANDARD.encode(TOKEN),
        STANDARD.encode(format!("x:{TOKEN}")),
        hex.to_uppercase(),
        hex,
    ]
}

#[test]
fn a_piece_of_a_secret_at_a_cut_is_redacted() {
    let redactor = redactor(&[TOKEN]);
    for form in encodings() {
        for length in 0..form.len() {
            for sign in [
                "\u{2026}",
                "...",
                "`\u{2026} is wrong",
                "\" \u{2026} 12 more bytes",
                " [truncated]",
                "\u{fffd}",
                "\\u2026x",
            ] {
                let text = format!("said: {}{sign}", &form[..length]);
                let shown = redactor.redact(&text);
                assert!(longest_piece(&shown, &form) < few(&form), "{text} became {shown}");
            }
            for sign in ["\u{2026}", "...", "\u{2026} \"", "...`"] {
                let text = format!("said {sign}{} and more", &form[length..]);
                let shown = redactor.redact(&text);
                assert!(longest_piece(&shown, &form) < few(&form), "{text} became {shown}");
            }
            for text in [
                format!("said: {}", &form[..length]),
                format!("said: \"{}\"}}\n", &form[..length]),
                format!("{} was it", &form[length..]),
            ] {
                let shown = redactor.redact(&text);
                // Eight digits alone, or letters, can be a number or a word.
                assert!(longest_piece(&shown, &form) < 16, "{text} became {shown}");
            }
        }
    }
}

#[test]
fn no_cut_shows_more_of_a_secret_than_a_few_characters() {
    let redactor = redactor(&[TOKEN]);
    for form in encodings() {
        for before in 0..120 {
            let text = format!("{}{form}{}", "b".repeat(before), "c".repeat(200));
            // By the host, which knows the secrets, and by whoever does not and leaves a sign.
            for shown in [
                crate::text::short(&redactor.redact(&text), 100),
                redactor.redact(&crate::text::short(&text, 100)).into_owned(),
            ] {
                assert!(shown.len() <= 103 && longest_piece(&shown, &form) < few(&form), "{before}: {shown}");
            }
        }
    }
}

#[test]
fn the_beginning_and_the_end_of_a_token_are_found_anywhere() {
    let token = "Xq7Zr2WvKp9LmT4BnJ6YdHs8GfC3QaEe";
    let hex = "9f86d081884c7d659a2feaa0c55ad015";
    let redactor = redactor(&[token, hex, "production-db-in-region-one"]);
    for (begin, end) in [("tok \"", "\" bad"), ("", ", bad"), ("x ", " e"), ("x\n", "\ny"), ("", "*** bad")] {
        for secret in [token, hex] {
            for length in 16..secret.len() {
                for piece in [&secret[..length], &secret[secret.len() - length..]] {
                    let shown = redactor.redact(&format!("{begin}{piece}{end}")).into_owned();
                    assert!(longest_piece(&shown, secret) < 4, "{shown}");
                }
            }
        }
    }
    assert_eq!(redactor.redact("sk Xq7Zr2Wv*** bad"), "sk ****** bad");
    let words = "it is production-db-in-region, and so on";
    assert_eq!(redactor.redact(words), words, "words are not random");
}

#[test]
fn words_at_the_end_of_a_text_are_no_secrets() {
    let redactor =
        redactor(&["production-db-1", "https://hooks.example.com/services/T00/B00/abc", "main-password"]);
    for text in [
        "runs in production",
        "production",
        "password",
        "see https://hooks.example.com/",
        "https://hooks.example.com",
        "https://\u{2026}",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
    assert_eq!(redactor.redact("runs in production\u{2026}"), "runs in ***\u{2026}");
    assert_eq!(redactor.redact("https://hooks.example.com/services/T00/B0..."), "***...");
}

#[test]
fn forms_of_a_secret_in_answers_of_servers_are_found() {
    let secret = "p/ss+w=rd&<\"x'y>:@\u{e9}";
    let redactor = redactor(&[secret]);
    for form in [
        // PHP, Go, Gson, .NET.
        r#"p\/ss+w=rd&<\"x'y>:@\u00e9"#,
        r#"p/ss+w=rd\u0026\u003c\"x'y\u003e:@\u{e9}"#,
        r#"p/ss+w\u003drd\u0026\u003c\"x\u0027y\u003e:@\u00e9"#,
        r"p/ss\u002Bw=rd\u0026\u003C\u0022x\u0027y\u003E:@\u00E9",
        // JSON within JSON.
        r#"p\\\/ss+w=rd\\u0026<\\\"x'y>:@\u00e9"#,
        // HTML and XML: by names, in decimal, in hexadecimal.
        "p/ss+w=rd&amp;&lt;&quot;x&apos;y&gt;:@\u{e9}",
        "p&sol;ss&plus;w&equals;rd&#38;&#60;&#34;x&#039;y&#62;&colon;&commat;&#233;",
        "p&#x2F;ss&#x2b;w=rd&amp;&lt;&#x22;x&#x27;y&gt;:@&#xe9;",
        // URLs: with `/` kept, and twice.
        "p/ss%2Bw%3Drd%26%3C%22x%27y%3E%3A%40%C3%A9",
        "p%252Fss%252Bw%253Drd%2526%253C%2522x%2527y%253E%253A%2540%25C3%25A9",
        // Right behind what looks like an escape.
        r#"%p\/ss+w=rd&<\"x'y>:@\u00e9"#,
    ] {
        let form = form.replace("\\u{e9}", "\u{e9}");
        let shown = redactor.redact(&form);
        assert!(shown.contains(REDACTED) && shown.len() < 8, "{form} became {shown}");
    }
}

#[test]
fn a_secret_that_is_broken_into_lines_is_found() {
    let secret =
        "correct horse battery staple p/ss+w=rd&<x>0123456789 and then some more of the same, to fill lines";
    let redactor = redactor(&[secret]);
    let encoded = STANDARD.encode(format!("user:{secret}\n"));
    for width in [64, 76] {
        for end in ["\n", "\r\n", "\n    ", "\\n", "&#10;"] {
            let lines: Vec<&str> = (0..encoded.len().div_ceil(width))
                .map(|i| &encoded[i * width..encoded.len().min((i + 1) * width)])
                .collect();
            let shown = redactor.redact(&lines.join(end)).into_owned();
            assert!(shown.len() < 24 && shown.contains(REDACTED), "{width} {end:?}: {shown}");
        }
    }
    let lines: Vec<&str> =
        (0..encoded.len().div_ceil(76)).map(|i| &encoded[i * 76..encoded.len().min((i + 1) * 76)]).collect();
    let diff = format!("@@ -1 +1 @@\n+  {}\n", lines.join("\n+  "));
    assert!(redactor.redact(&diff).len() < 45, "{}", redactor.redact(&diff));
    let whole = STANDARD.encode(secret);
    assert_eq!(redactor.redact(&format!("x\n {}\n y", &whole[76..])).len(), 10, "a line of it alone");
    // As YAML folds it.
    assert_eq!(redactor.redact(&format!("key: >-\n  {}", secret.replace(' ', "\n  "))), "key: >-\n  ***");
    let hex: Vec<String> = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(redactor.redact(&hex.join(":")), REDACTED);
    assert_eq!(redactor.redact(&hex.join(" ")), REDACTED);
    let short = Redactor::new(&["main"]).unwrap();
    assert_eq!(short.redact("do\nma in"), "do\nma in");
}

#[test]
fn the_values_of_a_document_are_secret_and_its_syntax_is_not() {
    let json = r#"{
  "type": "service_account",
  "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEabcdEFGH0123\n-----END PRIVATE KEY-----\n",
  "token_uri": "https://oauth2.example.com/token"
}"#;
    let yaml = "apiVersion: v1\nkind: Config\nusers:\n- name: ci\n  user:\n    token: eyJhbGciOi.Abc123\n";
    let redactor = redactor(&[json, yaml]);
    for text in [
        "apiVersion: v1",
        "kind: Config",
        "\"type\": \"service_account\",",
        "https://oauth2.example.com/token",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
    assert_eq!(redactor.redact("x MIIEabcdEFGH0123, eyJhbGciOi.Abc123"), "x ***, ***");
    assert_eq!(redactor.redact(json), REDACTED);
    let one_line = Redactor::new(&[r"-----BEGIN KEY-----\nMIIEabcd\n-----END KEY-----"]).unwrap();
    assert_eq!(one_line.redact("-----BEGIN KEY-----\nMIIEabcd\n-----END KEY-----"), REDACTED);
}
