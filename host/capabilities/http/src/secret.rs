//! The credentials of a run: which request gets one, and that no answer gives one back. It never shows one.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;
use lockstep_model::call::CallError;
use lockstep_model::redact::{REDACTED, Redactor, forms};
use lockstep_model::web::WebAddress;
use std::collections::BTreeSet;
use std::fmt;

/// What the run shows to one origin.
#[derive(Clone)]
pub struct Credential {
    /// What it opens: scheme, host and port, as [`WebAddress::origin`] spells them.
    pub origin: String,
    /// The origin that gives out tokens for the first. It alone is shown the credential then, when a token for the first
    /// is got.
    pub token_server: Option<String>,
    /// The whole value of the header `authorization`, such as `Bearer …`.
    pub authorization: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential for {}", self.origin)
    }
}

/// The credentials of one run, and the search for them.
pub(super) struct ServerSecrets {
    credentials: Vec<Credential>,
    /// What was given out for single URLs.
    tokens: Vec<(String, String)>,
    /// None if they are too long to be searched for: then none is sent.
    search: Option<SecretSearch>,
}

struct SecretSearch {
    /// What is looked for in texts and bodies.
    texts: Redactor,
    /// What is looked for in names of headers, which have no capital letters.
    names: Redactor,
    /// The length of the longest form of a credential with all its escapes, in bytes.
    longest: usize,
}

impl ServerSecrets {
    pub(super) fn new(credentials: Vec<Credential>) -> Self {
        Self::of(credentials, Vec::new())
    }

    fn of(credentials: Vec<Credential>, tokens: Vec<(String, String)>) -> Self {
        let authorization = credentials.iter().map(|credential| &credential.authorization);
        let authorization = authorization.chain(tokens.iter().map(|(_, authorization)| authorization));
        let search =
            SecretSearch::new(&authorization.flat_map(|authorization| secret_parts(authorization)).collect());
        Self { credentials, tokens, search }
    }

    /// The same with a token for one URL, in the place of an earlier one for it.
    pub(super) fn with_token(&self, url: &str, token: &str) -> Self {
        let mut tokens = self.tokens.clone();
        // An earlier one is still looked for in answers.
        tokens.insert(0, (url.to_owned(), format!("Bearer {token}")));
        Self::of(self.credentials.clone(), tokens)
    }

    /// How many tokens there are.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// What is to be shown to the server of this address.
    ///
    /// # Errors
    /// There is something, but it would be readable on the way, is no value of a header, or could not be searched for
    /// in the answer.
    pub(super) fn authorization(&self, address: &WebAddress) -> Result<Option<HeaderValue>, CallError> {
        let token = self.tokens.iter().find(|(url, _)| url == address.as_str()).map(|(_, token)| token);
        let authorization = token.or_else(|| self.credential(&address.origin(), None));
        authorization.map(|authorization| self.header_value(authorization, address)).transpose()
    }

    /// What is to be shown to the server of the second address when it is asked for a token for the first.
    ///
    /// # Errors
    /// As for [`Self::authorization`].
    pub(super) fn for_token(
        &self,
        url: &WebAddress,
        token_server: &WebAddress,
    ) -> Result<Option<HeaderValue>, CallError> {
        let (origin, server_origin) = (url.origin(), token_server.origin());
        let same_origin = || self.credential(&origin, None).filter(|_| origin == server_origin);
        let authorization = self.credential(&origin, Some(&server_origin)).or_else(same_origin);
        authorization.map(|authorization| self.header_value(authorization, token_server)).transpose()
    }

    fn credential(&self, origin: &str, token_server: Option<&str>) -> Option<&String> {
        let matches = |one: &&Credential| one.origin == origin && one.token_server.as_deref() == token_server;
        self.credentials.iter().find(matches).map(|credential| &credential.authorization)
    }

    /// A credential as the header that is sent to this address.
    fn header_value(&self, authorization: &str, address: &WebAddress) -> Result<HeaderValue, CallError> {
        let origin = address.origin();
        let refuse = |why: &str| Err(CallError::Unauthorized(format!("the credential for {origin} {why}")));
        if !address.is_secure() && !address.is_loopback() {
            return refuse("is not sent without TLS, where others could read it; use https");
        }
        if self.search.is_none() {
            return refuse("is too long to be searched for in an answer, so it is not sent");
        }
        let Ok(mut value) = HeaderValue::from_str(authorization) else {
            return refuse("is no value of a header: it has line ends or other control characters");
        };
        value.set_sensitive(true);
        Ok(value)
    }

    /// How much more of a body than is to be kept must be looked at, so that no credential which goes on past the end
    /// is kept in part.
    pub(super) fn overlap(&self) -> usize {
        self.search.as_ref().map_or(0, |search| search.longest.saturating_sub(1))
    }

    /// A text without the credentials.
    pub(super) fn redact_text(&self, text: &str) -> String {
        match &self.search {
            Some(search) => search.texts.redact(text).into_owned(),
            None => REDACTED.to_owned(),
        }
    }

    /// The name of an answer's header without the credentials.
    pub(super) fn redact_name(&self, name: &str) -> String {
        match &self.search {
            Some(search) => search.names.redact(name).into_owned(),
            None => REDACTED.to_owned(),
        }
    }

    /// A body without the credentials. Stretches that are no UTF-8 stay as they are: a credential is text, and a text
    /// never spans one.
    ///
    /// # Errors
    /// The body holds a credential in a form from which it cannot be taken out: UTF-16.
    pub(super) fn redact_body(&self, body: Vec<u8>) -> Result<Vec<u8>, UnredactableBody> {
        let Some(SecretSearch { texts, .. }) = &self.search else {
            return Err(UnredactableBody);
        };
        if self.credentials.is_empty() && self.tokens.is_empty() {
            return Ok(body);
        }
        if body.contains(&0) {
            let without: Vec<u8> = body.iter().copied().filter(|byte| *byte != 0).collect();
            if without.utf8_chunks().any(|chunk| texts.finds(chunk.valid())) {
                return Err(UnredactableBody);
            }
        }
        let mut out = Vec::with_capacity(body.len());
        for chunk in body.utf8_chunks() {
            out.extend_from_slice(texts.redact(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        Ok(out)
    }
}

/// An answer holds a credential that cannot be taken out.
#[derive(Debug)]
pub(super) struct UnredactableBody;

impl SecretSearch {
    fn new(secrets: &BTreeSet<String>) -> Option<Self> {
        let all: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let forms = forms(&all);
        let lower: Vec<String> = forms.iter().map(|form| form.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let texts = Redactor::new(&all).ok()?;
        Some(Self { longest: texts.reach(), texts, names: Redactor::new(&lower).ok()? })
    }
}

/// What of a header is secret: the whole value, what follows the scheme, and what Basic authentication encodes, with
/// and without the user's name.
/// <https://www.rfc-editor.org/rfc/rfc7617#section-2>
fn secret_parts(authorization: &str) -> Vec<String> {
    let mut parts = vec![authorization.to_owned()];
    let Some((scheme, token)) = authorization.split_once(' ') else {
        return parts;
    };
    let token = token.trim();
    parts.push(token.to_owned());
    if scheme.eq_ignore_ascii_case("basic") {
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decoded = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(token).ok();
        if let Some(pair) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            parts.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
            parts.push(pair);
        }
    }
    parts
}
