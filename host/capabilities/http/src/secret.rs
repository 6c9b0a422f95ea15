//! The credentials of a run: selects the one for a request, and removes all of them from responses. It shows none.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use lockstep_model::call::CallError;
use lockstep_model::redact::{REDACTED, Redactor, forms};
use lockstep_model::web::WebAddress;
use std::collections::BTreeSet;
use std::fmt;

/// The credential for an origin.
#[derive(Clone)]
pub struct Credential {
    /// The origin that it opens: scheme, host and port, as [`WebAddress::origin`] spells them.
    pub origin: String,
    /// The origin of the token server. If it is set, the host sends the credential only there, to get a token for
    /// `origin`.
    pub token_server: Option<String>,
    /// The header that carries it, in lower case; most often `authorization`.
    pub header: String,
    /// The value of the header, such as `Bearer …`.
    pub value: String,
}

/// The header of most credentials.
pub const AUTHORIZATION: &str = "authorization";

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential for {}", self.origin)
    }
}

/// The credentials of a run, and the search for them in responses.
pub(super) struct ServerSecrets {
    credentials: Vec<Credential>,
    /// The tokens, by their URL.
    tokens: Vec<(String, String)>,
    /// None if a credential is too long for a search; then the host sends none.
    search: Option<SecretSearch>,
}

struct SecretSearch {
    /// Searches texts and bodies.
    texts: Redactor,
    /// Searches names of headers, which have no capital letters.
    names: Redactor,
    /// The most bytes of an encoded credential.
    longest: usize,
}

impl ServerSecrets {
    pub(super) fn new(credentials: Vec<Credential>) -> Self {
        Self::of(credentials, Vec::new())
    }

    fn of(credentials: Vec<Credential>, tokens: Vec<(String, String)>) -> Self {
        let values = credentials.iter().map(|credential| &credential.value);
        let values = values.chain(tokens.iter().map(|(_, value)| value));
        let search = SecretSearch::new(&values.flat_map(|value| secret_parts(value)).collect());
        Self { credentials, tokens, search }
    }

    /// A copy with a token for a URL, which replaces an earlier token for it.
    pub(super) fn with_token(&self, url: &str, token: &str) -> Self {
        let mut tokens = self.tokens.clone();
        // The search still finds the earlier token in responses.
        tokens.insert(0, (url.to_owned(), format!("Bearer {token}")));
        Self::of(self.credentials.clone(), tokens)
    }

    /// The number of tokens.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The headers with credentials for this URL.
    ///
    /// # Errors
    /// A credential would be readable on the way, is not a valid header value, or is too long for a search in the
    /// response.
    pub(super) fn headers(&self, address: &WebAddress) -> Result<HeaderMap, CallError> {
        let (origin, mut headers) = (address.origin(), HeaderMap::new());
        for credential in
            self.credentials.iter().filter(|one| one.origin == origin && one.token_server.is_none())
        {
            let name = HeaderName::from_bytes(credential.header.as_bytes()).map_err(|_| {
                let header = credential.header.escape_debug();
                CallError::Unauthorized(format!(
                    "the credential for {origin}: `{header}` is no name of a header"
                ))
            })?;
            // Of several credentials for a header, the first counts.
            if !headers.contains_key(&name) {
                headers.insert(name, self.header_value(&credential.value, address)?);
            }
        }
        if let Some((_, token)) = self.tokens.iter().find(|(url, _)| url == address.as_str()) {
            headers.insert(header::AUTHORIZATION, self.header_value(token, address)?);
        }
        Ok(headers)
    }

    /// The headers with credentials for the token server, in a request for a token for `url`.
    ///
    /// # Errors
    /// As for [`Self::headers`].
    pub(super) fn for_token(
        &self,
        url: &WebAddress,
        token_server: &WebAddress,
    ) -> Result<HeaderMap, CallError> {
        let (origin, server_origin) = (url.origin(), token_server.origin());
        let for_server = |one: &&Credential| {
            one.origin == origin && one.token_server.as_deref() == Some(server_origin.as_str())
        };
        match self.credentials.iter().find(for_server) {
            Some(credential) => {
                let value = self.header_value(&credential.value, token_server)?;
                Ok(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
            }
            None if origin == server_origin => self.headers(token_server),
            None => Ok(HeaderMap::new()),
        }
    }

    /// A credential as a header value for this URL.
    fn header_value(&self, credential: &str, address: &WebAddress) -> Result<HeaderValue, CallError> {
        let origin = address.origin();
        let refuse = |why: &str| Err(CallError::Unauthorized(format!("the credential for {origin} {why}")));
        if !address.is_secure() && !address.is_loopback() {
            return refuse("needs TLS, because others could read it on the way; use https");
        }
        if self.search.is_none() {
            return refuse("is too long to remove it from a response, so Lockstep does not send it");
        }
        let Ok(mut value) = HeaderValue::from_str(credential) else {
            return refuse("is not a valid header value: it has line ends or other control characters");
        };
        value.set_sensitive(true);
        Ok(value)
    }

    /// How many more bytes of a body the host reads than it keeps, so that it keeps no part of a credential that
    /// crosses the end.
    pub(super) fn overlap(&self) -> usize {
        self.search.as_ref().map_or(0, |search| search.longest.saturating_sub(1))
    }

    /// The text without credentials.
    pub(super) fn redact_text(&self, text: &str) -> String {
        match &self.search {
            Some(search) => search.texts.redact(text).into_owned(),
            None => REDACTED.to_owned(),
        }
    }

    /// The name of a response header without credentials.
    pub(super) fn redact_name(&self, name: &str) -> String {
        match &self.search {
            Some(search) => search.names.redact(name).into_owned(),
            None => REDACTED.to_owned(),
        }
    }

    /// The body without credentials. Bytes that are not UTF-8 stay as they are, because a credential is text.
    ///
    /// # Errors
    /// The body holds a credential in UTF-16, which the redactor cannot remove.
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

/// A body holds a credential that the redactor cannot remove.
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

/// The secret parts of a header: the value, the part after the scheme, and the pair and the password of Basic
/// authentication.
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
