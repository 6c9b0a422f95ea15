//! Texts that came from elsewhere, short and on one line. Never more than people read.

/// The most characters of a text.
const LENGTH: usize = 120;

/// The most texts of a list.
const MOST: usize = 3;

/// The beginning of a text. White space becomes single blanks, control characters go.
#[must_use]
pub fn shown(text: &str) -> String {
    // What is left out is not looked at: a body may have a megabyte.
    let start: String = text.chars().take(LENGTH * 20).collect();
    let words: Vec<&str> = start.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if start.len() < text.len() => format!("{line}…"),
        None => line,
    }
}

/// The beginning of a body in backquotes; in words if there is none, or it is no text.
#[must_use]
pub fn shown_bytes(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(LENGTH * 20)]);
    if bytes.len() > LENGTH * 20 {
        // A piece of a secret at the cut is known by the ellipsis.
        text.to_mut().push('…');
    }
    match shown(&text) {
        line if line.is_empty() => "no body".to_owned(),
        _ if text.contains('\0') => "a body that is no text".to_owned(),
        line => format!("`{line}`"),
    }
}

/// The first few of a list in backquotes, and how many more there are.
#[must_use]
pub fn listed<T: AsRef<str>>(texts: &[T]) -> String {
    let first: Vec<String> =
        texts.iter().take(MOST).map(|text| format!("`{}`", shown(text.as_ref()))).collect();
    match texts.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
