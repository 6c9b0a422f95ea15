//! Finds the URL of a repository: the one in the inputs, or the remote `origin` of the workspace. It sends no request.

use super::{RepositoryConfig, git};
use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_process::{ProgramLimits, regular_file};
use std::path::{Path, PathBuf};

/// The limits of a call that prints a URL.
const PROGRAM_LIMITS: ProgramLimits =
    ProgramLimits { max_stdout_bytes: 64 * 1024, max_stderr_bytes: 1024, timeout: None, idle_timeout: None };

/// The URL of a repository. It drops a password in the URL of the workspace's remote, and registers it as a secret.
pub(super) fn url(
    repository: &Repository,
    config: &RepositoryConfig,
    secrets: &SecretRegistry,
) -> Result<String, CallError> {
    if !repository.is_own() {
        return Ok(repository.as_str().to_owned());
    }
    let hint = "use the URL of the repository instead";
    // Git runs in another folder, so the path must be absolute.
    let workspace = std::path::absolute(&config.workspace).ok();
    let folder = workspace
        .and_then(|workspace| git_folder(&workspace))
        .ok_or_else(|| CallError::NotFound(format!("the workspace is not in a git checkout; {hint}")))?;
    // It reads this file alone and follows no includes.
    let mut command = git::program(&config.programs, &config.variables)?;
    command.args(["config", "--file"]).arg(folder.join("config")).args([
        "--no-includes",
        "--get",
        "remote.origin.url",
    ]);
    let output = config.programs.run(&command, b"", PROGRAM_LIMITS).map_err(|error| git::unable(&error))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if text.is_empty() {
        return Err(CallError::NotFound(format!(
            "the git checkout of the workspace has no remote `origin`; {hint}"
        )));
    }
    let (url, password) = normalize(&text);
    password.filter(|password| password.len() >= 4).into_iter().for_each(|password| secrets.add(&password));
    match Repository::parse(&url) {
        Ok(named) if !named.is_own() => Ok(url),
        _ => {
            Err(CallError::Invalid(format!("unsupported remote `origin` of the workspace: `{url}`; {hint}")))
        }
    }
}

/// The web URL of a repository. For an ssh URL it has the same host without the port, which is that of ssh.
pub(super) fn web_url(url: &str) -> String {
    let Some((authority, path)) = url.strip_prefix("ssh://").and_then(|rest| rest.split_once('/')) else {
        return url.to_owned();
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("https://{}/{path}", host.split(':').next().unwrap_or_default())
}

/// The folder with the git settings of a checkout.
fn git_folder(workspace: &Path) -> Option<PathBuf> {
    let top = workspace.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    if top.is_dir() {
        return Some(top);
    }
    // In a worktree or a submodule, `.git` is a file with the path of the folder, which may name a common folder.
    let text = regular_file::read_text(&top, regular_file::MAX_DOCUMENT_BYTES).ok()?;
    let own = top.parent()?.join(text.trim().strip_prefix("gitdir: ")?);
    match regular_file::read_text(&own.join("commondir"), regular_file::MAX_DOCUMENT_BYTES) {
        Ok(common) => Some(own.join(common.trim())),
        Err(_) => Some(own),
    }
}

/// Splits a git URL into a URL in one form and its password.
/// <https://git-scm.com/docs/git-clone#_git_urls>
fn normalize(text: &str) -> (String, Option<String>) {
    if text.starts_with('/') {
        return (format!("file://{text}"), None);
    }
    match text.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            let password = user.split_once(':').map(|(_, password)| password.to_owned());
            (format!("{scheme}://{host}/{path}"), password)
        }
        Some(_) => (text.to_owned(), None),
        // `USER@HOST:PATH`
        None => match text.split_once(':') {
            Some((host, path)) => (format!("ssh://{host}/{}", path.trim_start_matches('/')), None),
            None => (text.to_owned(), None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_remotes_have_one_form_and_no_password() {
        for (text, url, password) in [
            ("https://github.com/a/b.git", "https://github.com/a/b.git", None),
            ("https://ci:glcbt-123@gitlab.com/a/b.git", "https://gitlab.com/a/b.git", Some("glcbt-123")),
            ("git@github.com:a/b.git", "ssh://git@github.com/a/b.git", None),
            ("ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git", None),
            ("/srv/git/b.git", "file:///srv/git/b.git", None),
        ] {
            assert_eq!(normalize(text), (url.to_owned(), password.map(str::to_owned)));
        }
    }
}
