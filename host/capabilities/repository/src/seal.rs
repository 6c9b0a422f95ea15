//! The seal of a commit: a trailer that tells an unchanged commit of a run from commits of others. It keeps runs from dropping
//! the work of people. It is no proof of origin, because anybody can compute it.

use lockstep_model::digest::Digest;

/// The trailer with the seal.
const TRAILER: &str = "Lockstep-Seal: ";

/// Adds the seal of a commit to its message.
pub(super) fn add_seal(message: &str, parent: &str, tree: &str) -> String {
    let message = message.trim_end();
    // Trailers are one paragraph: https://git-scm.com/docs/git-interpret-trailers
    let last = message.rsplit("\n\n").next().unwrap_or_default();
    let is_trailer = |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
    let gap = if message.contains("\n\n") && last.lines().all(is_trailer) { "\n" } else { "\n\n" };
    format!("{message}{gap}{TRAILER}{}\n", seal(message, parent, tree))
}

/// Whether a commit has the seal for its message, parent and tree.
pub(super) fn is_valid(message: &str, parents: &[String], tree: &str) -> bool {
    let [parent] = parents else { return false };
    let lines = message.trim_end().rsplit_once('\n');
    lines.is_some_and(|(message, last)| {
        last.strip_prefix(TRAILER) == Some(&*seal(message.trim_end(), parent, tree))
    })
}

/// The digest of parent, tree and message.
fn seal(message: &str, parent: &str, tree: &str) -> String {
    Digest::of(format!("{parent}\n{tree}\n{message}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_valid_for_one_commit() {
        for message in
            ["Promote\n", "Promote\n\nweb: 1 -> 2\n\nPromoted-To: prod\n", "Promote\n\nweb: 1 -> 2\n"]
        {
            let sealed = add_seal(message, "a", "b");
            assert!(is_valid(&sealed, &["a".into()], "b"), "{sealed}");
            assert!(sealed.starts_with(message.trim_end()));
            assert!(!is_valid(&sealed, &["c".into()], "b"), "on top of something else");
            assert!(!is_valid(&sealed, &["a".into()], "c"), "with another content");
            assert!(!is_valid(&sealed, &["a".into(), "b".into()], "b"), "a merge");
            assert!(
                !is_valid(&sealed.replace("Promote", "promote"), &["a".into()], "b"),
                "with another message"
            );
            assert!(!is_valid(&format!("{sealed}More: x\n"), &["a".into()], "b"), "with more of it");
            assert!(!is_valid(message, &["a".into()], "b"));
        }
        let trailers = add_seal("Promote\n\nPromoted-To: prod\n", "a", "b");
        assert!(trailers.contains("Promoted-To: prod\nLockstep-Seal: "), "one paragraph of trailers");
    }
}
