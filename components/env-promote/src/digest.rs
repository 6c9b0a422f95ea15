//! Holds images that are promoted against their registries: a tag has to point at the digest that stands beside it. Never
//! takes a registry's silence for a yes, and asks none that the inputs do not name.

use std::collections::BTreeMap;

use http_auth::parser::ChallengeParser;
use lockstep_glue::Fault;

use crate::plan::{Move, Plan};
use crate::problem::{Code, Problem};

/// What stands for the registry of images that name none.
/// <https://github.com/distribution/reference/blob/v0.6.0/normalize.go>
const DOCKER: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// The prefix of a digest.
const SHA256: &str = "sha256:";

/// What is to be done where a server does not let the run in.
const LET_IN: &str = "give the credential with `credentials`, as `ORIGIN=NAME`, or for who gives out tokens as `ORIGIN,GIVER=NAME`";

/// What a registry says of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status of its answer.
    pub status: u16,
    /// The digest that it names.
    pub digest: Option<String>,
    /// The origin at which it has tokens given out, if it wants one.
    pub tokens: Option<String>,
}

/// The registries.
pub trait Registries {
    /// What each of these URLs of manifests has, in their order; a text where there is no answer.
    ///
    /// # Errors
    /// The run may not ask, or its budget is used up.
    fn told(&mut self, urls: &[String]) -> Result<Vec<Result<Told, String>>, Fault>;

    /// Gets the token that the last answer for a URL of a manifest wanted; a text where there is no answer.
    ///
    /// # Errors
    /// There is none for this run, or it may not ask, or its budget is used up.
    fn authenticate(&mut self, url: &str) -> Result<Result<(), String>, Fault>;
}

/// An image with a tag and a digest.
#[derive(Debug, PartialEq, Eq)]
struct Image<'a> {
    host: &'a str,
    name: String,
    tag: &'a str,
    digest: &'a str,
}

/// Holds what a plan promotes against the registries; without any, nothing is asked.
///
/// # Errors
/// Every image that is not what its registry has, or that cannot be held against it.
pub fn verify(world: &mut impl Registries, origins: &[String], plan: &Plan) -> Result<(), Vec<Problem>> {
    if origins.is_empty() {
        return Ok(());
    }
    let (mut problems, mut asked) = (Vec::new(), BTreeMap::new());
    for one in plan.moves.iter().filter(|one| is_image(one)) {
        match url(&one.after, origins) {
            Ok((url, digest)) => drop(asked.insert(url, (digest, one))),
            Err(why) => problems.push(problem(Code::Digest, one, &why)),
        }
    }
    let urls: Vec<_> = asked.keys().cloned().collect();
    let told = told(world, origins, &urls).map_err(|fault| vec![refused(&fault)])?;
    for ((url, (digest, one)), told) in asked.iter().zip(told) {
        problems.extend(
            wrong(url, digest, origins, &told).map(|(code, why, hint)| Problem {
                hint: hint.map(str::to_owned),
                ..problem(code, one, &why)
            }),
        );
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What the registries say; of those that want a token which one of the origins gives out, with that.
fn told(
    world: &mut impl Registries,
    origins: &[String],
    urls: &[String],
) -> Result<Vec<Result<Told, String>>, Fault> {
    let mut told = world.told(urls)?;
    for (url, one) in urls.iter().zip(&mut told) {
        match one {
            Ok(Told { status: 401, tokens: Some(origin), .. }) if origins.contains(origin) => {}
            _ => continue,
        }
        *one = match world.authenticate(url)? {
            Ok(()) => world.told(std::slice::from_ref(url))?.pop().unwrap_or_else(|| Err("no answer".into())),
            Err(why) => Err(why),
        };
    }
    Ok(told)
}

/// The origin at which a registry has tokens given out, as the header `www-authenticate` of an answer says it.
/// <https://distribution.github.io/distribution/spec/auth/token/>
#[must_use]
pub fn tokens(challenge: &str) -> Option<String> {
    let mut challenges = ChallengeParser::new(challenge).map_while(Result::ok);
    let bearer = challenges.find(|one| one.scheme.eq_ignore_ascii_case("Bearer"))?;
    let (_, realm) = bearer.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("realm"))?;
    let realm = realm.to_unescaped();
    let (scheme, rest) = realm.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

/// What is wrong with an answer, if anything is, and what can be done about it.
fn wrong(
    url: &str,
    digest: &str,
    origins: &[String],
    told: &Result<Told, String>,
) -> Option<(Code, String, Option<&'static str>)> {
    const SEE: Option<&str> = Some("see what runs there now, and promote that");
    Some(match told {
        Err(why) => (Code::Unavailable, format!("{url}: {why}"), None),
        Ok(Told { status: 200, digest: Some(found), .. }) if found == digest => return None,
        Ok(Told { status: 200, digest: Some(found), .. }) => {
            (Code::Digest, format!("the tag points at {found} by now, and not at {digest}"), SEE)
        }
        Ok(Told { status: 401, tokens: Some(origin), .. }) if !origins.contains(origin) => {
            let why = format!("{url}: the registry wants a token of {origin}");
            (Code::Credentials, why, Some("name that origin in `verify-digest` too"))
        }
        Ok(Told { status: 401 | 403, .. }) => {
            let why = format!("{url}: the registry does not let the run in");
            (Code::Credentials, why, Some(LET_IN))
        }
        Ok(Told { status: 404, .. }) => (Code::Digest, "the registry has no such tag".to_owned(), SEE),
        Ok(Told { status: 200, .. }) => (Code::Unavailable, format!("{url}: it names no digest"), None),
        Ok(Told { status, .. }) => (Code::Unavailable, format!("{url}: status {status}"), None),
    })
}

/// A request that was not made, or a token that was not given out.
fn refused(fault: &Fault) -> Problem {
    let problem = Problem::remote(fault);
    match fault {
        Fault::Unauthorized(_) => problem.hint(LET_IN),
        _ => problem,
    }
}

fn problem(code: Code, one: &Move, why: &str) -> Problem {
    let Move { file, path, after, line, .. } = one;
    Problem::new(code, format!("{file}: `{path}` would become {after}: {why}")).at(file, *line)
}

/// Whether a value is an image: it has a digest, or stands where one is expected.
fn is_image(one: &Move) -> bool {
    one.after.contains("@sha256:") || one.path.rsplit('.').next() == Some("image")
}

/// The URL of the manifest that a tag points at, and the digest that it should have.
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>
fn url<'a>(text: &'a str, origins: &[String]) -> Result<(String, &'a str), String> {
    let image = image(text)?;
    let named = |scheme: &str| {
        let origin = format!("{scheme}://{}", image.host);
        origins.contains(&origin).then_some(origin)
    };
    let origin = named("https").or_else(|| named("http"));
    let origin = origin.ok_or_else(|| format!("its registry `{}` is none of `verify-digest`", image.host))?;
    Ok((format!("{origin}/v2/{}/manifests/{}", image.name, image.tag), image.digest))
}

/// Reads an image with a tag and a digest.
fn image(text: &str) -> Result<Image<'_>, String> {
    let (name, digest) = text.split_once('@').ok_or("it has no digest to hold its tag against")?;
    let hex = digest.strip_prefix(SHA256).unwrap_or_default();
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("its digest is none of SHA-256".into());
    }
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => return Err("it has no tag".into()),
    };
    let plain = |text: &str, also: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
        !text.is_empty()
            && text.chars().all(fits)
            && !text.split('/').any(|part| part.is_empty() || part == "..")
    };
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
        Some(_) => (DOCKER.0, name.to_owned()),
        None => (DOCKER.0, format!("library/{name}")),
    };
    if !plain(&path, "._-/") || !plain(tag, "._-") || !plain(host, ".:-") {
        return Err("it is no reference of an image".into());
    }
    let host = if host == DOCKER.0 { DOCKER.1 } else { host };
    Ok(Image { host, name: path, tag, digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_names_where_its_tokens_are_given_out() {
        for (challenge, origin) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#,
                Some("https://auth.docker.io"),
            ),
            (r#"Basic realm="x", bearer realm="http://127.0.0.1:5000?x""#, Some("http://127.0.0.1:5000")),
            (r#"Basic realm="https://auth.docker.io""#, None),
            (r#"Bearer realm="/token""#, None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(tokens(challenge).as_deref(), origin, "{challenge}");
        }
    }

    proptest::proptest! {
        /// What servers say is anybody's text.
        #[test]
        fn any_challenge_is_read_or_not(challenge in "[Bb]earer[ ,]*realm=\"?.{0,40}|\\PC*") {
            if let Some(origin) = tokens(&challenge) {
                proptest::prop_assert!(origin.contains("://") && !origin.ends_with('/'));
            }
        }
    }

    #[test]
    fn an_image_has_one_place() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let origins = ["https://registry-1.docker.io".to_owned(), "http://127.0.0.1:5000".to_owned()];
        let url = |name: &str| url(&format!("{name}@{digest}"), &origins).map(|(url, _)| url);
        for (name, expected) in [
            ("nginx:1.27", "https://registry-1.docker.io/v2/library/nginx/manifests/1.27"),
            ("shop/web:1.3.0", "https://registry-1.docker.io/v2/shop/web/manifests/1.3.0"),
            ("docker.io/shop/web:1", "https://registry-1.docker.io/v2/shop/web/manifests/1"),
            ("127.0.0.1:5000/a/b/c:v1", "http://127.0.0.1:5000/v2/a/b/c/manifests/v1"),
        ] {
            assert_eq!(url(name).unwrap(), expected);
        }
        for name in [
            "ghcr.io/shop/web:1",
            "shop/web",
            "127.0.0.1:5000/web",
            "shop/../web:1",
            "shop/web:a?b",
            "shop//web:1",
        ] {
            assert!(url(name).is_err(), "{name}");
        }
        assert!(
            super::url("shop/web:1", &origins).is_err()
                && super::url("shop/web:1@sha256:ab", &origins).is_err()
        );
    }
}
