//! The files that no grant opens: version control, CI definitions, policy and lock files, and Lockstep's own files in
//! the workspace. This module reads no disk. It compares names as the most lenient file system does: without case, and
//! without invisible characters.

pub mod names;

use crate::text;
use names::ProtectedNames;

/// The prefix of the names of Lockstep's own files in a workspace.
pub const OWN_PREFIX: &str = ".lockstep-";

/// The reason for which no step can read or change a path, as the end of a sentence; none if the grant decides.
#[must_use]
pub fn unreachable(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| match folded(part).as_str() {
        // `git~1` is the short name of `.git` on Windows.
        ".git" | "git~1" => Some("is the repository's own data, out of reach for every step"),
        name if name.starts_with(OWN_PREFIX) => Some("is a file that lockstep keeps for itself"),
        _ => None,
    })
}

/// A kind of files that no step can change.
#[derive(Debug)]
pub struct ProtectedKind {
    /// Its heading on the page about these files.
    pub title: &'static str,
    /// The reason, as the end of a sentence.
    pub reason: &'static str,
    /// The files.
    pub names: &'static [ProtectedNames],
}

/// The kinds of files that no step can change.
pub const KINDS: [ProtectedKind; 3] = [
    ProtectedKind {
        title: "Definitions of CI",
        reason: "decides what CI runs, so no step can change it",
        names: names::CI,
    },
    ProtectedKind {
        title: "Files that bots, hooks and reviewers obey",
        reason: "decides what bots, hooks or reviewers do, so no step can change it",
        names: names::REPOSITORY,
    },
    ProtectedKind {
        title: "Policies and lock files",
        reason: "is a policy or a lock file, so no step can change it",
        names: names::LOCKS,
    },
];

/// The reason for which no step can change a file, as the end of a sentence; none if the grant decides. The rule is the
/// same for the workspace, a repository and a folder that is a store, because each can be or contain a checkout.
#[must_use]
pub fn unchangeable(path: &str) -> Option<&'static str> {
    let path_folded = folded_path(path);
    let parts: Vec<&str> = path_folded.split('/').collect();
    let reserved = KINDS.iter().find(|kind| kind.names.iter().any(|reserved| reserves(reserved, &parts)));
    unreachable(path).or(reserved.map(|kind| kind.reason))
}

/// The reason for which no step can reach a file of the run, as the end of a sentence.
pub const OWN_FILE: &str =
    "is a file of this run itself (its inputs, policy, receipt or outputs), or holds credentials of the job";

/// The ends of the reasons of this module, for names that no step can reach.
const FINAL: [&str; 3] = ["so no step can change it", "out of reach for every step", "keeps for itself"];

/// Whether a denial has a reason of this module. Then no other input or policy would help.
#[must_use]
pub fn is_final(refusal: &str) -> bool {
    FINAL.iter().any(|end| refusal.ends_with(end))
}

/// Whether the last part is a protected file, or any part a protected folder.
fn reserves(reserved: &ProtectedNames, parts: &[&str]) -> bool {
    let any = |patterns: &[&str], name: &str| patterns.iter().any(|pattern| matches(pattern, name));
    parts.last().is_some_and(|name| any(reserved.files, name))
        || parts.iter().any(|name| any(reserved.folders, name))
}

/// Whether a name matches a pattern of at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => pattern == name,
    }
}

/// The canonical form of a path for comparison: two paths that some file system takes for the same one have the same
/// form.
#[must_use]
pub fn folded_path(path: &str) -> String {
    path.split('/').map(folded).collect::<Vec<_>>().join("/")
}

/// The canonical form of one part of a path.
fn folded(part: &str) -> String {
    // On Windows `name:stream` is a stream of the file `name`, and Windows drops dots and blanks at the end of a name.
    let name = part.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Upper case first: only the upper case of `ſ` has a lower case, and `ﬁ` becomes two letters.
    let shown = name.chars().filter(|c| !text::has_no_glyph(*c));
    shown.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
