//! Identity tokens of the issuer of a CI system: it signs them with RS256, and verifies them as strictly as a cloud. The
//! key is in the checkout and has no other use.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The claims of a token.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The issuer.
    pub issuer: String,
    /// The subject.
    pub subject: String,
    /// The audience.
    pub audience: String,
    /// The start of its validity, in seconds from now.
    pub begins: i64,
    /// The end of its validity, in seconds from now.
    pub ends: i64,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            subject: "repo:octo/shop:ref:refs/heads/main".to_owned(),
            audience: "sts.amazonaws.com".to_owned(),
            begins: 0,
            ends: 300,
        }
    }
}

/// The reason to reject a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The text is not a token, or the issuer did not sign it.
    Invalid(String),
    /// The token has expired.
    Expired(String),
    /// The token is valid for another subject or audience.
    Denied,
}

/// The signing key.
#[derive(Debug)]
pub struct Signer {
    key: RsaKeyPair,
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Signer {
    /// Reads the key of the checkout.
    ///
    /// # Panics
    /// The system cannot read the input.
    #[must_use]
    pub fn new() -> Self {
        let text: String = include_str!("sts.key").split_whitespace().collect();
        let bytes = STANDARD.decode(text).expect("Base64");
        Self { key: RsaKeyPair::from_pkcs8(&bytes).expect("a key") }
    }

    /// A token with these claims.
    #[must_use]
    pub fn token(&self, claims: &Claims) -> String {
        let header = json!({ "alg": "RS256", "kid": "lockstep", "typ": "JWT" });
        self.signed(&header, claims)
    }

    /// The same with another header.
    ///
    /// # Panics
    /// The signature fails.
    #[must_use]
    pub fn signed(&self, header: &Value, claims: &Claims) -> String {
        let now = now();
        let says = json!({
            "iss": claims.issuer, "sub": claims.subject, "aud": claims.audience,
            "iat": now + claims.begins, "nbf": now + claims.begins, "exp": now + claims.ends,
            "jti": format!("{now}-{}", claims.ends),
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(&says));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Verifies a token, and compares its claims except the times.
    ///
    /// # Errors
    /// The reason to reject it, in the order of a cloud's checks: form, issuer, signature, times, audience, subject.
    pub fn check(&self, token: &str, expected: &Claims) -> Result<(), Refusal> {
        let invalid = |why: &str| Refusal::Invalid(why.to_owned());
        let [header, says, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return Err(invalid("The ID Token provided is not a valid JWT."));
        };
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (Some(head), Some(claims)) = (read(header), read(says)) else {
            return Err(invalid("The ID Token provided is not a valid JWT."));
        };
        if head["alg"] != "RS256" || head["kid"] != "lockstep" {
            return Err(invalid("Couldn't retrieve verification key from your identity provider"));
        }
        if claims["iss"] != expected.issuer.as_str() {
            let issuer = claims["iss"].as_str().unwrap_or("");
            return Err(Refusal::Invalid(format!(
                "No OpenIDConnect provider found in your account for {issuer}"
            )));
        }
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public().as_ref());
        let text = format!("{header}.{says}");
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        if public.verify(text.as_bytes(), &signature).is_err() {
            return Err(invalid("Couldn't verify the signature of the ID Token"));
        }
        let (now, at) = (now(), |name: &str| claims[name].as_i64());
        let (Some(ends), Some(begins)) = (at("exp"), at("iat").max(at("nbf"))) else {
            return Err(invalid("Missing a required claim: exp or iat"));
        };
        if ends <= now {
            return Err(Refusal::Expired(format!(
                "Token expired: current date/time {now} must be before the expiration date/time {ends}"
            )));
        }
        if begins > now {
            return Err(invalid("The ID Token is not valid yet"));
        }
        if claims["aud"] != expected.audience.as_str() {
            return Err(invalid("Incorrect token audience"));
        }
        if claims["sub"] == expected.subject.as_str() { Ok(()) } else { Err(Refusal::Denied) }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(change: impl FnOnce(&mut Claims)) -> String {
        let signer = Signer::new();
        let mut claims = Claims::default();
        change(&mut claims);
        match signer.check(&signer.token(&claims), &Claims::default()) {
            Ok(()) => "good".to_owned(),
            Err(Refusal::Invalid(why) | Refusal::Expired(why)) => why,
            Err(Refusal::Denied) => "denied".to_owned(),
        }
    }

    #[test]
    fn each_kind_of_wrong_token_is_refused() {
        assert_eq!(why(|_| ()), "good");
        assert!(why(|claims| claims.issuer.push('x')).starts_with("No OpenIDConnect provider"));
        assert_eq!(why(|claims| claims.audience.push('x')), "Incorrect token audience");
        assert_eq!(why(|claims| claims.subject.push('x')), "denied");
        assert!(why(|claims| claims.ends = 0).starts_with("Token expired"));
        assert_eq!(why(|claims| claims.begins = 60), "The ID Token is not valid yet");
    }

    #[test]
    fn a_token_that_was_changed_or_signed_otherwise_is_refused() {
        let signer = Signer::new();
        let claims = Claims::default();
        let token = signer.token(&claims);
        let refused = |token: &str| matches!(signer.check(token, &claims), Err(Refusal::Invalid(_)));
        let parts: Vec<&str> = token.split('.').collect();
        let other = signer.token(&Claims { ends: 3600, ..claims.clone() });
        let others: Vec<&str> = other.split('.').collect();
        assert!(refused(&[parts[0], others[1], parts[2]].join(".")), "claims of another token");
        assert!(refused(&[parts[0], parts[1], ""].join(".")), "no signature");
        assert!(refused(&[parts[0], parts[1]].join(".")), "two parts");
        assert!(refused(&format!("{token}.")), "four parts");
        assert!(refused(""), "nothing");
        assert!(refused("a.b.c"), "no JSON");
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "HS256", "kid": "lockstep" }),
            json!({ "alg": "RS256" }),
        ] {
            assert!(refused(&signer.signed(&header, &claims)), "{header}");
        }
    }
}
