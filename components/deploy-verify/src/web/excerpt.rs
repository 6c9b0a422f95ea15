//! Excerpts of texts from servers and inputs: short, in one line.

/// The most characters of an excerpt.
const MAX_CHARS: usize = 120;

/// The most items of a list.
const MAX_ITEMS: usize = 3;

/// The beginning of a text, with single blanks for white space and without control characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    // A body may have a megabyte.
    let start: String = text.chars().take(MAX_CHARS * 20).collect();
    let words: Vec<&str> = start.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if start.len() < text.len() => format!("{line}…"),
        None => line,
    }
}

/// The beginning of a body in backquotes, or words for an empty or binary one.
#[must_use]
pub fn body_excerpt(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_CHARS * 20)]);
    if bytes.len() > MAX_CHARS * 20 {
        // The ellipsis tells the host that a secret may be cut here.
        text.to_mut().push('…');
    }
    match excerpt(&text) {
        line if line.is_empty() => "no body".to_owned(),
        _ if text.contains('\0') => "a body that is not text".to_owned(),
        line => format!("`{line}`"),
    }
}

/// The first items of a list in backquotes, and the number of the others.
#[must_use]
pub fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let first: Vec<String> =
        texts.iter().take(MAX_ITEMS).map(|text| format!("`{}`", excerpt(text.as_ref()))).collect();
    match texts.len().saturating_sub(MAX_ITEMS) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
