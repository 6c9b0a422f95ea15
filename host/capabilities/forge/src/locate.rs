//! Finds the forge of a repository and its API: from the inputs of the run, the CI system, a list of public forges or the host
//! name. It asks no server.

use crate::ForgeConfig;
use lockstep_model::call::CallError;
use lockstep_model::forge::ForgeKind;
use lockstep_model::repository::Repository;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::web::WebAddress;

/// The forge that the CI system of the job names.
#[derive(Debug, Clone)]
pub struct PlatformServer {
    /// Scheme, host and port, without a `/` at the end.
    pub origin: String,
    /// Its kind.
    pub kind: ForgeKind,
    /// The URL of its API, if the CI system names it.
    pub api: Option<String>,
}

/// A repository on a forge.
pub(crate) struct ForgeRepository {
    /// The kind of the forge.
    pub(crate) kind: ForgeKind,
    /// The URL of its API, without a `/` at the end.
    pub(crate) api: String,
    /// The path of the repository, such as `shop/deploy`.
    pub(crate) path: String,
    /// The token for the API.
    pub(crate) token: String,
}

/// Public forges: origin, kind and URL of the API.
const PUBLIC_FORGES: [(&str, ForgeKind, &str); 4] = [
    ("https://github.com", ForgeKind::GitHub, "https://api.github.com"),
    ("https://gitlab.com", ForgeKind::GitLab, "https://gitlab.com/api/v4"),
    ("https://gitea.com", ForgeKind::Gitea, "https://gitea.com/api/v1"),
    ("https://codeberg.org", ForgeKind::Gitea, "https://codeberg.org/api/v1"),
];

/// Finds the forge of a repository.
///
/// # Errors
/// `Invalid` if there is no secrets forge, `Unauthorized` if the job has no token for it or it would go over a line without TLS.
pub(crate) fn locate(
    repository: &Repository,
    config: &ForgeConfig,
    secrets: &SecretRegistry,
) -> Result<ForgeRepository, CallError> {
    let (url, login) = config.repository.web_location(repository, secrets)?;
    let (origin, path) = origin_and_path(&url).ok_or_else(|| {
        CallError::Invalid(format!(
            "`{url}` is on no forge, so it has no pull requests and no signed commits"
        ))
    })?;
    let token = login.map(|login| login.token().to_owned()).ok_or_else(|| {
        let hint = "set LOCKSTEP_FORGE_TOKEN or the variable of its forge";
        CallError::Unauthorized(format!("the job has no token for {origin}; {hint}"))
    })?;
    let (kind, api) = kind_and_api(&origin, config).ok_or_else(|| {
        CallError::Invalid(format!(
            "unknown kind of forge at {origin}: set the input `forge` to `github`, `gitlab` or `gitea`"
        ))
    })?;
    let safe = |address: &WebAddress| address.is_secure() || address.is_loopback();
    if !WebAddress::parse(&api).is_ok_and(|address| safe(&address)) {
        return Err(CallError::Unauthorized(format!(
            "the host does not send the token for {origin} to {api} without TLS; use https"
        )));
    }
    Ok(ForgeRepository { kind, api, path, token })
}

/// Splits the web URL of a repository into origin and path.
fn origin_and_path(url: &str) -> Option<(String, String)> {
    let origin = WebAddress::parse(url).ok()?.origin();
    let path = url.strip_prefix(&origin)?.trim_matches('/').trim_end_matches(".git").to_owned();
    Some((origin, path))
}

/// The kind of the forge at an origin, and the URL of its API.
fn kind_and_api(origin: &str, config: &ForgeConfig) -> Option<(ForgeKind, String)> {
    let platform = config.servers.iter().find(|server| server.origin == origin);
    let public = PUBLIC_FORGES.iter().find(|(public, ..)| *public == origin);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let has_label = |word: &str| host.split([':', '.']).any(|label| label == word);
    let by_name = || {
        let forgejo = has_label("forgejo").then_some(ForgeKind::Gitea);
        ForgeKind::ALL.into_iter().find(|kind| has_label(kind.word())).or(forgejo)
    };
    let kind = config
        .kind
        .or(platform.map(|server| server.kind))
        .or(public.map(|(_, kind, _)| *kind))
        .or_else(by_name)?;
    let platform = platform.filter(|server| server.kind == kind).and_then(|server| server.api.clone());
    let public = public.filter(|(_, public, _)| *public == kind).map(|(.., api)| (*api).to_owned());
    let default = || match kind {
        ForgeKind::GitHub => format!("{origin}/api/v3"),
        ForgeKind::GitLab => format!("{origin}/api/v4"),
        ForgeKind::Gitea => format!("{origin}/api/v1"),
    };
    Some((kind, platform.or(public).unwrap_or_else(default).trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::locate as locate_at;
    use super::*;
    use lockstep_repository::Login;

    fn config() -> ForgeConfig {
        let logins = vec![
            Login::new(Some("https://github.com".into()), "x", "gh-token"),
            Login::new(Some("https://git.example.com".into()), "x", "own-token"),
            Login::new(None, "x", "any-token"),
        ];
        let server =
            PlatformServer { origin: "https://git.example.com".into(), kind: ForgeKind::GitLab, api: None };
        let repository = lockstep_repository::RepositoryConfig { logins, ..Default::default() };
        ForgeConfig { repository, kind: None, servers: vec![server] }
    }

    #[test]
    fn the_inputs_the_ci_system_or_the_name_tell_the_kind_of_a_forge() {
        for (url, kind, api, path, token) in [
            ("https://github.com/shop/deploy", "github", "https://api.github.com", "shop/deploy", "gh-token"),
            (
                "https://github.com/shop/deploy.git",
                "github",
                "https://api.github.com",
                "shop/deploy",
                "gh-token",
            ),
            (
                "ssh://git@github.com/shop/deploy.git",
                "github",
                "https://api.github.com",
                "shop/deploy",
                "gh-token",
            ),
            (
                "https://git.example.com/a/b/c",
                "gitlab",
                "https://git.example.com/api/v4",
                "a/b/c",
                "own-token",
            ),
            (
                "https://gitea.example.com/a/b",
                "gitea",
                "https://gitea.example.com/api/v1",
                "a/b",
                "any-token",
            ),
            (
                "https://github.example.com/a/b",
                "github",
                "https://github.example.com/api/v3",
                "a/b",
                "any-token",
            ),
        ] {
            let place =
                locate(&Repository::parse(url).unwrap(), &config(), &SecretRegistry::default()).unwrap();
            assert_eq!(
                (place.kind.word(), &*place.api, &*place.path, &*place.token),
                (kind, api, path, token)
            );
        }
        let locate = |url: &str, config: &ForgeConfig| {
            locate_at(&Repository::parse(url).unwrap(), config, &SecretRegistry::default()).err()
        };
        let unknown = locate("https://code.example.com/a/b", &config());
        assert!(matches!(&unknown, Some(CallError::Invalid(why)) if why.contains("`forge`")), "{unknown:?}");
        let with_kind = ForgeConfig { kind: Some(ForgeKind::Gitea), ..config() };
        assert_eq!(locate("https://code.example.com/a/b", &with_kind), None);
        let local = locate("file:///srv/git/a", &config());
        assert!(matches!(&local, Some(CallError::Invalid(why)) if why.contains("on no forge")), "{local:?}");
        let without_token =
            ForgeConfig { repository: lockstep_repository::RepositoryConfig::default(), ..config() };
        assert!(matches!(locate("https://github.com/a/b", &without_token), Some(CallError::Unauthorized(_))));
    }

    #[test]
    fn the_host_sends_no_token_without_tls() {
        let mut config = config();
        config.servers[0].api = Some("http://git.example.com/api/v4".into());
        let found = locate(
            &Repository::parse("https://git.example.com/a/b").unwrap(),
            &config,
            &SecretRegistry::default(),
        );
        assert!(matches!(found.err(), Some(CallError::Unauthorized(_))));
    }
}
