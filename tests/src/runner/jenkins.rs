//! The behaviour of Jenkins and of terminals: the parts of a log that they obey instead of showing them.

/// The notes in a Jenkins log: serialised objects that the page turns into markup.
#[must_use]
pub fn console_notes(log: &str) -> usize {
    log.matches("\u{1b}[8mha:").count()
}

/// The characters in a log that a terminal or a page obeys: control characters other than tab and the line's
/// end, and those that turn or hide text.
#[must_use]
pub fn obeyed(log: &str) -> Vec<char> {
    let harmless =
        |c: char| matches!(c, '\t' | '\n') || !(c.is_control() || lockstep_model::path::is_invisible(c));
    log.chars().filter(|c| !harmless(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_jenkins_obeys_are_found() {
        assert_eq!(console_notes("a\u{1b}[8mha:////x"), 1);
        assert_eq!(obeyed("a\tb\n\u{1b}[1m\r\u{202e}é"), ['\u{1b}', '\r', '\u{202e}']);
    }
}
