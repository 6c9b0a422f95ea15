//! Shortens a text for a message.

/// The first `limit` characters of `text` on one line, with `…` if there are more and `⏎` for each line break.
pub fn clip(text: &str, limit: usize) -> String {
    let mut clipped: String = text.chars().take(limit).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped.replace('\r', "").replace('\n', "⏎")
}
