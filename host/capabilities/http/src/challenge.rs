//! Reads the URL of the token server from the challenge of a `401` response. It requests no token.
//! <https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>, <https://www.rfc-editor.org/rfc/rfc6750#section-3>,
//! <https://distribution.github.io/distribution/spec/auth/token/>

use super::types::Header;
use http_auth::parser::ChallengeParser;
use reqwest::Url;

/// The authentication scheme of tokens.
const SCHEME: &str = "Bearer";

/// The URL that returns a token, as the headers of a response name it; none if they name none.
pub(super) fn token_url(headers: &[Header]) -> Option<String> {
    let named = headers.iter().filter(|header| header.name == "www-authenticate");
    named.flat_map(|header| bearer(&header.value)).next()
}

/// The URL in the first challenge of this scheme.
fn bearer(value: &str) -> Option<String> {
    let challenges = ChallengeParser::new(value).map_while(Result::ok);
    let challenge = challenges.into_iter().find(|one| one.scheme.eq_ignore_ascii_case(SCHEME))?;
    let named = |name: &str| {
        let (_, value) = challenge.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value.to_unescaped())
    };
    let mut url = Url::parse(&named("realm")?).ok()?;
    for (name, value) in [("service", named("service")), ("scope", named("scope"))] {
        // The challenge separates scopes by blanks; the query has one parameter for each.
        for value in value.iter().flat_map(|value| value.split(' ')).filter(|value| !value.is_empty()) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[&str]) -> Option<String> {
        let header = |value: &&str| Header { name: "www-authenticate".into(), value: (*value).to_owned() };
        token_url(&values.iter().map(header).collect::<Vec<_>>())
    }

    #[test]
    fn a_challenge_names_the_url_of_the_token_server() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let url = "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fnginx%3Apull";
        assert_eq!(named(&[hub]).as_deref(), Some(url));
        // With other challenges, other capitals, blanks, several scopes, and a query in the realm.
        assert_eq!(named(&["Basic realm=\"x\"", hub]).as_deref(), Some(url));
        assert_eq!(
            named(&[
                r#"Basic realm="Bearer realm=y", bearer Realm="https://r.test/a?b=c" , SCOPE="one two""#
            ])
            .as_deref(),
            Some("https://r.test/a?b=c&scope=one&scope=two")
        );
        assert_eq!(named(&["Bearer realm=\"https://r.test/\\\"x\""]).as_deref(), Some("https://r.test/%22x"));
        for none in [
            "",
            "Bearer",
            "Basic realm=\"https://r.test/\"",
            "Bearer service=\"x\"",
            "Bearer realm=\"/token\"",
            "Bearer realm=\"",
            "\u{0}",
        ] {
            assert_eq!(named(&[none]), None, "{none}");
        }
    }
}
