//! Recognises secrets: by the name of a variable, by their form, and inside of other secrets. This module reads no
//! variable.

mod inputs;
mod names;
mod tokens;

pub use inputs::find_secrets_in;
pub use names::is_secret_name;

use crate::redact::MIN_BYTES;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use std::collections::BTreeSet;

/// Words that are no secret, for any name of a variable. Redacting them would make the log unreadable.
const COMMON: [&str; 40] = [
    "true",
    "false",
    "none",
    "null",
    "undefined",
    "auto",
    "always",
    "never",
    "required",
    "optional",
    "enabled",
    "disabled",
    "default",
    "main",
    "master",
    "develop",
    "test",
    "tests",
    "prod",
    "production",
    "staging",
    "stage",
    "local",
    "localhost",
    "admin",
    "root",
    "user",
    "guest",
    "github",
    "gitlab",
    "jenkins",
    "docker",
    "postgres",
    "mysql",
    "basic",
    "bearer",
    "token",
    "secret",
    "password",
    "changeme",
];

/// Words of receipts, which are no secret. Otherwise an attacker who controls the value of a variable could hide the
/// actions of a run.
const RECEIPT_WORDS: [&str; 34] = [
    "allowed",
    "denied",
    "done",
    "rejected",
    "invalid",
    "failed",
    "limit",
    "conflict",
    "unavailable",
    "unauthorized",
    "workspace",
    "objects",
    "object",
    "http",
    "cluster",
    "repository",
    "forge",
    "read",
    "write",
    "remove",
    "list",
    "find",
    "glob",
    "copy",
    "delete",
    "push",
    "commit",
    "watch",
    "scale",
    "restart",
    "rollback",
    "propose",
    "merge",
    "sha256",
];

/// The largest number of digits of a count or a port.
const MAX_NUMBER_DIGITS: usize = 5;

/// The shortest text in a document that is a secret for any name of its field, in bytes.
const MIN_FIELD_BYTES: usize = 12;

/// Whether a value is too common or too short to redact it.
#[must_use]
pub fn is_common(value: &str) -> bool {
    let value = value.trim();
    let is_word =
        |part: &str| COMMON.iter().chain(&RECEIPT_WORDS).any(|word| part.eq_ignore_ascii_case(word));
    value.len() < MIN_BYTES
        || value.split('.').all(is_word)
        || value.len() <= MAX_NUMBER_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// The secrets in a text that have a known form: URLs with a password and the passwords, private keys, and tokens with
/// the prefix of a well-known service.
#[must_use]
pub fn find_secrets(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    urls(text, &mut found);
    keys(text, &mut found);
    tokens::tokens(text, &mut found);
    found.retain(|secret| !is_common(secret));
    found
}

/// The secrets inside of a secret: passwords of URLs, and the values of a document, also of one in base64, that are
/// long or have the name of a secret.
#[must_use]
pub fn nested_secrets(secret: &str) -> BTreeSet<String> {
    let mut nested = find_secrets(secret);
    let plain = decoded(secret);
    for text in [Some(secret), plain.as_deref()].into_iter().flatten() {
        match serde_json::from_str(text) {
            Ok(document @ (Value::Object(_) | Value::Array(_))) => members("", &document, &mut nested),
            _ if is_yaml(text) => lines(text, &mut nested),
            _ => {}
        }
    }
    nested.extend(plain.as_deref().map(find_secrets).into_iter().flatten());
    nested.extend(plain);
    nested.retain(|part| !is_common(part));
    nested
}

/// Whether a text is a YAML document of `NAME: VALUE` lines.
#[must_use]
pub fn is_yaml(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-\"'".contains(c);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.find(|line| *line != "---" && !line.starts_with('#'));
    let is_named = first.and_then(|line| line.split_once(':')).is_some_and(|(name, rest)| {
        !name.is_empty() && name.chars().all(plain) && (rest.is_empty() || rest.starts_with(' '))
    });
    is_named && lines.next().is_some()
}

/// Adds the secret values of a document.
fn members(name: &str, value: &Value, nested: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if is_secret_name(name) || is_field(text) {
                nested.insert(text.clone());
            }
            nested.extend(find_secrets(text));
            // Docker stores a login in base64 as `auth`.
            let login = decoded(text).filter(|_| name == "auth");
            nested.extend(
                login.as_deref().and_then(|login| login.split_once(':')).map(|(_, word)| word.to_owned()),
            );
            nested.extend(login);
        }
        Value::Array(items) => items.iter().for_each(|item| members(name, item, nested)),
        Value::Object(all) => all.iter().for_each(|(name, value)| members(name, value, nested)),
        _ => {}
    }
}

/// Adds the secret values of a YAML document.
fn lines(text: &str, nested: &mut BTreeSet<String>) {
    for line in text.lines().map(str::trim) {
        let (name, value) = line.split_once(": ").unwrap_or(("", line));
        let value = value.trim().trim_matches(['"', '\'']);
        if is_secret_name(name.trim_start_matches("- ")) || is_field(value) {
            nested.insert(value.to_owned());
            nested.extend(decoded(value));
        }
    }
}

/// Whether a text of a document could be a secret: it is long, has no blank, and is no URL or path.
fn is_field(text: &str) -> bool {
    text.len() >= MIN_FIELD_BYTES
        && !text.contains(char::is_whitespace)
        && text.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && (!text.contains("://") || text.contains('@'))
        && !text.starts_with('/')
}

/// The text that a base64 text encodes, if it does.
fn decoded(text: &str) -> Option<String> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let joined: String = text.split_ascii_whitespace().collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(joined).ok()?;
    let plain = String::from_utf8(bytes).ok()?;
    let shown = |c: char| !c.is_control() || c.is_whitespace();
    (plain.len() >= 8 && plain.chars().all(shown)).then_some(plain)
}

/// Adds URLs with a password, and the passwords. A user name without a password counts if it looks like a token.
fn urls(text: &str, found: &mut BTreeSet<String>) {
    let ends = |c: char| c.is_whitespace() || "\"'`<>|,;\\".contains(c);
    for (at, _) in text.match_indices("://") {
        let scheme = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let begin =
            scheme.map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        let rest = &text[at + 3..];
        let rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let Some((user, _)) = authority.rsplit_once('@') else { continue };
        let password = match user.split_once(':') {
            Some((_, password)) => password,
            None if user.len() >= 16 && is_field(user) && !user.contains('/') => user,
            None => continue,
        };
        if password.is_empty() || password.starts_with(['$', '{', '*', '[']) {
            continue;
        }
        found.insert(password.to_owned());
        found.insert(unescaped(password));
        if !is_common(password) {
            found.insert(text[begin..at + 3 + rest.len()].to_owned());
        }
    }
}

/// Resolves the escapes of URLs.
fn unescaped(text: &str) -> String {
    let pairs = format!("={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Adds private keys in the formats of OpenSSL, OpenSSH and GnuPG.
fn keys(text: &str, found: &mut BTreeSet<String>) {
    const BEGIN: &str = "-----BEGIN ";
    for (at, _) in text.match_indices(BEGIN) {
        let label = text[at + BEGIN.len()..].split("-----").next().unwrap_or_default();
        if !label.contains("PRIVATE KEY") || label.len() > 60 {
            continue;
        }
        let end = format!("-----END {label}-----");
        let whole = text[at..].find(&end).map_or(text.len(), |length| at + length + end.len());
        found.insert(text[at..whole].to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        find_secrets(text).into_iter().collect()
    }

    #[test]
    fn values_with_the_form_of_a_secret_are_secrets() {
        assert_eq!(
            all("postgres://app:S3cr3t%2Fx@db.example.com/app"),
            ["S3cr3t%2Fx", "S3cr3t/x", "postgres://app:S3cr3t%2Fx@db.example.com/app"]
        );
        assert_eq!(
            all("https://u:pa55@a.example/x,direct https://b.example"),
            ["https://u:pa55@a.example/x", "pa55"]
        );
        assert_eq!(all("-H 'PRIVATE-TOKEN: glpat-Ab3dEf6hIj9lMn2pQr5t'"), ["glpat-Ab3dEf6hIj9lMn2pQr5t"]);
        let key =
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(all(&format!("x\n{key}\ny")), [key]);
        assert!(!all("https://0123456789abcdef0123@github.com/a/b").is_empty());
        for text in [
            "https://example.com/a:b@c",
            "ssh://git@example.com/a",
            "https://user@example.com",
            "git@github.com:a/b.git",
            "https://x:${TOKEN}@example.com",
            "/usr/bin:/bin",
            "http://localhost:8080",
            "postgres://postgres:postgres@db/x",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "registry.example.com/a@sha256:0123456789abcdef",
            "sk-test",
            "eyJhbGciOiJub25lIn0",
            "https://example.com/?q=a@b:c",
        ] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_values_of_a_secret_document_are_secret() {
        let docker = r#"{"auths":{"registry.example.com":{"auth":"dXNlcjpodW50ZXItMg=="}}}"#;
        let nested = nested_secrets(docker);
        assert!(nested.contains("hunter-2") && nested.contains("dXNlcjpodW50ZXItMg=="), "{nested:?}");
        let yaml = "apiVersion: v1\nkind: Config\nusers:\n- name: ci\n  user:\n    password: hunter2\n";
        for text in [yaml.to_owned(), base64::engine::general_purpose::STANDARD.encode(yaml)] {
            let nested = nested_secrets(&text);
            assert!(
                nested.contains("hunter2") && !nested.contains("v1") && !nested.contains("Config"),
                "{nested:?}"
            );
        }
        assert!(is_common("true") && is_common("Main") && is_common("8080") && is_common("abc"));
        assert!(!is_common("hunter2") && !is_common("123456"));
    }
}
