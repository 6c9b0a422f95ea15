//! Shortens texts of a plan for messages.

/// How many characters one text of the plan has at most in a message.
const MAX_CHARS: usize = 300;

/// A text of the plan, short enough for a line.
pub(crate) fn clip(text: &str) -> String {
    clip_at(text, MAX_CHARS)
}

/// The first `limit` characters of a text. The ellipsis tells the host that the text may end inside a secret.
pub(crate) fn clip_at(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
