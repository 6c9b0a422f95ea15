//! What opens a server of repositories, and to whom it is shown. It never shows it to a server that it was not given for.

use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use lockstep_model::web::WebAddress;
use std::fmt;

/// A token for a server.
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
    /// A token for one server, or with no origin for the server of whatever repository a run's inputs name by its URL.
    #[must_use]
    pub fn new(origin: Option<String>, user: &str, token: &str) -> Self {
        Self { origin, user: user.to_owned(), token: token.to_owned() }
    }

    /// What opens the server. For its client alone.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// It as git's helpers of credentials say it. <https://git-scm.com/docs/git-credential#IOFMT>
    pub(super) fn lines(&self) -> String {
        format!("username={}\npassword={}\n", self.user, self.token)
    }
}

/// The login for a repository. What the workspace says of its remote is somebody else's word, so what is for no certain
/// server is not shown there.
///
/// # Errors
/// The server could only be opened where others can read along.
pub(super) fn of<'l>(
    logins: &'l [Login],
    repository: &Repository,
    url: &str,
) -> Result<Option<&'l Login>, CallError> {
    let Ok(address) = WebAddress::parse(url) else { return Ok(None) };
    let origin = address.origin();
    let certain = logins.iter().find(|login| login.origin.as_ref() == Some(&origin));
    let any = || logins.iter().find(|login| login.origin.is_none()).filter(|_| !repository.is_own());
    let login = certain.or_else(any);
    if login.is_some() && !address.is_secure() && !address.is_loopback() {
        return Err(CallError::Unauthorized(format!(
            "the token for {origin} is not sent without TLS, where others could read it; use https"
        )));
    }
    Ok(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_it_is_for_and_nowhere_else() {
        let logins = [
            Login::new(Some("https://github.com".into()), "x-access-token", "one"),
            Login::new(None, "x-access-token", "other"),
        ];
        let own = Repository::parse(".").unwrap();
        let token = |repository: &Repository, url: &str| {
            of(&logins, repository, url).map(|login| login.map(|login| login.token.clone()))
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
