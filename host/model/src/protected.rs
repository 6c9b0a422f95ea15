//! What no grant can open: version control, CI definitions, policy and lock files, and lockstep's own
//! files in the workspace. It never looks at a disk, so names are compared without case.

use crate::path::WorkspacePath;

/// Folders that hold CI definitions, directly below the workspace.
const CI_FOLDERS: [&str; 8] =
    [".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".buildkite", ".woodpecker", ".tekton"];

/// Files that hold CI definitions, policy or locks, directly below the workspace.
const CI_FILES: [&str; 11] = [
    ".gitlab-ci.yml",
    "jenkinsfile",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "lockstep.yaml",
    "lockstep.yml",
    "lockstep.lock",
];

/// The beginning of the name of every file that lockstep makes in a workspace for itself.
pub const OWN_PREFIX: &str = ".lockstep-";

/// Why a path is out of reach, as the end of a sentence; none if it is not.
#[must_use]
pub fn unreachable(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| {
        // Windows drops dots and blanks at the end of a name, and knows `.git` by a short name too.
        let name = part.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        match name.as_str() {
            ".git" | "git~1" => Some("is the repository's own data, out of reach for every step"),
            name if name.starts_with(OWN_PREFIX) => Some("is a file that lockstep keeps for itself"),
            _ => None,
        }
    })
}

/// Why a path cannot be changed, as the end of a sentence; none if it can.
#[must_use]
pub fn unchangeable(path: &WorkspacePath) -> Option<&'static str> {
    let lower = path.as_str().to_ascii_lowercase();
    let first = lower.split('/').next().unwrap_or_default();
    let definition = CI_FOLDERS.contains(&first)
        || CI_FILES.contains(&lower.as_str())
        || lower.starts_with("jenkinsfile.") && !lower.contains('/');
    unreachable(path.as_str()).or(definition.then_some("decides what CI runs, so no step can change it"))
}

/// Why nothing can be kept at a path outside the workspace, as the end of a sentence; none if it can: it may lie in a
/// repository, whose top is not known.
#[must_use]
pub fn unstorable(path: &str) -> Option<&'static str> {
    let definition = path.split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        CI_FOLDERS.contains(&part.as_str())
            || CI_FILES.contains(&part.as_str())
            || part.starts_with("jenkinsfile.")
    });
    unreachable(path).or(definition.then_some("may decide what CI runs, so no step can store it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_control_and_own_files_are_out_of_reach() {
        for path in
            [".git", ".git/config", "a/.GIT/config", "a/.git", ".git./x", ".git /x", ".lockstep-journal"]
        {
            assert!(unreachable(path).is_some(), "{path}");
        }
        for path in ["a/git", ".gitignore", ".github/x", "lockstep.yaml", "x.git"] {
            assert!(unreachable(path).is_none(), "{path}");
        }
    }

    #[test]
    fn what_decides_over_ci_cannot_be_changed() {
        for path in [
            ".github/workflows/x.yml",
            ".GitHub/x",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            "Jenkinsfile.prod",
            "lockstep.yaml",
            ".git/x",
        ] {
            assert!(unchangeable(&WorkspacePath::parse(path).unwrap()).is_some(), "{path}");
        }
        for path in ["deploy/Jenkinsfile.d/x", "deploy/lockstep.yaml", "github/x", ".gitignore"] {
            assert!(unchangeable(&WorkspacePath::parse(path).unwrap()).is_none(), "{path}");
        }
    }
}
