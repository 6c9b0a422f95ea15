//! Searches the files and the output of a run for planted secrets. It removes none.

use super::{ProgramOutput, SECRETS, Scene, tree};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fs;

/// Fails if the files or the output of the run hold a planted secret in any of the usual encodings.
#[track_caller]
pub fn assert_no_secret(scene: &Scene, run: &ProgramOutput) {
    assert_absent(scene, run, &SECRETS, &["own/stdin", "workspace/.git"]);
}

/// Fails if the files or the output of the run hold one of these texts in any of the usual encodings. It skips files below
/// the paths in `may_hold`.
#[track_caller]
pub fn assert_absent(scene: &Scene, run: &ProgramOutput, secrets: &[&str], may_hold: &[&str]) {
    let mut texts = vec![("standard output".to_owned(), run.stdout.clone())];
    texts.push(("standard error".to_owned(), run.stderr.clone()));
    for path in ["own", "workspace"].iter().flat_map(|root| tree(&scene.path(root)).into_keys()) {
        if may_hold.iter().any(|skip| path.starts_with(scene.path(skip))) {
            continue;
        }
        let small = fs::symlink_metadata(&path).is_ok_and(|stat| stat.is_file() && stat.len() < 1 << 28);
        let bytes = if small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    for (place, text) in texts {
        for form in &forms {
            assert!(!text.contains(form.as_str()), "{place} holds `{form}`:\n{text}");
        }
    }
}

/// A text as it is, base64 at each offset, hexadecimal, URL-encoded and as in JSON. For a short text only the text itself,
/// because its other encodings occur by chance.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.len() < 8 {
        return forms;
    }
    for shift in 0..3 {
        let bytes = [&b"xx"[..shift], secret.as_bytes()].concat();
        let whole = &bytes[..bytes.len() / 3 * 3];
        forms.extend(
            [STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)].map(|text| text[4..].to_owned()),
        );
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_uppercase());
    forms.push(hex);
    let escaped = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    forms.push(secret.bytes().map(escaped).collect());
    let json = serde_json::Value::from(secret).to_string();
    forms.push(json[1..json.len() - 1].to_owned());
    forms
}
