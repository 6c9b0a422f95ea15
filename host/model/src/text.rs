//! Escapes text of unknown origin for a line of a log: control characters, invisible characters, and the openings of CI
//! commands. It removes no character, because two others could then form a command.

use std::fmt::Write as _;

/// The longest line in bytes. A longer one is cut, with a notice.
pub const MAX_LINE: usize = 8 * 1024;

/// The lines of a text, each made [`neutral`]. Only `\n` and `\r\n` end a line.
pub fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(neutral)
}

/// The problem in the message of the YAML parser: its first line, such as `line 1 column 4: unclosed bracket '['`.
#[must_use]
pub fn yaml_problem(message: &str) -> String {
    // Advice to a programmer, and words that only one knows.
    const WORDS: [(&str, &str); 5] = [
        (", set DuplicateKeyPolicy in Options if acceptable", ""),
        ("; use from_str_multiple or from_str_multiple_with_options", ""),
        ("cannot deserialize null into string; use Option<String>", "expected text, found nothing"),
        ("expected sequence start", "expected a list"),
        ("expected mapping start", "expected keys and values"),
    ];
    let first = message.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    WORDS.iter().fold(first, |text, (theirs, ours)| text.replace(theirs, ours))
}

/// Escapes one line: it writes control characters except tab, invisible characters and those that change the direction
/// of text as `\u{…}`, puts a space into the openings of CI commands (`##[`, `##vso[`, `##teamcity[`), and cuts the
/// line at [`MAX_LINE`].
///
/// It leaves commands that must stand at the beginning of a line (`::error::`): the caller puts a prefix before the
/// line.
#[must_use]
pub fn neutral(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("##") && opens_command(&rest[2..]) {
            out.push_str("## ");
            rest = &rest[2..];
            continue;
        }
        if is_inert(c) {
            out.push(c);
        } else {
            let _ = write!(out, "{}", c.escape_unicode());
        }
        rest = &rest[c.len_utf8()..];
    }
    cut(out, MAX_LINE)
}

/// Cuts a text to `limit` bytes, the notice included.
#[must_use]
pub(crate) fn cut(mut text: String, limit: usize) -> String {
    const NOTICE_BYTES: usize = 40;
    if text.len() > limit {
        let end = text.floor_char_boundary(limit.saturating_sub(NOTICE_BYTES));
        let lost = text.len() - end;
        text.truncate(end);
        let _ = write!(text, " … {lost} more bytes");
    }
    text
}

/// Cuts a text to `max` bytes, the ellipsis included. The redactor still finds a secret that the cut divides, because
/// it looks for pieces before an ellipsis: see [`crate::redact::Redactor::redact`].
#[must_use]
pub fn short(text: &str, max: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max.saturating_sub(ELLIPSIS.len()));
    format!("{}{ELLIPSIS}", &text[..end])
}

/// Whether the text after `##` makes it a command: an optional word and a bracket.
fn opens_command(after: &str) -> bool {
    after.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
}

/// Whether a terminal and a CI system show the character and do nothing else.
pub(crate) fn is_inert(c: char) -> bool {
    if c.is_ascii() {
        return c == '\t' || !c.is_ascii_control();
    }
    !(c.is_control() || has_no_glyph(c))
}

/// Whether a character is invisible: the Unicode format characters (general category Cf), the separators of lines and
/// paragraphs, and other characters without a glyph. Some comparisons ignore them, so `##` and `[` with one of them
/// between could still be a command.
pub(crate) fn has_no_glyph(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD
            | 0x034F
            | 0x0600..=0x0605
            | 0x061C
            | 0x06DD
            | 0x070F
            | 0x0890..=0x0891
            | 0x08E2
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFDD0..=0xFDEF
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0xFFFE..=0xFFFF
            | 0x1_10BD
            | 0x1_10CD
            | 0x1_3430..=0x1_343F
            | 0x1_BCA0..=0x1_BCA3
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0x10_FFFF
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["", "a\tb", "größe 東京 ✓ ## heading # 5", "::error::x", "[a] #[b"] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn commands_in_the_middle_of_a_line_are_broken() {
        assert_eq!(neutral("x ##[error]y"), "x ## [error]y");
        assert_eq!(neutral("###[group]"), "### [group]");
        assert_eq!(neutral("##vso[task.setvariable]"), "## vso[task.setvariable]");
        assert_eq!(neutral("##TeamCity[x]##[y]"), "## TeamCity[x]## [y]");
        assert_eq!(neutral("##\u{200b}[error]"), "##\\u{200b}[error]");
    }

    #[test]
    fn characters_that_move_hide_or_turn_text_are_escaped() {
        assert_eq!(neutral("\u{1b}[31mred\u{1b}[0m"), "\\u{1b}[31mred\\u{1b}[0m");
        assert_eq!(neutral("\u{1b}[8mha:////note"), "\\u{1b}[8mha:////note");
        assert_eq!(neutral("a\rb\0\u{7f}\u{85}\u{9b}"), "a\\u{d}b\\u{0}\\u{7f}\\u{85}\\u{9b}");
        assert_eq!(
            neutral("\u{202e}\u{2028}\u{2066}\u{feff}\u{e0041}\u{ad}"),
            "\\u{202e}\\u{2028}\\u{2066}\\u{feff}\\u{e0041}\\u{ad}"
        );
    }

    #[test]
    fn only_line_feeds_end_lines() {
        let lines: Vec<_> = lines("a\r\nb\n\nc\rd\u{2028}e").collect();
        assert_eq!(lines, ["a", "b", "", "c\\u{d}d\\u{2028}e"]);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let line = neutral(&"é".repeat(MAX_LINE));
        assert!(line.len() <= MAX_LINE);
        assert!(line.ends_with(" more bytes"), "{}", &line[line.len() - 40..]);
    }

    proptest! {
        #[test]
        fn the_result_is_inert_and_stays(text in "(\\PC|[\\x00-\\x20#\\[v]|##|##vso|\u{200b}){0,60}") {
            let line = neutral(&text);
            prop_assert!(line.chars().all(is_inert));
            for command in ["##[", "##vso[", "##teamcity["] {
                prop_assert!(!line.contains(command), "{line:?}");
            }
            prop_assert_eq!(&neutral(&line), &line);
        }
    }
}
