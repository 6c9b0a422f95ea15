//! What no grant can open: version control, CI definitions, policy and lock files, and lockstep's own files in the
//! workspace. It never looks at a disk, so it compares names as the most lenient file system does: without regard to
//! case, and without characters that are drawn as nothing.

pub mod names;

use crate::text;
use names::ProtectedNames;

/// The beginning of the name of every file that lockstep makes in a workspace for itself.
pub const OWN_PREFIX: &str = ".lockstep-";

/// Why a path is out of reach, as the end of a sentence; none if it is not.
#[must_use]
pub fn unreachable(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| match folded(part).as_str() {
        // Windows knows `.git` by a short name too.
        ".git" | "git~1" => Some("is the repository's own data, out of reach for every step"),
        name if name.starts_with(OWN_PREFIX) => Some("is a file that lockstep keeps for itself"),
        _ => None,
    })
}

/// The kinds of names that no step can change, each with the reason as the end of a sentence.
pub const KINDS: [(&[ProtectedNames], &str); 3] = [
    (names::CI, "decides what CI runs, so no step can change it"),
    (names::REPOSITORY, "decides what bots, hooks or reviewers do, so no step can change it"),
    (names::LOCKS, "is a policy or a lock file, so no step can change it"),
];

/// Why a file cannot be changed, as the end of a sentence; none if it can. The same rule holds in the workspace, in a
/// repository and in a folder that serves as a store, since each of them can be a checkout or have one in it.
#[must_use]
pub fn unchangeable(path: &str) -> Option<&'static str> {
    let path_folded = folded_path(path);
    let parts: Vec<&str> = path_folded.split('/').collect();
    let reserved = KINDS.iter().find(|(kind, _)| kind.iter().any(|reserved| reserves(reserved, &parts)));
    unreachable(path).or(reserved.map(|(_, reason)| *reason))
}

/// What every reason of this module ends with, for files that no input and no policy opens.
const FINAL: [&str; 3] = ["so no step can change it", "out of reach for every step", "keeps for itself"];

/// Whether a refusal gives a reason of this module, so that no other input or policy would help.
#[must_use]
pub fn is_final(refusal: &str) -> bool {
    FINAL.iter().any(|end| refusal.ends_with(end))
}

/// Whether the last part is such a file, or any part such a folder.
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

/// A path in the form in which paths are compared: what any file system takes for the same path gives the same text.
#[must_use]
pub fn folded_path(path: &str) -> String {
    path.split('/').map(folded).collect::<Vec<_>>().join("/")
}

/// A part of a path in the form in which names are compared.
fn folded(part: &str) -> String {
    // Windows reads `name:stream` as a part of `name`, and drops dots and blanks at the end of a name.
    let name = part.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Upper case first: `ſ` has no lower case but that of its upper case, and `ﬁ` becomes two letters.
    let shown = name.chars().filter(|c| !text::has_no_glyph(*c));
    shown.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
