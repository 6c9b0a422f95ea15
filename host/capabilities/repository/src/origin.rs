//! Where a repository is: its own URL, or what the workspace says of its remote `origin`. It never asks a server.

use super::{RepositoryConfig, git};
use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_process::{ProgramLimits, regular_file};
use std::path::{Path, PathBuf};

/// A URL is short.
const PROGRAM_LIMITS: ProgramLimits =
    ProgramLimits { max_stdout_bytes: 64 * 1024, max_stderr_bytes: 1024, timeout: None, idle_timeout: None };

/// The URL of a repository. A password that stands in that of the workspace is dropped and never shown.
pub(super) fn url(
    repository: &Repository,
    connection: &RepositoryConfig,
    known: &SecretRegistry,
) -> Result<String, CallError> {
    if !repository.is_own() {
        return Ok(repository.as_str().to_owned());
    }
    let hint = "name the repository by its URL instead";
    // Git is not started in the folder that a relative path is meant from.
    let workspace = std::path::absolute(&connection.workspace).ok();
    let folder = workspace.and_then(|workspace| git_folder(&workspace)).ok_or_else(|| {
        CallError::NotFound(format!("the workspace is no checkout of a git repository; {hint}"))
    })?;
    // The file alone: what it includes or replaces is not followed.
    let mut command = git::program(&connection.programs, &connection.variables)?;
    command.args(["config", "--file"]).arg(folder.join("config")).args([
        "--no-includes",
        "--get",
        "remote.origin.url",
    ]);
    let told = connection.programs.run(&command, b"", PROGRAM_LIMITS).map_err(|error| git::unable(&error))?;
    let text = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    if text.is_empty() {
        return Err(CallError::NotFound(format!(
            "the workspace's repository has no remote `origin`; {hint}"
        )));
    }
    let (url, password) = plain(&text);
    password.filter(|password| password.len() >= 4).into_iter().for_each(|password| known.add(&password));
    match Repository::parse(&url) {
        Ok(named) if !named.is_own() => Ok(url),
        _ => Err(CallError::Invalid(format!("the remote `origin` of the workspace is `{url}`; {hint}"))),
    }
}

/// Where a repository is on the web: of one that git reaches by ssh on the same host, without the port, which is that of
/// ssh.
pub(super) fn web(url: &str) -> String {
    let Some((authority, path)) = url.strip_prefix("ssh://").and_then(|rest| rest.split_once('/')) else {
        return url.to_owned();
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("https://{}/{path}", host.split(':').next().unwrap_or_default())
}

/// Where the repository of a checkout keeps its settings.
fn git_folder(workspace: &Path) -> Option<PathBuf> {
    let top = workspace.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    if top.is_dir() {
        return Some(top);
    }
    // A worktree or a submodule: a file that names the folder, which may name the one that it shares.
    let text = regular_file::read_text(&top, regular_file::MAX_DOCUMENT_BYTES).ok()?;
    let own = top.parent()?.join(text.trim().strip_prefix("gitdir: ")?);
    match regular_file::read_text(&own.join("commondir"), regular_file::MAX_DOCUMENT_BYTES) {
        Ok(common) => Some(own.join(common.trim())),
        Err(_) => Some(own),
    }
}

/// A URL in the form that it has here, and the password that it had.
/// <https://git-scm.com/docs/git-clone#_git_urls>
fn plain(text: &str) -> (String, Option<String>) {
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
    fn remotes_are_told_in_one_form_and_without_passwords() {
        for (text, url, password) in [
            ("https://github.com/a/b.git", "https://github.com/a/b.git", None),
            ("https://ci:glcbt-123@gitlab.com/a/b.git", "https://gitlab.com/a/b.git", Some("glcbt-123")),
            ("git@github.com:a/b.git", "ssh://git@github.com/a/b.git", None),
            ("ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git", None),
            ("/srv/git/b.git", "file:///srv/git/b.git", None),
        ] {
            assert_eq!(plain(text), (url.to_owned(), password.map(str::to_owned)));
        }
    }
}
