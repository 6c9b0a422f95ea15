//! The names of a git repository, its branches, its files and its pull requests: `REPOSITORY`, `REPOSITORY#BRANCH`,
//! `REPOSITORY//PATH` and `REPOSITORY#BASE...BRANCH`. This module sends no request.

mod scope;

pub use scope::RepositoryScope;

use crate::path::{PathError, WorkspacePath};
use crate::pattern::Pattern;
use crate::web::WebAddress;
use std::fmt;

/// The error of an invalid name of a repository or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// The text is neither `.` nor a URL of a repository.
    #[error(
        "invalid repository `{0}`: expected `.` for that of the workspace, or a URL such as `https://HOST/PATH`, \
         `ssh://git@HOST/PATH` and `file:///PATH`"
    )]
    Syntax(String),
    /// Programs could read the URL in two ways.
    #[error("invalid URL `{}` of a repository: {why}", .0.escape_debug(), why = .1)]
    Url(String, String),
    /// Git does not allow the name of the branch, or reads it as something else.
    #[error("invalid branch name `{}`", .0.escape_debug())]
    Branch(String),
    /// A path or a pattern is invalid.
    #[error("{0}")]
    Path(String),
    /// A path leads out of the repository.
    #[error("{0}")]
    Escapes(String),
}

/// The name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository(String);

/// The name of the repository of the workspace.
const OWN: &str = ".";
/// The longest URL in bytes.
const MAX_URL_BYTES: usize = 2000;

impl Repository {
    /// Parses a name. It accepts only the one canonical spelling.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, RepositoryError> {
        let own = || Ok(Self(text.to_owned()));
        let url = |why: &str| RepositoryError::Url(text.to_owned(), why.to_owned());
        if text == OWN {
            return own();
        }
        if text.len() > MAX_URL_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(url("it has an invalid character, or is too long"));
        }
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| RepositoryError::Syntax(text.to_owned()))?;
        let path = match scheme {
            "https" | "http" => {
                let address = WebAddress::parse(text).map_err(|error| url(&error.to_string()))?;
                if text.contains(['?', '%']) {
                    return Err(url("it has a `?` or a `%`"));
                }
                let origin = address.origin();
                text.strip_prefix(&origin).ok_or_else(|| url("it names the default port"))?
            }
            "ssh" => ssh(rest).ok_or_else(|| url("write `ssh://USER@HOST/PATH`"))?,
            "file" => rest,
            _ => return Err(RepositoryError::Syntax(text.to_owned())),
        };
        let mut parts = path.strip_prefix('/').ok_or_else(|| url("it has no path"))?.split('/');
        match parts.all(plain_part) {
            true => own(),
            false => Err(url("its path has a part that is empty, `.` or `..`, or begins with `-`, or a `#`")),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the repository of the workspace.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0 == OWN
    }

    /// The URL, if the repository is on a web server.
    #[must_use]
    pub fn web(&self) -> Option<WebAddress> {
        WebAddress::parse(&self.0).ok()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of `USER@HOST:PORT/PATH`. It rejects a host that begins with `-`, which ssh would take for an option.
fn ssh(rest: &str) -> Option<&str> {
    let at = rest.find('/')?;
    let (authority, path) = rest.split_at(at);
    let host =
        authority.rsplit_once('@').map_or(authority, |(user, host)| if is_word(user) { host } else { "" });
    let (host, port) = host.split_once(':').unwrap_or((host, "22"));
    let number = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_word(host) && number).then_some(path)
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && !text.starts_with(['-', '.']) && text.chars().all(plain)
}

fn plain_part(part: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '+' | '@' | ',' | '=');
    !part.is_empty() && part != "." && part != ".." && !part.starts_with('-') && part.chars().all(plain)
}

/// A part of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryPart {
    /// Its branches and commits as a whole.
    Whole,
    /// One branch.
    Branch(WorkspacePath),
    /// Files of a commit.
    Files(Vec<WorkspacePath>),
    /// The files of a commit that a pattern matches.
    Pattern(Pattern),
    /// The pull requests from the second branch into the first, the base.
    PullRequests(WorkspacePath, WorkspacePath),
}

impl RepositoryPart {
    /// The part with its repository, as a scope spells it. Of several files it names the first.
    #[must_use]
    pub fn named(&self, repository: &Repository) -> String {
        match self {
            Self::Whole => repository.to_string(),
            Self::Branch(branch) => format!("{repository}#{}", branch.as_str()),
            Self::Files(paths) => {
                format!("{repository}//{}", paths.first().map(WorkspacePath::as_str).unwrap_or_default())
            }
            Self::Pattern(pattern) => format!("{repository}//{}", pattern.as_str()),
            Self::PullRequests(base, branch) => {
                format!("{repository}#{}...{}", base.as_str(), branch.as_str())
            }
        }
    }
}

/// Parses the name of a branch without `refs/heads/`.
/// <https://git-scm.com/docs/git-check-ref-format>
///
/// # Errors
/// Git does not allow the name, or reads it as something else.
pub fn branch(text: &str) -> Result<WorkspacePath, RepositoryError> {
    let wrong = || RepositoryError::Branch(text.to_owned());
    let path = WorkspacePath::parse(text).map_err(|_| wrong())?;
    let special = |c: char| c.is_whitespace() || matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\' | '#');
    let part = |part: &str| {
        !part.starts_with(['.', '-'])
            && !part.ends_with(['.'])
            && !part.ends_with(".lock")
            && !part.contains("..")
    };
    // Git reads these as names of commits or of other references.
    let taken = text == "HEAD" || text == "@" || text == "-" || text.starts_with("refs/");
    let hex = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let plain = !text.contains(special) && !text.contains("@{") && text.split('/').all(part);
    if plain && !taken && !hex && text.len() <= 250 { Ok(path) } else { Err(wrong()) }
}

/// Parses the path of a file in a commit.
///
/// # Errors
/// The path is invalid, or leads out of the repository.
pub fn file(text: &str) -> Result<WorkspacePath, RepositoryError> {
    let path = WorkspacePath::parse(text).map_err(|error| match error {
        PathError::Absolute(_) | PathError::Dots(_) => RepositoryError::Escapes(error.to_string()),
        _ => RepositoryError::Path(error.to_string()),
    })?;
    if path.is_stdin() {
        Err(RepositoryError::Path("`-` is not a file of a commit".into()))
    } else {
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_one_spelling() {
        for good in [
            ".",
            "https://github.com/shop/deploy",
            "https://git.example.com:8443/group/sub/deploy.git",
            "http://127.0.0.1:3000/shop/deploy",
            "ssh://git@git.example.com/shop/deploy.git",
            "ssh://git@git.example.com:2222/~shop/deploy",
            "file:///srv/git/deploy.git",
        ] {
            assert_eq!(Repository::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "..",
            "/srv/git/deploy",
            "git@github.com:shop/deploy",
            "https://token@github.com/shop/deploy",
            "https://github.com",
            "https://github.com/",
            "https://GitHub.com/shop/deploy",
            "https://github.com:443/shop/deploy",
            "https://github.com/shop/../other",
            "https://github.com/shop//deploy",
            "https://github.com/shop/deploy/",
            "https://github.com/shop/deploy?x=y",
            "https://github.com/shop%2fdeploy",
            "https://github.com/shop/-deploy",
            "ssh://-oProxyCommand=x/shop/deploy",
            "ssh://git@-x/shop/deploy",
            "ssh://git@host:x/shop/deploy",
            "ext::sh -c id",
            "git://github.com/shop/deploy",
            "file://host/srv",
            "file:///srv/../etc",
            "file:///srv/a b",
        ] {
            assert!(Repository::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn branch_names_follow_the_rules_of_git() {
        for good in ["main", "env/prod", "promote/web-1.2.3", "a_b", "v1.2"] {
            assert_eq!(branch(good).unwrap().as_str(), good);
        }
        let hex = "a".repeat(40);
        for bad in [
            "",
            "-",
            "-x",
            "a/-x",
            "HEAD",
            "@",
            "a..b",
            "a/../b",
            ".a",
            "a/.b",
            "a.lock",
            "a.",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            "refs/heads/a",
            "a\nb",
            "a#b",
            &hex,
        ] {
            assert!(branch(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_scope_covers_only_its_own_parts() {
        let own = Repository::parse(".").unwrap();
        let other = Repository::parse("https://git.example.com/shop/deploy").unwrap();
        let scope = |text: &str| RepositoryScope::parse(text).unwrap();
        let on = |name: &str| RepositoryPart::Branch(branch(name).unwrap());
        let at = |path: &str| RepositoryPart::Files(vec![file(path).unwrap()]);
        let like = |text: &str| RepositoryPart::Pattern(Pattern::parse(text).unwrap());
        let into = |base: &str, name: &str| {
            RepositoryPart::PullRequests(branch(base).unwrap(), branch(name).unwrap())
        };
        for (text, repository, part, covered) in [
            (".", &own, on("main"), true),
            (".", &own, at("a.yaml"), true),
            (".", &other, at("a.yaml"), false),
            (".#promote/**", &own, on("promote/web"), true),
            (".#promote/**", &own, on("main"), false),
            (".#promote/**", &own, at("promote/web"), false),
            (".#promote/**", &own, RepositoryPart::Whole, false),
            (".", &own, into("main", "promote/web"), true),
            (".", &other, into("main", "promote/web"), false),
            (".#main...promote/*", &own, into("main", "promote/web"), true),
            (".#main...promote/*", &own, into("release", "promote/web"), false),
            (".#main...promote/*", &own, into("main", "feature"), false),
            (".#main...promote/*", &own, into("promote/web", "main"), false),
            (".#main...promote/*", &own, on("main"), false),
            (".#main...promote/*", &own, on("promote/web"), false),
            (".#main...promote/*", &own, at("main"), false),
            (".#main...promote/*", &own, RepositoryPart::Whole, false),
            (".#**", &own, into("main", "promote/web"), false),
            (".//**", &own, into("main", "promote/web"), false),
            (".//envs/prod/**", &own, at("envs/prod/a.yaml"), true),
            (".//envs/prod/**", &own, at("envs/dev/a.yaml"), false),
            (".//envs/prod/**", &own, on("envs/prod/a"), false),
            (".//envs/prod/**", &own, RepositoryPart::Whole, true),
            (".//envs/prod/**", &own, like("envs/prod/*.yaml"), true),
            (".//envs/prod/**", &own, like("envs/**"), false),
            ("https://git.example.com/shop/deploy//envs/**", &other, at("envs/a"), true),
            ("https://git.example.com/shop/deploy//envs/**", &own, at("envs/a"), false),
            ("https://git.example.com/shop/deploy#main", &other, on("main"), true),
            ("https://git.example.com/shop/other", &other, on("main"), false),
        ] {
            assert_eq!(scope(text).covers(repository, &part), covered, "{text} {part:?}");
        }
        let several = RepositoryPart::Files(vec![file("envs/prod/a").unwrap(), file("envs/dev/a").unwrap()]);
        assert!(!scope(".//envs/prod/**").covers(&own, &several));
        let local = Repository::parse("file:///srv/git/deploy").unwrap();
        assert!(scope("file:///srv/git/deploy//envs/**").covers(&local, &at("envs/a")));
        assert!(scope("file:///srv/git/deploy").covers(&local, &on("main")));
        for bad in ["", "..//envs", ".#", "https://h/a//../x", ".//", ".//a//b"] {
            assert!(RepositoryScope::parse(bad).is_err(), "{bad:?}");
        }
    }
}
