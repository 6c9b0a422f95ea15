//! Finds slips in a pattern that can match nothing: a regular expression, or a key without quotes.

use crate::text::clip_at;

/// Characters of regular expressions and shells that occur in a type or an address only within the quotes of a key.
const FOREIGN: &[char] = &['^', '$', '(', ')', '|', '+', '\\', '{', '}'];

/// Checks that the pattern can match a type or an address.
///
/// # Errors
/// It has a slip: the message says which one, and what to write.
pub fn check(pattern: &str) -> Result<(), String> {
    // A URN of Pulumi can contain any characters.
    if pattern.contains("::") {
        return Ok(());
    }
    if pattern.starts_with('.') {
        return Err(not_a_regex(pattern, "an address does not begin with `.`"));
    }
    let mut rest = pattern;
    while let Some(at) = rest.find(|c| c == '[' || FOREIGN.contains(&c)) {
        let found = &rest[at..];
        if !found.starts_with('[') {
            let first: String = found.chars().take(1).collect();
            return Err(not_a_regex(pattern, &format!("`{first}` occurs in no type or address")));
        }
        rest = after_bracket(found)?;
    }
    Ok(())
}

/// The rest of a pattern after the index or key with which it begins: `[0]`, `["key"]`, or one with wildcards.
fn after_bracket(text: &str) -> Result<&str, String> {
    let inner = &text[1..];
    if let Some(key) = inner.strip_prefix('"') {
        let mut is_escaped = false;
        let end = key.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        // A star can stand for the rest of the key.
        return Ok(end.map_or("", |end| &key[end + 1..]));
    }
    if inner.starts_with(|c: char| c.is_ascii_digit() || "*?".contains(c)) {
        return Ok(inner);
    }
    let word = inner.split(']').next().unwrap_or_default();
    let (shown, key) = (clip_at(word, 40), word.trim_matches('\''));
    Err(format!("`[{shown}]` is no index and no key: a key has quotes, as in `[\"{}\"]`", clip_at(key, 40)))
}

fn not_a_regex(pattern: &str, reason: &str) -> String {
    let rule = "a pattern is a glob, not a regular expression";
    match as_glob(pattern) {
        Some(glob) => format!("{reason}: {rule}; write `{}`", clip_at(&glob, 80)),
        None => format!("{reason}: {rule}; `*` is any run of characters, and each alternative is an entry"),
    }
}

/// The glob for a simple regular expression.
pub(crate) fn as_glob(pattern: &str) -> Option<String> {
    let glob = pattern.replace(".*", "*").replace(".+", "*").replace(['^', '$', '\\'], "");
    let is_glob = !glob.is_empty() && !glob.starts_with('.') && !glob.contains(FOREIGN);
    (is_glob && glob != pattern).then_some(glob)
}
