//! Recognises secrets in inputs: by their form, and by the name of their header, parameter or field.

use super::{find_secrets, is_common, is_secret_name, unescaped};
use serde_json::Value;
use std::collections::BTreeSet;

/// The secrets in the texts of an input: those with a known form, and values whose header, parameter of a URL or field
/// has the name of a secret.
#[must_use]
pub fn find_secrets_in(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    secrets_of(None, value, &mut found);
    found.retain(|secret| !is_common(secret));
    found
}

/// Adds the secrets in the texts of an input, or of an item or a field of it with this name. A text of its own can be a
/// message such as `auth: shorten the session`, so only items and fields are headers.
fn secrets_of(name: Option<&str>, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.extend(find_secrets(text));
            parameters(text, found);
            found.extend(name.and_then(|_| header(text)));
            found.extend(name.filter(|name| is_secret_name(name)).map(|_| text.clone()));
        }
        Value::Array(items) => {
            items.iter().for_each(|item| secrets_of(name.or(Some("")), item, found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| secrets_of(Some(name), value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The value of a header `NAME: VALUE` with the name of a secret, without its scheme.
fn header(text: &str) -> Option<String> {
    let (name, value) = text.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_secret = name.chars().all(is_name) && is_secret_name(&name.replace('-', "_"));
    let value = value.trim();
    let schemes = ["bearer ", "basic ", "token "];
    let lower = value.to_ascii_lowercase();
    let scheme = schemes.iter().find(|scheme| lower.starts_with(**scheme)).map_or(0, |scheme| scheme.len());
    is_secret.then(|| value[scheme..].trim().to_owned()).filter(|value| !value.is_empty())
}

/// Adds the values of the parameters of a URL that have the name of a secret, as they stand and without escapes.
fn parameters(text: &str, found: &mut BTreeSet<String>) {
    if !text.contains("://") {
        return;
    }
    for (at, _) in text.match_indices(['?', '&', ';']) {
        let rest = &text[at + 1..];
        let rest = &rest[..rest.find(['&', '#', ';', ' ', '"', '\'']).unwrap_or(rest.len())];
        if let Some((name, value)) = rest.split_once('=')
            && is_secret_name(&unescaped(name).replace('-', "_"))
            && !value.is_empty()
        {
            found.insert(value.to_owned());
            found.insert(unescaped(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_header_a_parameter_or_a_field_makes_a_value_of_an_input_secret() {
        let all = |value: Value| find_secrets_in(&value).into_iter().collect::<Vec<_>>();
        let smoke = |send: &str, url: &str| all(serde_json::json!([{"url": url, "send": [send]}]));
        let url = "https://shop.example.com/health";
        for (send, secret) in [
            ("CF-Access-Client-Secret: topsecretvalue123", "topsecretvalue123"),
            ("x-api-key:abcd-efgh", "abcd-efgh"),
            ("Private-Token: Bearer qwertz uiop", "qwertz uiop"),
            ("X_Auth_Token: a:b:c:d", "a:b:c:d"),
        ] {
            assert_eq!(smoke(send, url), [secret], "{send}");
        }
        for send in
            ["accept: text/html", "x-request-id: abcdefgh", "cache-key: main-12345", "x-api-key:", "token"]
        {
            assert_eq!(smoke(send, url), [""; 0], "{send}");
        }
        for (url, secrets) in [
            ("https://shop.example.com/?token=abc%2Fdef&page=1", vec!["abc%2Fdef", "abc/def"]),
            ("https://shop.example.com/a?x=1&api_key=qwertz#top", vec!["qwertz"]),
            ("https://shop.example.com/a?page=12345&sort=name", vec![]),
        ] {
            assert_eq!(smoke("accept: */*", url), secrets, "{url}");
        }
        assert_eq!(all(serde_json::json!("auth: shorten the session")), [""; 0]);
        assert_eq!(all(serde_json::json!({"password": "hunter-22", "user": "me-myself"})), ["hunter-22"]);
    }
}
