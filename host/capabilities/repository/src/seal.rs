//! What tells a commit that a run has made, and nobody has touched since, from those of others. It proves nothing against
//! somebody who wants to pass for a run: it keeps runs from dropping what people have done.

use lockstep_model::digest::Digest;

/// The trailer that holds it.
const TRAILER: &str = "Lockstep-Seal: ";

/// A message with the seal of the commit that it is for.
pub(super) fn sealed(message: &str, parent: &str, tree: &str) -> String {
    let message = message.trim_end();
    // Trailers are one paragraph: https://git-scm.com/docs/git-interpret-trailers
    let last = message.rsplit("\n\n").next().unwrap_or_default();
    let is_trailer = |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
    let gap = if message.contains("\n\n") && last.lines().all(is_trailer) { "\n" } else { "\n\n" };
    format!("{message}{gap}{TRAILER}{}\n", seal(message, parent, tree))
}

/// Whether a commit is what a run has made.
pub(super) fn holds(message: &str, parents: &[String], tree: &str) -> bool {
    let [parent] = parents else { return false };
    let lines = message.trim_end().rsplit_once('\n');
    lines.is_some_and(|(message, last)| {
        last.strip_prefix(TRAILER) == Some(&*seal(message.trim_end(), parent, tree))
    })
}

fn seal(message: &str, parent: &str, tree: &str) -> String {
    Digest::of(format!("{parent}\n{tree}\n{message}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_that_of_one_commit() {
        for message in
            ["Promote\n", "Promote\n\nweb: 1 -> 2\n\nPromoted-To: prod\n", "Promote\n\nweb: 1 -> 2\n"]
        {
            let sealed = sealed(message, "a", "b");
            assert!(holds(&sealed, &["a".into()], "b"), "{sealed}");
            assert!(sealed.starts_with(message.trim_end()));
            assert!(!holds(&sealed, &["c".into()], "b"), "on top of something else");
            assert!(!holds(&sealed, &["a".into()], "c"), "with another content");
            assert!(!holds(&sealed, &["a".into(), "b".into()], "b"), "a merge");
            assert!(
                !holds(&sealed.replace("Promote", "promote"), &["a".into()], "b"),
                "with another message"
            );
            assert!(!holds(&format!("{sealed}More: x\n"), &["a".into()], "b"), "with more of it");
            assert!(!holds(message, &["a".into()], "b"));
        }
        let trailers = sealed("Promote\n\nPromoted-To: prod\n", "a", "b");
        assert!(trailers.contains("Promoted-To: prod\nLockstep-Seal: "), "one paragraph of trailers");
    }
}
