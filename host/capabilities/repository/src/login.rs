//! The tokens for servers of repositories. It never sends a token to a server that it is not for.

use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use lockstep_model::web::WebAddress;
use std::fmt;

/// A user and a token for a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    origin: Option<String>,
    user: String,
    token: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?}, {})", self.origin, self.user)
    }
}

impl Login {
    /// A token for the server at `origin`; with none, for the server of each repository that the inputs name by its URL.
    #[must_use]
    pub fn new(origin: Option<String>, user: &str, token: &str) -> Self {
        Self { origin, user: user.to_owned(), token: token.to_owned() }
    }

    /// The token, for the client of the server only.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The output of a credential helper of git. <https://git-scm.com/docs/git-credential#IOFMT>
    pub(super) fn lines(&self) -> String {
        format!("username={}\npassword={}\n", self.user, self.token)
    }
}

/// The login for a repository. A login without an origin is not for the remote of the workspace, because anybody who can commit
/// there sets that remote.
///
/// # Errors
/// `Unauthorized` if the token would go over a line without TLS.
pub(super) fn find<'l>(
    logins: &'l [Login],
    repository: &Repository,
    url: &str,
) -> Result<Option<&'l Login>, CallError> {
    let Ok(address) = WebAddress::parse(url) else { return Ok(None) };
    let origin = address.origin();
    let exact = logins.iter().find(|login| login.origin.as_ref() == Some(&origin));
    let any = || logins.iter().find(|login| login.origin.is_none()).filter(|_| !repository.is_own());
    let login = exact.or_else(any);
    if login.is_some() && !address.is_secure() && !address.is_loopback() {
        return Err(CallError::Unauthorized(format!(
            "the host does not send the token for {origin} without TLS, because others could read it; use https"
        )));
    }
    Ok(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_server_and_nowhere_else() {
        let logins = [
            Login::new(Some("https://github.com".into()), "x-access-token", "one"),
            Login::new(None, "x-access-token", "other"),
        ];
        let own = Repository::parse(".").unwrap();
        let token = |repository: &Repository, url: &str| {
            find(&logins, repository, url).map(|login| login.map(|login| login.token.clone()))
        };
        assert_eq!(token(&own, "https://github.com/shop/deploy"), Ok(Some("one".into())));
        assert_eq!(token(&own, "https://github.com.example.org/shop/deploy"), Ok(None));
        assert_eq!(token(&own, "http://github.com/shop/deploy"), Ok(None));
        assert_eq!(token(&own, "ssh://git@github.com/shop/deploy"), Ok(None));
        assert_eq!(token(&own, "file:///github.com/shop/deploy"), Ok(None));
        for (url, login) in
            [("https://git.example.com/a/b", Some("other")), ("https://github.com/a/b", Some("one"))]
        {
            let named = Repository::parse(url).unwrap();
            assert_eq!(token(&named, url), Ok(login.map(str::to_owned)));
        }
        let plain = Repository::parse("http://git.example.com/a/b").unwrap();
        assert!(matches!(token(&plain, plain.as_str()), Err(CallError::Unauthorized(_))));
        let local = Repository::parse("http://127.0.0.1:3000/a/b").unwrap();
        assert_eq!(token(&local, local.as_str()), Ok(Some("other".into())));
        assert!(!format!("{logins:?}").contains("other"));
    }
}
