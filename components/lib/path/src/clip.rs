//! The beginning of a text, for messages. Never more than it is asked for.

/// At most `limit` characters of `text`, on one line.
pub fn clip(text: &str, limit: usize) -> String {
    let mut clipped: String = text.chars().take(limit).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped.replace('\r', "").replace('\n', "⏎")
}
