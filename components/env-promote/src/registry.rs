//! Asks registries for the manifests of tags over HTTP, with a token where a registry requires one. Never judges an answer.

use http_auth::parser::ChallengeParser;
use lockstep_sdk::http::{ErrorCode, Header, Method, Request, Response};
use lockstep_sdk::{HostResult, Http};

/// The timeout of a request, in milliseconds.
const TIMEOUT_MS: u32 = 30_000;
/// The number of requests that one call of the host takes.
const MAX_REQUESTS: usize = 100;
/// The media types of the manifests of a tag.
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md>
const MEDIA_TYPES: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// The answer of a registry for a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestInfo {
    /// The status code.
    pub status: u16,
    /// The digest of the manifest.
    pub digest: Option<String>,
    /// The origin of the server that gives out tokens, if the registry requires a token.
    pub token_server: Option<String>,
}

/// Asks for the manifests at these URLs, in their order; a text says why there is no answer. Where a registry requires a token
/// of one of `origins`, asks again with that token.
///
/// # Errors
/// The host does not make the requests, or gets no token.
pub fn head_manifests(
    host: &mut impl Http,
    origins: &[String],
    urls: &[String],
) -> HostResult<Vec<Result<ManifestInfo, String>>> {
    let mut answers = send(host, urls)?;
    for (url, answer) in urls.iter().zip(&mut answers) {
        match answer {
            Ok(ManifestInfo { status: 401, token_server: Some(origin), .. }) if origins.contains(origin) => {}
            _ => continue,
        }
        *answer = match host.authenticate(url, TIMEOUT_MS)? {
            Ok(()) => {
                let again = send(host, std::slice::from_ref(url))?.pop();
                again.unwrap_or_else(|| Err("no answer".to_owned()))
            }
            Err(error) => Err(reason(error)),
        };
    }
    Ok(answers)
}

fn send(host: &mut impl Http, urls: &[String]) -> HostResult<Vec<Result<ManifestInfo, String>>> {
    let request = |url: &String| Request {
        method: Method::Head,
        url: url.clone(),
        headers: vec![Header { name: "accept".to_owned(), value: MEDIA_TYPES.to_owned() }],
        timeout_ms: TIMEOUT_MS,
        max_body_bytes: 0,
    };
    let mut answers = Vec::new();
    for urls in urls.chunks(MAX_REQUESTS) {
        let requests: Vec<_> = urls.iter().map(request).collect();
        answers.extend(
            host.send(&requests)?.into_iter().map(|answer| answer.map(manifest_info).map_err(reason)),
        );
    }
    Ok(answers)
}

fn manifest_info(Response { status, headers, .. }: Response) -> ManifestInfo {
    let named = |name| headers.iter().filter(move |header| header.name == name);
    let digest = named("docker-content-digest").next().map(|header| header.value.clone());
    let token_server = named("www-authenticate").find_map(|header| token_server(&header.value));
    ManifestInfo { status, digest, token_server }
}

fn reason(error: ErrorCode) -> String {
    match error {
        ErrorCode::NotSent(error) => error.into_message(),
        ErrorCode::DnsError(reason)
        | ErrorCode::ConnectionRefused(reason)
        | ErrorCode::TlsError(reason)
        | ErrorCode::ResponseTimeout(reason)
        | ErrorCode::BodyTimeout(reason)
        | ErrorCode::ConnectionClosed(reason)
        | ErrorCode::ProtocolError(reason) => reason,
    }
}

/// The origin of the token server that a `www-authenticate` header names.
/// <https://distribution.github.io/distribution/spec/auth/token/>
#[must_use]
pub fn token_server(challenge: &str) -> Option<String> {
    let mut challenges = ChallengeParser::new(challenge).map_while(Result::ok);
    let bearer = challenges.find(|challenge| challenge.scheme.eq_ignore_ascii_case("Bearer"))?;
    let (_, realm) = bearer.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("realm"))?;
    let realm = realm.to_unescaped();
    let (scheme, rest) = realm.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_the_token_server() {
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
            assert_eq!(token_server(challenge).as_deref(), origin, "{challenge}");
        }
    }

    proptest::proptest! {
        /// A server can send any text.
        #[test]
        fn no_challenge_breaks_the_parser(challenge in "[Bb]earer[ ,]*realm=\"?.{0,40}|\\PC*") {
            if let Some(origin) = token_server(&challenge) {
                proptest::prop_assert!(origin.contains("://") && !origin.ends_with('/'));
            }
        }
    }
}
