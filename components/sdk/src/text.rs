//! Phrases that the messages of all steps share. Never knows what they are about.

/// `1 file`, `2 files`.
#[must_use]
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// One message for several problems, all of which were noted: the first, and how many more there are. `word` is what
/// one of them is called.
#[must_use]
pub fn first_of(messages: impl IntoIterator<Item: ToString>, word: &str) -> String {
    let mut messages = messages.into_iter();
    let first = messages.next().map(|first| first.to_string()).unwrap_or_default();
    match messages.count() {
        0 => first,
        more => format!("{first} (and {}, noted above)", plural(more, &format!("more {word}"))),
    }
}

/// A message and its hint in one sentence, for a log line.
#[must_use]
pub fn with_hint(message: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message} (hint: {hint})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_singular_and_plural() {
        assert_eq!(
            [plural(0, "file"), plural(1, "file"), plural(2, "file")],
            ["0 files", "1 file", "2 files"]
        );
    }

    #[test]
    fn counts_the_problems_behind_the_first() {
        assert_eq!(first_of(["a"], "problem"), "a");
        assert_eq!(first_of(["a", "b"], "problem"), "a (and 1 more problem, noted above)");
        assert_eq!(first_of(["a", "b", "c"], "problem"), "a (and 2 more problems, noted above)");
    }

    #[test]
    fn a_hint_follows_the_message() {
        assert_eq!(with_hint("a", None), "a");
        assert_eq!(with_hint("a", Some("do b")), "a (hint: do b)");
    }
}
