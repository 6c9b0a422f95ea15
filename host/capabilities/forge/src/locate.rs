//! On which forge a repository is, and where its API is. It asks no server: what the run's inputs, the platform or the
//! host's name do not say, the run has to be told.

use crate::Connection;
use lockstep_model::call::CallError;
use lockstep_model::forge::ForgeKind;
use lockstep_model::repository::Repository;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::web::WebAddress;

/// A server that the platform of the job names.
#[derive(Debug, Clone)]
pub struct Server {
    /// Scheme, host and port, without a `/` at the end.
    pub origin: String,
    /// What it is.
    pub kind: ForgeKind,
    /// The URL of its API, if the platform names that too.
    pub api: Option<String>,
}

/// A repository on a forge.
pub(crate) struct Place {
    /// What the forge is.
    pub(crate) kind: ForgeKind,
    /// The URL of its API, without a `/` at the end.
    pub(crate) api: String,
    /// The repository's path on it, such as `shop/deploy`.
    pub(crate) path: String,
    /// What opens it.
    pub(crate) token: String,
}

/// Forges that everybody knows, by their host.
const KNOWN: [(&str, ForgeKind, &str); 4] = [
    ("https://github.com", ForgeKind::GitHub, "https://api.github.com"),
    ("https://gitlab.com", ForgeKind::GitLab, "https://gitlab.com/api/v4"),
    ("https://gitea.com", ForgeKind::Gitea, "https://gitea.com/api/v1"),
    ("https://codeberg.org", ForgeKind::Gitea, "https://codeberg.org/api/v1"),
];

/// Finds a repository.
pub(crate) fn locate(
    repository: &Repository,
    connection: &Connection,
    known: &SecretRegistry,
) -> Result<Place, CallError> {
    let (url, login) = connection.repository.web(repository, known)?;
    let (origin, path) = web(&url).ok_or_else(|| {
        CallError::Invalid(format!(
            "`{url}` is on no forge, so it has no pull requests, and nobody there signs commits"
        ))
    })?;
    let token = login.map(|login| login.token().to_owned()).ok_or_else(|| {
        let hint = "give one in LOCKSTEP_FORGE_TOKEN or the variable of its forge";
        CallError::Unauthorized(format!("the job holds no token for {origin}; {hint}"))
    })?;
    let (kind, api) = forge(&origin, connection).ok_or_else(|| {
        CallError::Invalid(format!(
            "it cannot be told which kind of forge {origin} is; say `github`, `gitlab` or `gitea` with `forge`"
        ))
    })?;
    let safe = |address: &WebAddress| address.is_secure() || address.is_loopback();
    if !WebAddress::parse(&api).is_ok_and(|address| safe(&address)) {
        return Err(CallError::Unauthorized(format!(
            "the token for {origin} is not sent to {api}; use https"
        )));
    }
    Ok(Place { kind, api, path, token })
}

/// The origin of the web server of a repository, and its path there.
fn web(url: &str) -> Option<(String, String)> {
    let origin = WebAddress::parse(url).ok()?.origin();
    let path = url.strip_prefix(&origin)?.trim_matches('/').trim_end_matches(".git").to_owned();
    Some((origin, path))
}

/// What the forge at an origin is, and where its API is.
fn forge(origin: &str, connection: &Connection) -> Option<(ForgeKind, String)> {
    let said = connection.servers.iter().find(|server| server.origin == origin);
    let famous = KNOWN.iter().find(|(known, ..)| *known == origin);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let called = |word: &str| host.split([':', '.']).any(|label| label == word);
    let named = || {
        let forgejo = called("forgejo").then_some(ForgeKind::Gitea);
        ForgeKind::ALL.into_iter().find(|kind| called(kind.word())).or(forgejo)
    };
    let kind = connection
        .kind
        .or(said.map(|server| server.kind))
        .or(famous.map(|(_, kind, _)| *kind))
        .or_else(named)?;
    let said = said.filter(|server| server.kind == kind).and_then(|server| server.api.clone());
    let famous = famous.filter(|(_, known, _)| *known == kind).map(|(.., api)| (*api).to_owned());
    let usual = || match kind {
        ForgeKind::GitHub => format!("{origin}/api/v3"),
        ForgeKind::GitLab => format!("{origin}/api/v4"),
        ForgeKind::Gitea => format!("{origin}/api/v1"),
    };
    Some((kind, said.or(famous).unwrap_or_else(usual).trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::locate as locate_at;
    use super::*;
    use lockstep_repository::Login;

    fn connection() -> Connection {
        let logins = vec![
            Login::new(Some("https://github.com".into()), "x", "gh-token"),
            Login::new(Some("https://git.example.com".into()), "x", "own-token"),
            Login::new(None, "x", "any-token"),
        ];
        let server = Server { origin: "https://git.example.com".into(), kind: ForgeKind::GitLab, api: None };
        let repository = lockstep_repository::Connection { logins, ..Default::default() };
        Connection { repository, kind: None, servers: vec![server] }
    }

    #[test]
    fn a_forge_is_told_by_the_inputs_the_platform_or_its_name() {
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
                locate(&Repository::parse(url).unwrap(), &connection(), &SecretRegistry::default()).unwrap();
            assert_eq!(
                (place.kind.word(), &*place.api, &*place.path, &*place.token),
                (kind, api, path, token)
            );
        }
        let locate = |url: &str, connection: &Connection| {
            locate_at(&Repository::parse(url).unwrap(), connection, &SecretRegistry::default()).err()
        };
        let unknown = locate("https://code.example.com/a/b", &connection());
        assert!(matches!(&unknown, Some(CallError::Invalid(why)) if why.contains("`forge`")), "{unknown:?}");
        let told = Connection { kind: Some(ForgeKind::Gitea), ..connection() };
        assert_eq!(locate("https://code.example.com/a/b", &told), None);
        let local = locate("file:///srv/git/a", &connection());
        assert!(matches!(&local, Some(CallError::Invalid(why)) if why.contains("on no forge")), "{local:?}");
        let nobody = Connection { repository: lockstep_repository::Connection::default(), ..connection() };
        assert!(matches!(locate("https://github.com/a/b", &nobody), Some(CallError::Unauthorized(_))));
    }

    #[test]
    fn a_token_is_not_sent_where_others_can_read_it() {
        let mut connection = connection();
        connection.servers[0].api = Some("http://git.example.com/api/v4".into());
        let found = locate(
            &Repository::parse("https://git.example.com/a/b").unwrap(),
            &connection,
            &SecretRegistry::default(),
        );
        assert!(matches!(found.err(), Some(CallError::Unauthorized(_))));
    }
}
