//! Finds tokens by the prefixes of well-known services.

use std::collections::BTreeSet;

/// The prefixes, each with the smallest number of characters after it. Documentation of the services:
/// <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>,
/// <https://docs.gitlab.com/security/tokens/#token-prefixes>, <https://docs.slack.dev/authentication/tokens/>,
/// <https://docs.stripe.com/keys>, <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>,
/// <https://developer.hashicorp.com/vault/docs/concepts/tokens>; lists of secret scanners for the others:
/// <https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns>,
/// <https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml>
const PREFIXES: &[(&str, usize)] = &[
    // GitHub
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    // GitLab
    ("glpat-", 16),
    ("gloas-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("glrtr-", 16),
    ("glcbt-", 16),
    ("glptt-", 16),
    ("glft-", 16),
    ("glimt-", 16),
    ("glagent-", 16),
    ("glsoat-", 16),
    ("glffct-", 16),
    ("glwt-", 16),
    ("GR1348941", 16),
    // Slack
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xoxe-", 16),
    ("xoxc-", 16),
    ("xoxd-", 16),
    ("xoxe.", 16),
    ("xapp-", 16),
    ("xwfp-", 16),
    // Stripe, Square, Shopify
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 16),
    ("sq0atp-", 16),
    ("sq0csp-", 16),
    ("shpat_", 20),
    ("shpca_", 20),
    ("shppa_", 20),
    ("shpss_", 20),
    // Amazon, Google, DigitalOcean, Databricks
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("GOCSPX-", 16),
    ("dop_v1_", 32),
    ("doo_v1_", 32),
    ("dor_v1_", 32),
    ("dapi", 32),
    // HashiCorp
    ("hvs.", 16),
    ("hvb.", 16),
    ("hvr.", 16),
    // Registries of packages and images
    ("npm_", 30),
    ("pypi-", 30),
    ("dckr_pat_", 16),
    ("dckr_oat_", 16),
    ("rubygems_", 32),
    ("cio", 32),
    ("oy2", 40),
    ("AKCp", 20),
    ("nfp_", 20),
    // Observability
    ("glsa_", 20),
    ("glc_", 20),
    ("NRAK-", 16),
    ("sntrys_", 20),
    ("sntryu_", 20),
    ("dt0c01.", 20),
    ("phc_", 30),
    // Mail and messages
    ("SG.", 40),
    ("SK", 32),
    ("key-", 32),
    // Models
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-", 40),
    ("hf_", 30),
    ("r8_", 30),
    ("gsk_", 30),
    // Tools of teams and of CI
    ("lin_api_", 20),
    ("figd_", 20),
    ("ntn_", 20),
    ("ATATT3", 20),
    ("ATCTT3", 20),
    ("ATBB", 20),
    ("PMAK-", 20),
    ("bkua_", 20),
    ("CCIPAT_", 20),
    ("pul-", 30),
    ("tskey-", 16),
    ("AGE-SECRET-KEY-1", 30),
    ("dp.pt.", 30),
    ("pscale_tkn_", 20),
    ("sbp_", 20),
    ("vcp_", 20),
    ("snyk_uat.", 20),
    ("sqp_", 20),
    ("squ_", 20),
    ("ops_eyJ", 20),
    ("fm2_", 20),
];

/// URLs with a secret path.
const WEBHOOK_URLS: [&str; 7] = [
    "://hooks.slack.com/services/",
    "://hooks.slack.com/workflows/",
    "://hooks.slack.com/triggers/",
    "://discord.com/api/webhooks/",
    "://discordapp.com/api/webhooks/",
    ".webhook.office.com/webhookb2/",
    "://chat.googleapis.com/v1/spaces/",
];

/// Adds the tokens in a text.
pub(super) fn tokens(text: &str, found: &mut BTreeSet<String>) {
    let mut rest = 0;
    for word in text.split(|c: char| !is_of_token(c)) {
        // `word` is a part of `text`, after one separator.
        let at = rest + text[rest..].find(word).unwrap_or_default();
        rest = at + word.len();
        if let Some(token) = token(word) {
            found.insert(token.to_owned());
        }
    }
    for word in text.split(|c: char| c.is_whitespace() || "\"'`<>|,;".contains(c)) {
        if WEBHOOK_URLS
            .iter()
            .any(|address| word.find(address).is_some_and(|at| word.len() >= at + address.len() + 8))
        {
            found.insert(word.to_owned());
        }
    }
}

/// The token in a word: the word itself, or its end after a `=`, `:` or `/`.
fn token(word: &str) -> Option<&str> {
    let starts = std::iter::once(0).chain(word.match_indices(['=', ':', '/']).map(|(at, _)| at + 1));
    starts.map(|start| &word[start..]).find(|word| {
        let long = |(begin, min): &(&str, usize)| {
            let rest = word.strip_prefix(begin).unwrap_or_default();
            rest.len() >= *min && looks_random(rest, begin)
        };
        PREFIXES.iter().any(long) || is_jwt(word)
    })
}

/// Whether the text after a prefix looks random: it has digits. For prefixes of ordinary words it must meet more
/// conditions.
fn looks_random(rest: &str, begin: &str) -> bool {
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let upper =
        |count| rest.bytes().take(count).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match begin {
        "AKIA" | "ASIA" => rest.len() == 16 && upper(16),
        "SK" => rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "cio" | "oy2" | "dapi" | "key-" => {
            digits > 2 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        _ => digits > 0,
    }
}

/// Whether a word is a JSON Web Token: three parts, of which the first two are JSON. RFC 7519.
fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() >= 3 && word.len() >= 30 && parts[..2].iter().all(|part| part.starts_with("eyJ"))
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.=:/+~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_by_their_prefix() {
        for &(begin, many) in PREFIXES {
            let rest = match begin {
                "SK" => "0123456789abcdef0123456789abcdef".to_owned(),
                _ => "A1B2C3D4E5F6G7H8".chars().cycle().take(many).collect(),
            };
            let token = format!("{begin}{rest}");
            for text in
                [token.clone(), format!("x={token}"), format!("\"{token}\","), format!("Bearer {token}\n")]
            {
                let mut found = BTreeSet::new();
                tokens(&text, &mut found);
                assert_eq!(found.into_iter().collect::<Vec<_>>(), [token.as_str()], "{text}");
            }
        }
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
        let mut found = BTreeSet::new();
        tokens(&format!("token: {jwt}"), &mut found);
        tokens("https://hooks.slack.com/services/T000/B000/abcdef", &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
        for text in [
            "sk-learn-contrib-and-more-words-that-are-long-enough",
            "npm_config_registry_of_the_company_x",
            "hooks.slack.com",
            "cio",
            "SKU-1",
            "key-value-store",
            "v1.2.3",
        ] {
            let mut found = BTreeSet::new();
            tokens(text, &mut found);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}
