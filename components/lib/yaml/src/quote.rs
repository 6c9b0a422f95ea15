//! Writes strings so that every reader reads the same string.
//!
//! The old style stays if it can hold the value exactly. A plain scalar stays plain only if all readers read it as this string;
//! otherwise it gets double quotes.

use granit_parser::ScalarStyle;

use crate::readers::is_string_for_all;

/// Writes a string on one line, in the old style where that can carry it.
pub(crate) fn keep_style(text: &str, old: ScalarStyle, flow: bool) -> String {
    match old {
        ScalarStyle::Plain if fits_plain(text, flow) => text.to_owned(),
        ScalarStyle::SingleQuoted if is_printable(text) => single(text),
        _ => double(text),
    }
}

/// Writes a string that was not there before.
pub(crate) fn fresh(text: &str, flow: bool) -> String {
    keep_style(text, ScalarStyle::Plain, flow)
}

/// Whether the text can stand without quotes and is that text to every reader.
pub(crate) fn fits_plain(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let second = text.chars().nth(1);
    let begins = match first {
        '-' => second.is_some_and(|second| second != ' ' && !(flow && ",[]{}".contains(second))),
        other => !"?:,[]{}#&*!|>'\"%@` ".contains(other),
    };
    // `---` and `...` begin and end documents.
    let marker =
        |mark: &str| text == mark || text.strip_prefix(mark).is_some_and(|rest| rest.starts_with(' '));
    let unsafe_within = [": ", " #"].iter().any(|mark| text.contains(mark))
        || flow && text.contains([',', '[', ']', '{', '}']);
    begins
        && is_printable(text)
        && !text.ends_with([' ', ':'])
        && !unsafe_within
        && !marker("---")
        && !marker("...")
        && is_string_for_all(text)
}

/// Whether the text is one line of characters that need no escape.
fn is_printable(text: &str) -> bool {
    text.chars().all(is_plain_character)
}

/// Whether the character stands for itself in every reader. Tabs, and the line ends that only
/// YAML 1.1 knows (NEL, LS, PS), do not.
pub(crate) fn is_plain_character(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Double quotes, with no escape that JSON does not have.
pub(crate) fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            plain if is_plain_character(plain) => out.push(plain),
            // All of these lie below U+10000.
            other => out.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    out.push('"');
    out
}

/// Spells a JSON number so that all readers see a number: YAML 1.1 wants a dot and a signed exponent.
pub(crate) fn number(json: &str) -> String {
    let Some(at) = json.find(['e', 'E']) else {
        return json.to_owned();
    };
    let (mantissa, exponent) = (&json[..at], &json[at + 1..]);
    let dot = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['+', '-']) { "" } else { "+" };
    format!("{mantissa}{dot}e{sign}{exponent}")
}
