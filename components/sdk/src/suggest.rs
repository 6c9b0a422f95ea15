//! Suggests a valid word for one that is invalid.

/// The length in bytes up to which a word can be a typing error of another.
const MAX_BYTES: usize = 64;
/// The most inserted, removed, replaced or swapped letters of a typing error.
const MAX_EDITS: usize = 3;

/// The valid word that is most similar to `word`, if they differ by a typing error: in case, or in at most one of three
/// letters. Of several, the one with the fewest edits, and then the first in the alphabet. `None` if no word is near.
#[must_use]
pub fn nearest<'v>(word: &str, valid: impl IntoIterator<Item = &'v str>) -> Option<&'v str> {
    if word.len() > MAX_BYTES {
        return None;
    }
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    let edits = |valid: &'v str| {
        let limit = (length.min(valid.chars().count()) / 3).min(MAX_EDITS);
        let edits = strsim::osa_distance(&lower, &valid.to_lowercase());
        (edits <= limit && valid.len() <= MAX_BYTES).then_some((edits, valid))
    };
    valid.into_iter().filter_map(edits).min().map(|(_, valid)| valid)
}

/// The end of a message about an invalid word: ``did you mean `a`?`` if a valid word is near, otherwise
/// ``expected one of `a`, `b` ``.
#[must_use]
pub fn expected(word: &str, valid: &[&str]) -> String {
    match nearest(word, valid.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected one of `{}`", valid.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [&str; 4] = ["create", "delete", "replace", "no-op"];

    #[test]
    fn a_typing_error_has_a_suggestion() {
        for (word, near) in [
            ("crate", "create"),
            ("DELETE", "delete"),
            ("dleete", "delete"),
            ("noop", "no-op"),
            ("repalced", "replace"),
        ] {
            assert_eq!(nearest(word, ACTIONS), Some(near), "{word}");
        }
        assert_eq!(nearest("tga", ["name", "tag"]), Some("tag"));
        assert_eq!(nearest("crashlop", ["crash-loop", "crash"]), Some("crash-loop"));
    }

    #[test]
    fn another_word_has_no_suggestion() {
        for word in ["", "x", "destroy", "op", &"delete".repeat(100)] {
            assert_eq!(nearest(word, ACTIONS), None, "{word}");
        }
        assert_eq!(nearest("kv", ["ky"]), None);
    }

    #[test]
    fn the_valid_words_are_listed_without_a_suggestion() {
        assert_eq!(expected("creat", &ACTIONS), "did you mean `create`?");
        assert_eq!(expected("destroy", &ACTIONS), "expected one of `create`, `delete`, `replace`, `no-op`");
    }
}
