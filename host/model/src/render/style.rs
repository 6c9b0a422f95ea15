//! How the log looks: how much of it there is, its colours, its characters and the width of its tables.

use std::borrow::Cow;

/// How much of the log there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Warnings, errors, and how a run failed.
    Quiet,
    /// All but debug notes and texts that the log has already.
    Normal,
    /// Everything.
    Verbose,
}

/// The style of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStyle {
    /// How much of the log there is.
    pub verbosity: Verbosity,
    /// Whether to use colours: only on a terminal.
    pub colour: bool,
    /// The characters that its reader can show.
    pub charset: Charset,
    /// The columns of the terminal, which tables are cut to; `None` off a terminal.
    pub width: Option<usize>,
}

impl LogStyle {
    /// The style of a log that is no terminal.
    pub const PLAIN: Self =
        Self { verbosity: Verbosity::Normal, colour: false, charset: Charset::Unicode, width: None };
}

/// The characters that a reader can show. No other place chooses between a character and its form in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// All of Unicode, as UTF-8.
    Unicode,
    /// ASCII. Names and values of others still have their own characters.
    Ascii,
}

/// The characters that Lockstep and its steps print, each with its form in ASCII.
const GLYPHS: [(char, &str); 13] = [
    ('│', "|"),
    ('…', "..."),
    ('→', "->"),
    ('←', "<-"),
    ('—', "-"),
    ('–', "-"),
    ('·', "-"),
    ('✓', "ok"),
    ('✗', "x"),
    ('“', "\""),
    ('”', "\""),
    ('‘', "'"),
    ('’', "'"),
];

impl Charset {
    /// The characters of a locale. `variable` returns the value of a variable that is set and not empty. As POSIX says,
    /// `LC_ALL` comes before `LC_CTYPE` and that before `LANG`, and without any of them the locale is `C`.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        let name = locale.unwrap_or_default().to_ascii_lowercase();
        if name.contains("utf-8") || name.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }

    /// A text in these characters.
    #[must_use]
    pub fn show(self, text: &str) -> Cow<'_, str> {
        let form = |c: char| GLYPHS.iter().find(|(glyph, _)| *glyph == c).map(|(_, form)| *form);
        if self == Self::Unicode || text.is_ascii() || !text.chars().any(|c| form(c).is_some()) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match form(c) {
                Some(form) => out.push_str(form),
                None => out.push(c),
            }
        }
        Cow::Owned(out)
    }

    /// The end of a text that is cut.
    pub(super) fn ellipsis(self) -> Cow<'static, str> {
        self.show("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_the_locale_that_is_set_decides() {
        let of = |set: &[(&str, &str)]| {
            Charset::of_locale(|name| {
                set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        for unicode in [
            &[("LANG", "C.UTF-8")][..],
            &[("LANG", "de_DE.utf8")],
            &[("LC_CTYPE", "UTF-8"), ("LANG", "C")],
            &[("LC_ALL", "en_GB.UTF-8@euro"), ("LC_CTYPE", "C"), ("LANG", "C")],
        ] {
            assert_eq!(of(unicode), Charset::Unicode, "{unicode:?}");
        }
        for ascii in [
            &[][..],
            &[("LANG", "C")],
            &[("LANG", "de_DE.ISO-8859-1")],
            &[("LC_ALL", "POSIX"), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C.UTF-8")],
            &[("LC_CTYPE", "C"), ("LANG", "C.UTF-8")],
        ] {
            assert_eq!(of(ascii), Charset::Ascii, "{ascii:?}");
        }
    }

    #[test]
    fn only_the_glyphs_of_lockstep_change() {
        let text = "│ größe: 1 → 2 — ✓ 2 more bytes …";
        assert_eq!(Charset::Unicode.show(text), text);
        assert_eq!(Charset::Ascii.show(text), "| größe: 1 -> 2 - ok 2 more bytes ...");
        assert!(GLYPHS.iter().all(|(glyph, form)| !glyph.is_ascii() && form.is_ascii()));
    }
}
