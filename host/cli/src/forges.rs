//! The settings of the clients of repositories and forges: the servers that the CI system names, and the credentials of
//! the job for them. This module sends no request.

use crate::environment;
use lockstep_forge::PlatformServer;
use lockstep_model::forge::ForgeKind;
use lockstep_process::Programs;
use lockstep_repository::{Login, RepositoryConfig, Signing};
use std::path::Path;
use std::time::Duration;

/// The variable with the private SSH key that signs commits.
const SIGNING_KEY: &str = "LOCKSTEP_SIGNING_KEY";

/// How long a call retries at most while the server of a repository fails.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes the settings of the client of repositories.
pub(crate) fn repositories(
    secrets: &[(String, String)],
    workspace: &Path,
    programs: &Programs,
) -> RepositoryConfig {
    let key = secrets.iter().find(|(name, _)| name == SIGNING_KEY);
    RepositoryConfig {
        workspace: workspace.to_owned(),
        logins: logins(secrets),
        author: author(),
        trailers: trailers(),
        signing: key.map_or(Signing::None, |(_, key)| Signing::Key(key.clone())),
        secrets: secrets.iter().map(|(_, secret)| secret.clone()).collect(),
        variables: environment::variables(&["SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR"]),
        programs: programs.clone(),
        retry_timeout: RETRY_TIMEOUT,
    }
}

/// The servers that the CI system names. Gitea and Forgejo set the variables of GitHub, and one of their own.
/// <https://docs.gitea.com/usage/actions/comparison>, <https://forgejo.org/docs/latest/user/actions/reference/>
pub(crate) fn servers() -> Vec<PlatformServer> {
    let server = |origin: &str, api: &str, kind| {
        let origin = environment::text(origin)?.trim_end_matches('/').to_owned();
        Some(PlatformServer { origin, kind, api: environment::text(api) })
    };
    let gitea = ["GITEA_ACTIONS", "FORGEJO_ACTIONS"].into_iter().find_map(environment::text).is_some();
    let kind = if gitea { ForgeKind::Gitea } else { ForgeKind::GitHub };
    let github = server("GITHUB_SERVER_URL", "GITHUB_API_URL", kind);
    let gitlab = server("CI_SERVER_URL", "CI_API_V4_URL", ForgeKind::GitLab);
    github.into_iter().chain(gitlab).collect()
}

/// The tokens of forges that the job has, each for the server that the CI system names. `LOCKSTEP_FORGE_TOKEN` is for
/// that server too; without a CI system it is for the server that inputs name.
/// <https://docs.github.com/actions/reference/workflows-and-actions/variables>, <https://docs.gitlab.com/ci/variables/predefined_variables/>
fn logins(secrets: &[(String, String)]) -> Vec<Login> {
    let server = |variable: &str| environment::text(variable).map(|url| url.trim_end_matches('/').to_owned());
    let (github, gitlab) = (server("GITHUB_SERVER_URL"), server("CI_SERVER_URL"));
    let usual = |server: &Option<String>, usual: &str| server.clone().or_else(|| Some(usual.to_owned()));
    let known = [
        ("LOCKSTEP_FORGE_TOKEN", github.clone().or_else(|| gitlab.clone())),
        ("LOCKSTEP_FORGE_TOKEN", None),
        ("GITHUB_TOKEN", usual(&github, "https://github.com")),
        ("GITLAB_TOKEN", usual(&gitlab, "https://gitlab.com")),
        ("GITEA_TOKEN", usual(&github, "https://gitea.com")),
    ];
    let login = |(variable, origin): (&str, Option<String>)| {
        let (_, token) = secrets.iter().find(|(name, _)| name == variable)?;
        Some(Login::new(origin, "x-access-token", token))
    };
    known.into_iter().filter_map(login).collect()
}

/// The author of commits: from the variables of git, or on GitHub the user of its jobs.
fn author() -> Option<String> {
    let own = environment::text("GIT_AUTHOR_NAME").zip(environment::text("GIT_AUTHOR_EMAIL"));
    let bot = || {
        environment::text("GITHUB_ACTIONS")?;
        Some("github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>".to_owned())
    };
    own.map(|(name, email)| format!("{name} <{email}>")).or_else(bot)
}

/// The trailers of a commit: the URL of the job that made it, and the user who started the job. A trailer is missing if
/// the CI system does not name its value.
fn trailers() -> Vec<(String, String)> {
    let github = || {
        let [server, repository, run] =
            ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(environment::text);
        Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
    };
    let others = || ["CI_JOB_URL", "BUILD_URL"].into_iter().find_map(environment::text);
    let actor =
        ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID"].into_iter().find_map(environment::text);
    let named = [("CI-Run", github().or_else(others)), ("CI-Actor", actor)];
    let plain = |text: &String| !text.chars().any(char::is_control);
    named.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.filter(plain)?))).collect()
}
